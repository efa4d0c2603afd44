"""Units of work as a process with SQLite runs them, each in a commit of its own, without a thread or a loop."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, func, select

from smsc_emulator.base.database import Tx
from smsc_emulator.base.journal import Event
from smsc_emulator.base.known import Memory
from smsc_emulator.base.sqlite_units import SqliteUnits
from smsc_emulator.base.units import Batch, Job, journal_table

T = TypeVar("T")
NOBODY = cast(asyncio.Future[Any], None)
"""Who waits for what a unit returns."""


class Process:
    """One run of a process on `conn`: it remembers what its units have read and written; the next one does not."""

    def __init__(self, conn: Connection) -> None:
        self._next = (conn.execute(select(func.max(journal_table.c.seq))).scalar() or 0) + 1
        self._memory = Memory()
        self._units = SqliteUnits(conn, self._memory, [], 1)

    def run(self, act: Callable[[Tx], T]) -> tuple[T, list[Event]]:
        """Return what a unit returns, and its events. What it raises is raised, and it is undone."""
        job = Job(act, NOBODY)
        batch = Batch([job], self._next)
        self._units.commit(batch)
        self._memory.take(batch.known)
        self._next += len(batch.events)
        if job.error is not None:
            raise job.error
        return job.result, batch.events
