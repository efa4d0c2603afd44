"""The lab's database: many units of work in each commit, on SQLite or PostgreSQL.

A unit of work is a plain function that reads and writes through its `Tx` and returns a value. Units run one after the
other, so each sees the state whole and none needs a lock. While one commit is under way the next units gather, and all
of them share the next commit: a commit costs far more than a row.

A unit that raises undoes its own writes and nobody else's. On SQLite what units know is remembered and what they write
is gathered until the batch ends (`known.py`, `records.py`, `writes.py`). A unit's events are stored in the same commit
and published when that is done. Observers see each event inside the transaction, so that what must follow from it (a
webhook to send) is committed with it or not at all.

SQLite serves one process, on a thread of its own (`sqlite.py`). PostgreSQL serves one or several (`postgres.py`).
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar, cast

from sqlalchemy import Engine, make_url
from sqlalchemy.engine import Connection

from smsc_emulator.base.journal import Journal, Reader
from smsc_emulator.base.known import UnknownError
from smsc_emulator.base.postgres_errors import driver_missing
from smsc_emulator.base.sqlite import SqliteThread, make_engine
from smsc_emulator.base.units import Backend, Batch, Job, Observer, Signals, Tx, Unit, journal_table, metadata

__all__ = ["Database", "DatabaseClosedError", "Observer", "Tx", "Unit", "journal_table", "make_engine", "metadata"]

T = TypeVar("T")


class DatabaseClosedError(RuntimeError):
    """A unit of work was handed to a database that is closed."""


class Database:
    """Runs units of work in shared commits. `url` is SQLAlchemy's; `sqlite://` alone is kept in memory.

    Raises DatabaseUnusableError for a PostgreSQL without its driver.
    """

    def __init__(self, url: str, journal: Journal) -> None:
        self.journal = journal
        self.observers: list[Observer] = []
        self.followers: list[Reader] = []
        """Hear of each event that another node of the database has committed, after the journal's readers."""
        self.on_departure: list[Callable[[], None]] = []
        """Called when another node is gone, stopped or killed: what it held may be taken over."""
        self.on_loss: list[Callable[[], None]] = []
        """Called when this node was cut off from the database: others may take over what it holds."""
        signals = Signals(self._look, partial(_call, self.on_departure), partial(_call, self.on_loss))
        self._backend = _backend(url, journal, self.observers, signals)
        self._waiting: list[Job] = []
        self._behind = False
        self._in_flight = False
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine of a SQLite database, for tests; PostgreSQL is reached through `setup`."""
        assert isinstance(self._backend, SqliteThread)
        return self._backend.engine

    @property
    def node(self) -> int:
        """The number of this process among those that share the database."""
        return self._backend.node

    @property
    def shared(self) -> bool:
        """Whether there may be other nodes: what is remembered of the tables in memory may be out of date."""
        return self._backend.shared

    async def setup(self, act: Callable[[Connection], T]) -> T:
        """Run `act` on a connection of its own before `start`; each of its statements commits by itself.

        Raises DatabaseUnusableError if the database cannot be had.
        """
        return await self._backend.setup(act)

    def start(self, *, remembered: int = 10_000) -> None:
        """Begin, on the running loop, and give the journal its last `remembered` stored events.

        The tables must exist: by the migrations, or by `setup(metadata.create_all)` in a test.
        """
        self._loop = asyncio.get_running_loop()
        self._backend.start(self._done, remembered)

    async def run(self, unit: Unit[T]) -> T:
        """Run `unit` and return its value after its commit; what it raises is raised here and its writes are undone."""
        if self._closed or self._loop is None:
            raise DatabaseClosedError("the database is not open")
        job = Job(unit, self._loop.create_future())
        self._waiting.append(job)
        self._begin()
        return cast(T, await job.done)

    async def read(self, unit: Unit[T]) -> T:
        """Return the value of a unit that changes nothing, at once where all that it looks at is in memory."""
        if self._closed:
            raise DatabaseClosedError("the database is not open")
        try:
            return self._backend.glance(unit)
        except UnknownError:
            return await self.run(unit)

    def lead(self, name: str, changed: Callable[[bool], None]) -> Callable[[], None]:
        """Strive to be the only node that leads in `name`; `changed` is told at each gain and loss.

        The returned function resigns. With SQLite the lead is had at once, since there is no other node.
        """
        return self._backend.lead(name, changed)

    async def close(self) -> None:
        """Finish the units that wait, then close the connection. Calling it twice is harmless."""
        if self._closed:
            return
        self._closed = True
        await self._idle.wait()
        await self._backend.close()

    def _look(self) -> None:
        """Fetch what other nodes have committed."""
        if not self._closed:
            self._behind = True
            self._begin()

    def _begin(self) -> None:
        self._idle.clear()
        if not self._in_flight and self._loop is not None:
            # One turn of the loop later, so that all units of this turn share the commit.
            self._in_flight = True
            self._loop.call_soon(self._dispatch)

    def _dispatch(self) -> None:
        most = self._backend.at_once
        jobs, self._waiting = self._waiting[:most], self._waiting[most:]
        look, self._behind = self._behind, False
        self.journal.hold()
        self._backend.commit(Batch(jobs, self.journal.next_seq, look=look))

    def _done(self, batch: Batch) -> None:
        self.journal.release([*batch.foreign, *batch.events])
        for event in batch.foreign:
            for follower in self.followers:
                follower(event)
        for job in batch.jobs:
            if job.done.cancelled():
                continue
            if job.error is None:
                job.done.set_result(job.result)
            else:
                job.done.set_exception(job.error)
        if self._waiting or self._behind:
            self._dispatch()
        else:
            self._in_flight = False
            self._idle.set()


def _call(listeners: list[Callable[[], None]]) -> None:
    for listener in listeners:
        listener()


def _backend(url: str, journal: Journal, observers: list[Observer], signals: Signals) -> Backend:
    if url.startswith("sqlite"):
        return SqliteThread(url, journal, observers)
    # Its driver is installed only where it is used.
    try:
        from smsc_emulator.base.postgres import Postgres
    except ImportError:
        raise driver_missing(make_url(url)) from None
    return Postgres(url, journal, observers, signals)
