"""What is under way in the lab, so that a turn of the clock can wait for the effects of each deadline it passes.

A deadline that fires often starts something that crosses a socket: a query, its verdict, a webhook. Before the clock
moves on to the next deadline, everything that began up to now is given a short real time to end. So twenty minutes
turned in one step give the same order of events as twenty minutes waited for.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from smsc_emulator.base.clock import Clock

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Work:
    """A piece of work. It is under way from its making until a `with`, or its task, or `end` ends it: one of them."""

    began: int
    """The lab instant of its beginning."""
    is_input: bool
    """Whether it reads something that a deadline waits for."""
    _ended: Callable[["Work"], None]
    overdue: bool = False
    """Whether it was waited for in vain, so that nothing waits for it again."""

    def end(self) -> None:
        """Count it as under way no more."""
        self._ended(self)

    def spawn(self, doing: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
        """Return a task that does it, and ends it when it is done, has failed or is cancelled.

        The task first runs at a later turn of the loop, and the work is under way before: nothing comes between.
        """
        task = asyncio.get_running_loop().create_task(doing, name=name)
        task.add_done_callback(lambda _: self.end())
        return task

    def __enter__(self) -> "Work":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class Activity:
    """The pieces of work that have begun and not ended, each with the lab instant of its beginning."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._works: set[Work] = set()
        self._changed = asyncio.Event()

    def track(self, *, is_input: bool = False) -> Work:
        """Return a piece of work that begins now: the caller sees to its end.

        `is_input` marks the reading of something that a deadline waits for, such as an operator's verdict.
        """
        work = Work(self._clock.now(), is_input, self._end)
        self._works.add(work)
        return work

    def _end(self, work: Work) -> None:
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
