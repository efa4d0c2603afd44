import asyncio
import contextlib

import pytest

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.ticker import Ticker


class Plan:
    """Deadlines that note when they fired, and may start something that ends a few turns of the loop later."""

    def __init__(self, log: list[tuple[str, int]], name: str, dues: list[int], *, gives_up: bool = False) -> None:
        self.log, self.name, self.dues, self.gives_up = log, name, sorted(dues), gives_up
        self.fired = asyncio.Event()

    async def next_due(self) -> int | None:
        return self.dues[0] if self.dues else None

    async def fire(self, now: int) -> None:
        while self.dues and self.dues[0] <= now:
            self.log.append((self.name, now))
            self.dues.pop(0)
        self.fired.set()


class Real:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def log() -> list[tuple[str, int]]:
    return []


async def test_a_turn_of_the_clock_fires_each_deadline_at_its_own_instant_in_order(log: list[tuple[str, int]]) -> None:
    clock = LabClock(0, running=False)
    ticker = Ticker(clock, Activity(clock), [Plan(log, "a", [100, 300]), Plan(log, "b", [200, 900])])
    assert await ticker.advance(500) == 500
    assert log == [("a", 100), ("b", 200), ("a", 300)]
    assert clock.now() == 500


async def test_at_one_instant_inputs_come_before_the_end_of_waiting(log: list[tuple[str, int]]) -> None:
    clock = LabClock(0, running=False)
    timeouts = Plan(log, "timeout", [100], gives_up=True)
    ticker = Ticker(clock, Activity(clock), [timeouts, Plan(log, "answer", [100])])
    await ticker.advance(100)
    assert log == [("answer", 100), ("timeout", 100)]


async def test_the_effects_of_a_deadline_settle_before_the_next_one(log: list[tuple[str, int]]) -> None:
    clock = LabClock(0, running=False)
    activity = Activity(clock)
    tasks = []

    class Answer(Plan):
        async def fire(self, now: int) -> None:
            await super().fire(now)
            tasks.append(asyncio.create_task(self.cross_a_socket()))

        async def cross_a_socket(self) -> None:
            with activity.track():
                for _ in range(20):
                    await asyncio.sleep(0)
                log.append(("arrived", clock.now()))

    ticker = Ticker(clock, activity, [Answer(log, "sent", [100]), Plan(log, "timeout", [101], gives_up=True)])
    await asyncio.gather(ticker.advance(1000))
    assert log == [("sent", 100), ("arrived", 100), ("timeout", 101)]


async def test_while_the_clock_runs_the_deadlines_own_millisecond_is_waited_out(log: list[tuple[str, int]]) -> None:
    real = Real()
    clock = LabClock(0, monotonic=real)
    timeouts = Plan(log, "timeout", [100], gives_up=True)
    ticker = Ticker(clock, Activity(clock), [timeouts])
    real.seconds = 0.1
    assert await ticker._fire_due() == 101
    assert log == []
    real.seconds = 0.101
    assert await ticker._fire_due() is None
    assert log == [("timeout", 100)]


async def test_an_input_under_way_holds_back_the_end_of_its_waiting(log: list[tuple[str, int]]) -> None:
    real = Real()
    clock = LabClock(0, monotonic=real)
    activity = Activity(clock)
    ticker = Ticker(clock, activity, [Plan(log, "timeout", [100], gives_up=True)])
    real.seconds = 0.1
    with activity.track(is_input=True):
        real.seconds = 0.2
        firing = asyncio.create_task(ticker._fire_due())
        for _ in range(5):
            await asyncio.sleep(0)
        assert log == []
    await firing
    assert log == [("timeout", 199)]


async def test_what_is_due_happens_at_once_although_the_clock_stands_still(log: list[tuple[str, int]]) -> None:
    clock = LabClock(1000, running=False)
    plan = Plan(log, "a", [900])
    ticker = Ticker(clock, Activity(clock), [plan])
    running = asyncio.create_task(ticker.run())
    await plan.fired.wait()
    plan.fired.clear()
    plan.dues.append(1000)
    ticker.wake()
    await plan.fired.wait()
    running.cancel()
    assert log == [("a", 1000), ("a", 1000)]


async def test_a_hanging_peer_is_waited_for_once_and_for_a_bounded_time() -> None:
    clock = LabClock(0, running=False)
    activity = Activity(clock)
    with activity.track():
        assert await activity.settled(0, patience=0.01) is False
        assert await activity.settled(0) is True
    assert await activity.settled(0) is True


async def test_many_hanging_peers_do_not_hold_a_turn_for_long(
    log: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smsc_emulator.base.ticker.PATIENCE", 0.03)
    monkeypatch.setattr("smsc_emulator.base.ticker.LEAST_PATIENCE", 0.001)
    clock = LabClock(0, running=False)
    activity = Activity(clock)
    hanging = contextlib.ExitStack()

    class ToADeadPeer(Plan):
        async def fire(self, now: int) -> None:
            await super().fire(now)
            hanging.enter_context(activity.track())

    ticker = Ticker(clock, activity, [ToADeadPeer(log, "sent", list(range(100, 200)))])
    async with asyncio.timeout(1):
        await ticker.advance(1000)
    assert len(log) == 100
    hanging.close()


async def test_a_turn_leaves_a_running_clock_running() -> None:
    clock = LabClock(0)
    ticker = Ticker(clock, Activity(clock), [])
    await ticker.advance(60_000)
    assert clock.running
    assert clock.now() >= 60_000


async def test_a_source_that_fails_once_is_asked_again(
    log: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smsc_emulator.base.ticker.AGAIN", 0.0)

    class Locked(Plan):
        locked = True

        async def next_due(self) -> int | None:
            if self.locked:
                self.locked = False
                raise OSError("the database is locked")
            return await super().next_due()

    clock = LabClock(1000, running=False)
    plan = Locked(log, "a", [900])
    running = asyncio.create_task(Ticker(clock, Activity(clock), [plan]).run())
    async with asyncio.timeout(5):
        await plan.fired.wait()
    running.cancel()
    assert log == [("a", 1000)]


async def test_slow_effects_are_waited_for_as_long_as_some_of_them_end() -> None:
    clock = LabClock(0, running=False)
    activity = Activity(clock)
    began = [activity.track() for _ in range(10)]

    async def end_one_after_the_other() -> None:
        for work in began:
            await asyncio.sleep(0.01)
            work.end()

    ending = asyncio.create_task(end_one_after_the_other())
    assert await activity.settled(0, patience=0.05)
    await ending


async def test_deadlines_that_another_node_wrote_are_found_without_being_woken(clock: LabClock) -> None:
    class Written:
        gives_up = False
        due: int | None = None
        looks = 0

        async def next_due(self) -> int | None:
            self.looks += 1
            if self.looks == 2:
                self.due = clock.now()
            return self.due

        async def fire(self, now: int) -> None:
            self.due = None
            fired.set()

    fired = asyncio.Event()
    ticking = asyncio.create_task(Ticker(clock, Activity(clock), [Written()], look_again=0.01).run())
    async with asyncio.timeout(5):
        await fired.wait()
    ticking.cancel()
