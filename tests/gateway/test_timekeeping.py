import asyncio

import pytest

from gateway import timekeeping
from gateway.timekeeping import Timekeeper, restore
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock, utc_millis
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Journal

MINUTE = 60_000


async def restored(database: Database, *, paused: bool, real_now: int) -> LabClock:
    return await database.setup(lambda conn: restore(conn, paused=paused, real_now=real_now))


def keeper(clock: LabClock, database: Database) -> Timekeeper:
    return Timekeeper(clock, Activity(clock), database)


async def test_a_new_lab_starts_at_real_time(database: Database) -> None:
    real = utc_millis()
    assert (await restored(database, paused=True, real_now=real)).now() == real


async def test_a_clock_that_was_turned_is_still_turned_after_a_restart(database: Database) -> None:
    real = utc_millis()
    await keeper(LabClock(real), database).advance(20 * MINUTE)
    again = await restored(database, paused=False, real_now=real + 5 * MINUTE)
    assert again.running
    # The clock counts whole milliseconds from its own beginning, so it may seem to be one behind.
    assert 25 * MINUTE - 1 <= again.now() - real < 26 * MINUTE


async def test_a_clock_that_stood_still_stands_where_it_stood(database: Database) -> None:
    time = keeper(LabClock(utc_millis()), database)
    await time.pause()
    again = await restored(database, paused=False, real_now=utc_millis() + 60 * MINUTE)
    assert not again.running
    assert again.now() == time.clock.now()


async def test_a_restart_never_goes_behind_the_last_event_although_real_time_was_set_back(database: Database) -> None:
    time = keeper(LabClock(utc_millis()), database)
    await time.advance(MINUTE)
    assert (await restored(database, paused=True, real_now=0)).now() >= time.clock.now() - 1000


async def test_a_resumed_clock_runs_after_a_restart(database: Database) -> None:
    time = keeper(LabClock(utc_millis(), running=False), database)
    await time.resume()
    assert (await restored(database, paused=False, real_now=utc_millis())).running


async def test_a_clock_that_is_turned_or_stopped_at_one_node_is_so_at_all(postgres_url: str) -> None:
    first, second = Database(postgres_url, Journal()), Database(postgres_url, Journal())
    start = utc_millis()
    clocks = [LabClock(start, running=False), LabClock(start, running=False)]
    turning, following = (keeper(clock, database) for clock, database in zip(clocks, (first, second), strict=True))
    for database in (first, second):
        database.start()
        await database.run(lambda _tx: None)

    async def hears(kind: str) -> None:
        assert await second.journal.wait(0, 10, wanted=lambda event: event.type == kind)
        await asyncio.gather(*following._following)

    await turning.advance(20 * MINUTE)
    await hears("clock.advanced")
    assert following.clock.now() == start + 20 * MINUTE
    await turning.resume()
    await hears("clock.resumed")
    assert following.clock.running
    await turning.pause()
    await hears("clock.paused")
    assert not following.clock.running
    assert 0 <= following.clock.now() - start - 20 * MINUTE < MINUTE
    for database in (first, second):
        await database.close()


async def test_nodes_whose_machines_have_other_times_have_the_servers(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgres_url, Journal())
    before = utc_millis()
    monkeypatch.setattr(timekeeping, "utc_millis", lambda: before - 60 * MINUTE)
    told = await database.setup(timekeeping.real_time)
    assert before - 1000 <= told < before + MINUTE
    await database.close()
