"""The scenarios that ship with the program are played, and what they sent and logged is read."""

from io import StringIO

import pytest
from privacy import Finding, leaks

from gateway.resources import config_path
from gateway.scenarios.playing import play
from gateway.scenarios.reading import Play, files, read
from gateway.scenarios.stage import Stage
from gateway.scenarios.telling import lines

FILES = files(config_path("scenarios"))
PLAYS = [one for file in FILES for one in read(file)]
RUNS_ON_POSTGRES = {"13-killed": slice(2), "28-costs": slice(1, 2), "30-regimes": slice(2, 3)}
"""Which runs of a scenario are played on PostgreSQL; of the others it is the first, since runs differ by data alone."""
ON_POSTGRES = [one for file in FILES for one in read(file)[RUNS_ON_POSTGRES.get(file.stem, slice(1))]]
ELSEWHERE = {
    "S70": "out of scope: no device data",
    "S74": "out of scope: queries by authorities",
    "S84": "out of scope: where a request comes from is no input",
    "S89": "metadata",
    "S97": "context",
    "S102": "context",
}
"""Rows that no scenario plays, and why."""


@pytest.mark.parametrize("one", PLAYS, ids=lambda one: one.title)
async def test_a_scenario_goes_as_it_says_and_tells_nothing_that_it_must_not(one: Play, logged: StringIO) -> None:
    found: list[Finding] = []

    async def look(stage: Stage) -> None:
        found.extend(await leaks(stage, logged.getvalue()))

    result = await play(one, at_end=look)
    assert result.failure is None, "\n".join(lines(result))
    assert not found


@pytest.mark.parametrize("one", ON_POSTGRES, ids=lambda one: one.title)
async def test_it_goes_so_on_postgresql_too(one: Play, logged: StringIO, own_postgres: str) -> None:
    found: list[Finding] = []

    async def look(stage: Stage) -> None:
        found.extend(await leaks(stage, logged.getvalue()))

    result = await play(one, database=own_postgres, at_end=look)
    assert result.failure is None, "\n".join(lines(result))
    assert not found


def test_every_scenario_is_played_on_both_engines() -> None:
    assert {one.title.split()[0] for one in ON_POSTGRES} == {file.stem for file in FILES}


def test_files_are_numbered_without_a_gap_or_a_repetition() -> None:
    assert [int(file.name[:2]) for file in FILES] == list(range(1, 31))


def test_every_row_is_played_or_said_to_be_elsewhere() -> None:
    played = {row for one in PLAYS for row in one.script.rows}
    assert {f"S{n:02d}" for n in range(1, 103)} - played == set(ELSEWHERE)
