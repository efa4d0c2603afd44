import asyncio

import pytest

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.flights import Flights


async def test_a_flight_is_activity_from_its_launch_to_its_end(clock: LabClock):
    activity = Activity(clock)
    flights = Flights(activity)
    landed = []

    async def work() -> None:
        await asyncio.sleep(0)
        landed.append(True)

    flights.launch("a", work)
    assert not landed
    assert await activity.settled(clock.now())
    assert landed


async def test_one_key_has_one_flight_and_is_free_after_it(clock: LabClock):
    activity = Activity(clock)
    flights = Flights(activity)
    gate = asyncio.Event()

    async def work() -> None:
        await gate.wait()

    assert flights.launch("a", work) is True
    assert flights.launch("a", work) is False
    assert flights.launch("b", work) is True
    gate.set()
    await activity.settled(clock.now())
    assert flights.launch("a", work) is True
    await activity.settled(clock.now())


async def test_no_more_flights_than_slots_are_out_at_once(clock: LabClock):
    activity = Activity(clock)
    flights = Flights(activity, at_once=2)
    out, most = 0, 0

    async def work() -> None:
        nonlocal out, most
        out += 1
        most = max(most, out)
        await asyncio.sleep(0)
        out -= 1

    for key in range(10):
        flights.launch(key, work)
    assert await activity.settled(clock.now())
    assert (out, most) == (0, 2)


async def test_a_failed_flight_is_logged_and_its_key_is_free(clock: LabClock, capsys: pytest.CaptureFixture[str]):
    activity = Activity(clock)
    flights = Flights(activity)

    async def work() -> None:
        raise RuntimeError("lost")

    flights.launch("a", work)
    assert await activity.settled(clock.now())
    assert "flight failed" in capsys.readouterr().out
    assert flights.launch("a", work) is True
    await flights.close()


async def test_closing_cancels_what_is_under_way_even_before_it_began(clock: LabClock):
    activity = Activity(clock)
    flights = Flights(activity)
    flights.launch("a", asyncio.Event().wait)
    await flights.close()
    assert await activity.settled(clock.now(), patience=1.0)
