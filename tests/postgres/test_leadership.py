"""One holder at a time, and another as soon as it is gone."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.leadership import Leadership

Start = Callable[[], Awaitable[Database]]
Program = Callable[[str], Any]
Line = Callable[[Any], Awaitable[str]]


async def test_one_of_two_nodes_leads_and_the_other_when_the_first_resigns(node: Start) -> None:
    turns: list[tuple[str, bool]] = []
    first = Leadership(await node(), "bind gateway", lambda held: turns.append(("first", held)))
    await first.gained()
    second = Leadership(await node(), "bind gateway", lambda held: turns.append(("second", held)))
    elsewhere = Leadership(await node(), "another bind")
    await elsewhere.gained()
    assert (first.held, second.held) == (True, False)
    first.resign()
    async with asyncio.timeout(10):
        await second.gained()
    assert turns == [("first", True), ("first", False), ("second", True)]


async def test_a_node_that_stops_leaves_the_lead(node: Start, postgres_url: str) -> None:
    leaving = Database(postgres_url, Journal())
    leaving.start()
    await Leadership(leaving, "trunk").gained()
    heir = Leadership(await node(), "trunk")
    await leaving.close()
    async with asyncio.timeout(10):
        await heir.gained()


async def test_a_killed_leader_is_followed_within_two_seconds(node: Start, program: Program, line: Line) -> None:
    leader = program("lead bind")
    assert [await line(leader), await line(leader)] == ["ready", "held"]
    heir = Leadership(await node(), "bind")
    assert not heir.held
    killed = time.monotonic()
    leader.kill()
    async with asyncio.timeout(10):
        await heir.gained()
    assert time.monotonic() - killed < 2


async def test_a_frozen_leader_is_followed_and_hears_of_its_loss(node: Start, program: Program, line: Line) -> None:
    leader = program("lead bind")
    assert [await line(leader), await line(leader)] == ["ready", "held"]
    heir = Leadership(await node(), "bind")
    leader.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(30):
        await heir.gained()
    leader.send_signal(signal.SIGCONT)
    async with asyncio.timeout(30):
        assert await line(leader) == "lost"
    assert heir.held


async def test_on_sqlite_the_only_node_leads(journal: Journal) -> None:
    database = Database("sqlite://", journal)
    alone = Leadership(database, "bind")
    assert alone.held
    alone.resign()
    assert not alone.held
    database.engine.dispose()
