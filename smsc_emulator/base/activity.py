"""What is under way in the lab, so that a turn of the clock can wait for the effects of each deadline it passes.

A deadline that fires often starts something that crosses a socket: a query, its verdict, a webhook. Before the clock
moves on to the next deadline, everything that began up to now is given a short real time to end. So twenty minutes
turned in one step give the same order of events as twenty minutes waited for.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from smsc_emulator.base.clock import Clock


@dataclass(slots=True, eq=False)
class _Work:
    began: int
    is_input: bool
    overdue: bool = False
    """Whether it was waited for in vain, so that nothing waits for it again."""


class Activity:
    """The pieces of work that have begun and not ended, each with the lab instant of its beginning."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._works: set[_Work] = set()
        self._changed = asyncio.Event()

    @contextmanager
    def track(self, *, is_input: bool = False) -> Iterator[int]:
        """Count the body of the `with` as work under way, and give it the lab instant of its beginning.

        `is_input` marks the reading of something that a deadline waits for, such as an operator's verdict.
        """
        work = _Work(self._clock.now(), is_input)
        self._works.add(work)
        try:
            yield work.began
        finally:
            self._works.remove(work)
            self._changed.set()

    async def settled(self, at: int, *, inputs_only: bool = False, patience: float = 2.0) -> bool:
        """Wait until all that began at or before `at`, and is under way now, has ended.

        False if none of it ends for `patience` real seconds. What was waited for in vain is not waited for again: a
        receiver that hangs holds up a turn of the clock once, not at each deadline that is passed.
        """
        await asyncio.sleep(0)  # a task that was just created begins now
        awaited = {
            work for work in self._works if work.began <= at and work.is_input >= inputs_only and not work.overdue
        }
        while awaited:
            self._changed.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._changed.wait()
            except TimeoutError:
                for work in awaited:
                    work.overdue = True
                return False
            awaited &= self._works
        return True
