"""The ticker fires deadlines: when the lab clock reaches them, or one after the other when it is turned past them.

A deadline is a row with `due_at`, written in the transaction that made the state it guards; the ticker keeps nothing.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

import structlog

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock

PATIENCE = 6.0
"""Real seconds that one turn of the clock spends on waiting for peers; a third of it for each that is slow."""

LEAST_PATIENCE = 0.05
"""Real seconds that each deadline's effects are given after that: enough for whoever answers at once."""


AGAIN = 1.0
"""Real seconds until deadlines that could not be fired are tried again."""


class Deadlines(Protocol):
    """One store's deadlines."""

    gives_up: bool
    """True if firing ends a wait for something from outside; False if it starts or sends something."""

    async def next_due(self) -> int | None:
        """Return the instant of the earliest deadline, or None."""

    async def fire(self, now: int) -> None:
        """Do what is due at or before `now`, oldest first, so that `next_due` is later or None afterwards."""


class Ticker:
    """Sleeps until the earliest deadline of all `sources`. Of two at one instant the earlier source goes first.

    An answer at the very instant of its deadline is in time. So a source that gives up fires after the others, after
    all inputs stamped with that instant, and, while the clock runs, when the deadline's own millisecond is over.

    `look_again` is the real seconds after which the sources are asked anew although nobody has called `wake`: for
    deadlines that other nodes write.
    """

    def __init__(
        self,
        clock: LabClock,
        activity: Activity,
        sources: Iterable[Deadlines] = (),
        *,
        look_again: float | None = None,
    ) -> None:
        self._clock = clock
        self._activity = activity
        self._look_again = look_again
        self._sources: list[Deadlines] = []
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self.add(*sources)

    def add(self, *sources: Deadlines) -> None:
        """Look after the deadlines of more sources."""
        self._sources = sorted([*self._sources, *sources], key=lambda source: source.gives_up)
        self.wake()

    async def next_due(self) -> int | None:
        """Return the instant of the earliest deadline of all, or None."""
        dues = await asyncio.gather(*(source.next_due() for source in self._sources))
        return min((due for due in dues if due is not None), default=None)

    def wake(self) -> None:
        """Look again: a deadline may have been added, moved or taken away."""
        self._woken.set()

    async def run(self) -> None:
        """Fire deadlines until cancelled. A failure, such as a database that is locked for a while, ends nothing."""
        while True:
            self._woken.clear()
            try:
                async with self._turn:
                    due = await self._fire_due()
                seconds = None if due is None else self._clock.real_seconds_until(due)
            except Exception:
                structlog.get_logger(__name__).exception("deadlines failed", again_in=AGAIN)
                seconds = AGAIN
            limits = [limit for limit in (seconds, self._look_again) if limit is not None]
            with suppress(TimeoutError):
                async with asyncio.timeout(min(limits, default=None)):
                    await self._woken.wait()

    async def advance(self, by: int) -> int:
        """Turn the clock forward by `by` milliseconds, stopping at each deadline on the way; return the new instant.

        The clock stands still in between, and the effects of each deadline settle before the next one.
        """
        async with self._turn:
            running = self._clock.running
            self._clock.pause()
            target = self._clock.now() + by
            try:
                await self._step_to(target)
            finally:
                if running:
                    self._clock.resume()
        self.wake()
        return target

    async def _fire_due(self) -> int | None:
        """Fire what is due by now; return the instant of the next deadline."""
        while True:
            due, source = await self._earliest()
            if source is None or due > self._clock.now():
                return due if source is not None else None
            if source.gives_up:
                await self._activity.settled(due, inputs_only=True)
            await source.fire(self._clock.now() - self._grace(source))

    async def _step_to(self, target: int) -> None:
        patience = PATIENCE
        while True:
            slow = min(max(patience, LEAST_PATIENCE), PATIENCE / 3)
            if not await self._activity.settled(self._clock.now(), patience=slow):
                patience -= slow
            due, source = await self._earliest()
            if source is None or due > target:
                break
            self._clock.move_to(due)
            await source.fire(self._clock.now())
        self._clock.move_to(target)

    async def _earliest(self) -> tuple[int, Deadlines | None]:
        dues = await asyncio.gather(*(source.next_due() for source in self._sources))
        earliest, first = 0, None
        for source, due in zip(self._sources, dues, strict=True):
            if due is None:
                continue
            fires_at = due + self._grace(source)
            if first is None or fires_at < earliest:
                earliest, first = fires_at, source
        return earliest, first

    def _grace(self, source: Deadlines) -> int:
        return 1 if source.gives_up and self._clock.running else 0
