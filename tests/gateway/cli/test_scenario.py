"""`confirmlab scenario`."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

from typer.testing import Result

Confirmlab = Callable[..., Result]
HEAD = "name: A small one\nrows: [S01]\nclock: 2026-03-02T09:00:00Z\n"
GOOD = HEAD + "steps:\n  - then: {pages: {/lab/clock: {running: false}}}\n"
BAD = HEAD + "steps:\n  - when: {cancel: nobody}\n"


def test_scenarios_are_played_and_the_first_failure_ends_with_1(confirmlab: Confirmlab, tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text(GOOD)
    (tmp_path / "2.yaml").write_text(BAD)
    result = confirmlab("scenario", "run", ".", "--junit", "out.xml", "--seed", "x")
    assert result.exit_code == 1
    assert "ok    1: A small one" in result.stdout
    assert "2.yaml:5:5: step 1: cancel" in result.stdout
    assert result.stdout.endswith("1 of 2 runs went as expected\n")
    assert Xml.fromstring((tmp_path / "out.xml").read_text()).get("failures") == "1"


def test_a_scenario_that_goes_well_ends_with_0(confirmlab: Confirmlab, tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text(GOOD)
    assert confirmlab("scenario", "run", "1.yaml").exit_code == 0


def test_mistakes_end_with_2_and_nothing_is_played(confirmlab: Confirmlab, tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text(GOOD)
    (tmp_path / "2.yaml").write_text(HEAD + "stepps: []\n")
    result = confirmlab("scenario", "run", ".")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "2.yaml:4:1: stepps: unknown key; nearest known key: steps" in result.stderr
    assert result.stderr.endswith("mistakes in the scenarios; nothing was played\n")


def test_a_folder_without_a_scenario_is_told(confirmlab: Confirmlab, tmp_path: Path) -> None:
    result = confirmlab("scenario", "run", ".")
    assert result.exit_code == 2
    assert "there is no scenario in ." in result.stderr


def test_the_shipped_scenarios_are_right(confirmlab: Confirmlab) -> None:
    result = confirmlab("scenario", "check")
    assert result.exit_code == 0
    assert "scenarios, " in result.stdout
