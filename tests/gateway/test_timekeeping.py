from gateway.timekeeping import Timekeeper, restore
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock, utc_millis
from smsc_emulator.base.database import Database

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
