"""What is under way in the lab, so that a turn of the clock can wait for the effects of each deadline it passes.

A deadline that fires often starts something that crosses a socket: a query, its verdict, a webhook. Before the clock
moves on to the next deadline, everything that began up to now is given a short real time to end. So twenty minutes
turned in one step give the same order of events as twenty minutes waited for.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from smsc_emulator.base.clock import Clock


class Activity:
    """The pieces of work that have begun and not ended, each with the lab instant of its beginning."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began: dict[object, tuple[int, bool]] = {}
        self._changed = asyncio.Event()

    @contextmanager
    def track(self, *, is_input: bool = False) -> Iterator[int]:
        """Count the body of the `with` as work under way, and give it the lab instant of its beginning.

        `is_input` marks the reading of something that a deadline waits for, such as an operator's verdict.
        """
        token = object()
        began = self._clock.now()
        self._began[token] = began, is_input
        try:
            yield began
        finally:
            del self._began[token]
            self._changed.set()

    async def settled(self, at: int, *, inputs_only: bool = False, patience: float = 2.0) -> bool:
        """Wait until nothing that began at or before `at` is under way; False if `patience` real seconds pass first."""
        await asyncio.sleep(0)  # a task that was just created begins now
        try:
            async with asyncio.timeout(patience):
                while any(began <= at and is_input >= inputs_only for began, is_input in self._began.values()):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True
