"""`confirmlab faults` and `confirmlab conduct`, with a real lab and without one."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import Result

from gateway.cli.faults import rule

Run = Callable[..., Result]


def test_a_rule_is_written_by_its_keys() -> None:
    keys = ["status=0x428", "accepted=true", "when.destination=7000", "when.every=3", "when.probability=0.5"]
    assert rule("status", keys) == {
        "fault": "status",
        "status": "0x428",
        "accepted": True,
        "when": {"destination": "7000", "every": 3, "probability": 0.5},
    }


@pytest.mark.parametrize("keys", [["when.every"], ["when=3", "when.every=2"]])
def test_keys_that_are_none_are_wrong_usage(keys: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        rule("status", keys)


def test_faults_are_set_and_cleared_in_a_running_lab(on: Run) -> None:
    added = on("faults", "add", "status", "status=ESME_RTHROTTLED", "when.destination=+79990000", "when.times=1")
    told = "status status=ESME_RTHROTTLED accepted=False when.destination=+79990000 when.times=1"
    assert added.stdout == f"flt_1  fired 0 of 0  {told}\n"
    refused = on("send", "--to", "+79990000001", "--text", "hi", code=None)
    assert "ESME_RTHROTTLED" in refused.stderr
    heading, line = on("faults", "list").stdout.splitlines()
    assert heading.split() == ["id", "fired", "fault", "keys"]
    assert line.split() == ["flt_1", "1", "of", "1", *told.split()]
    (listed,) = json.loads(on("faults", "list", "--json").stdout)["faults"]
    assert listed["rule"]["when"]["times"] == 1
    on("faults", "remove", "flt_1")
    on("faults", "clear")
    assert on("faults", "list").stdout == "no fault is in force\n"


def test_conduct_ends_with_1_if_there_was_an_error(on: Run, tmp_path: Path) -> None:
    clean = on("conduct", "gateway")
    assert clean.stdout.startswith("gateway: 0 errors")
    on("send", "--to", "Shop", "--text", "hi", code=None)
    file = tmp_path / "conduct.xml"
    report = on("conduct", "smppclient1", "--format", "junit", "--output", file, code=None)
    assert report.exit_code == 1
    assert int(ElementTree.parse(file).getroot().get("failures", "0")) >= 1
    told = json.loads(on("conduct", "smppclient1", "--format", "json", code=None).stdout)
    assert "destination_name" in {mistake["kind"] for mistake in told["mistakes"]}


def test_conduct_of_nobody_is_told_in_a_sentence(on: Run) -> None:
    result = on("conduct", "nobody", code=None)
    assert result.exit_code == 1
    assert "There is no account 'nobody'." in result.stderr
