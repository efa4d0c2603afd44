"""Work that a deadline starts and does not wait for: a query, a verdict, a code on its way over a socket."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

import structlog

from smsc_emulator.base.activity import Activity


class Flights:
    """What is under way, one piece for each key, at most `at_once` of them using the network.

    Each piece counts as activity from its launch, before its task has run at all, until its task has ended: a turn of
    the clock therefore never overtakes what a deadline has just started.
    """

    def __init__(self, activity: Activity, *, at_once: int = 32) -> None:
        self._activity = activity
        self._slots = asyncio.Semaphore(at_once)
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    def launch(self, key: Hashable, work: Callable[[], Awaitable[None]]) -> bool:
        """Start `work`; return False, and start nothing, if the last piece of this key has not ended yet."""
        if key in self._tasks:
            return False
        self._tasks[key] = self._activity.track().spawn(self._fly(key, work))
        return True

    async def close(self) -> None:
        """Cancel what is under way and wait until it has ended."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _fly(self, key: Hashable, work: Callable[[], Awaitable[None]]) -> None:
        try:
            async with self._slots:
                await work()
        except Exception:
            # The row that started this stays due by its plan, so the next try mends what this one could not.
            structlog.get_logger(__name__).exception("flight failed", key=str(key))
        finally:
            self._tasks.pop(key, None)
