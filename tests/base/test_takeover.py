"""What a node takes over is done at its start and after the end of another, and again until it succeeds."""

from typing import Any, cast

import pytest

from smsc_emulator.base.database import Database
from smsc_emulator.base.takeover import TakeOver


class Departures:
    """What a TakeOver needs of a database."""

    def __init__(self) -> None:
        self.on_departure: list[Any] = []


class Work:
    def __init__(self) -> None:
        self.done = 0
        self.failures = 0
        self.wakes = 0

    async def act(self) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("the database is gone")
        self.done += 1

    def wake(self) -> None:
        self.wakes += 1


def take_over(work: Work) -> tuple[TakeOver, Departures]:
    database = Departures()
    return TakeOver(cast(Database, database), work.act, work.wake), database


async def test_it_is_done_at_the_start_and_once_for_the_ends_since_the_last_look() -> None:
    work = Work()
    one, database = take_over(work)
    await one.done()
    assert (work.done, database.on_departure) == (0, [])
    await one.begin()
    await one.done()
    assert work.done == 1
    for _ in range(2):
        database.on_departure[0]()
    assert work.wakes == 2
    await one.done()
    await one.done()
    assert work.done == 2


async def test_what_failed_is_done_at_the_next_look() -> None:
    work = Work()
    one, database = take_over(work)
    await one.begin()
    database.on_departure[0]()
    work.failures = 2
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            await one.done()
    await one.done()
    assert work.done == 2
