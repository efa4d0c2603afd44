"""What is under way in the lab, so that a turn of the clock can wait for the effects of each deadline it passes.

A deadline that fires often starts something that crosses a socket: a query, its verdict, a webhook. Before the clock
moves on to the next deadline, everything that began up to now is given a short real time to end. So twenty minutes
turned in one step give the same order of events as twenty minutes waited for.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        """Wait until nothing that began at or before `at` is under way; False if `patience` real seconds pass first.

        What was waited for in vain is not waited for again: a receiver that hangs holds up a turn of the clock once,
        not at each deadline that is passed.
        """

        def awaited() -> list[_Work]:
            mine = (work for work in self._works if work.began <= at and work.is_input >= inputs_only)
            return [work for work in mine if not work.overdue]

        await asyncio.sleep(0)  # a task that was just created begins now
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while awaited():
                    self._changed.clear()
                    await self._changed.wait()
        left = awaited()
        for work in left:
            work.overdue = True
        return not left
