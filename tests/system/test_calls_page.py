"""docs/calls.md: its commands run as they stand, its tables are the product's, its settings are read."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pages import commands, promised, run

from confirm.methods import flash_call
from gateway.adapters import fates
from gateway.cli.options import read_settings
from smsc_emulator.base.msisdn import DialPlan
from smsc_emulator.handsets.voice import REACTIONS
from smsc_emulator.voice.spelling import spell

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "calls.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def table(first: str) -> list[list[str]]:
    """Return the rows of the table whose first column is called so."""
    after = PAGE.split(f"| {first} |", 1)[1].split("\n\n")[0]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in after.splitlines()[2:]]


def test_its_commands_do_what_it_says(serve: Callable[..., Any], tmp_path: Path) -> None:
    script = commands(PAGE)
    assert run(script, serve(), tmp_path).splitlines() == promised(script)


@pytest.mark.parametrize("settings", blocks("yaml"))
def test_its_settings_are_good_ones(settings: str, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(settings)
    assert read_settings(tmp_path / "lab.yaml", {}, {})


def test_its_table_of_behaviours_is_the_products() -> None:
    def cell(value: object) -> str:
        return "" if value is None else str(value)

    assert table("behaviour") == [
        [name.value, cell(r.first), cell(r.final), cell(r.cause), r.meaning] for name, r in REACTIONS.items()
    ]


def test_its_table_of_spellings_is_the_products() -> None:
    spelt = {name: spell("+70001001234", name, DialPlan()) for name, _ in table("transit")}
    assert {name: told for name, told in table("transit") if name != "withheld"} == {
        name: number for name, number in spelt.items() if number is not None
    }
    assert spelt["withheld"] is None


def test_its_table_of_answers_is_the_products() -> None:
    for cause, status, outcome in table("Q.850 cause"):
        fate = fates.final(fates.Course(), int(status), None if cause == "none" else int(cause), answered=False)
        assert flash_call.outcome(fate, rang=False, diverted=False) == outcome, (cause, status)
