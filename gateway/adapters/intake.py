"""The way in: what comes over a socket and changes the state, one unit of work for each."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.database import Database, Tx

T = TypeVar("T")


class Intake:
    """Runs units of work in the order in which what they are about has come.

    Each counts as an input from its arrival to its commit, with the lab instant of its arrival: a deadline of that
    instant waits for it. `wake` is called after each, since it may have brought new deadlines.
    """

    def __init__(self, database: Database, activity: Activity, wake: Callable[[], None]) -> None:
        self._database = database
        self._activity = activity
        self._wake = wake
        self._tasks: set[asyncio.Task[Any]] = set()

    def take(self, unit: Callable[[Tx, int], T]) -> asyncio.Task[T]:
        """Begin to run `unit`; the task has its value after the commit, or its exception."""
        work = self._activity.track(is_input=True)
        task = work.spawn(self._run(unit, work.began))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Wait until all that has come is kept."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, unit: Callable[[Tx, int], T], now: int) -> T:
        value = await self._database.run(lambda tx: unit(tx, now))
        self._wake()
        return value
