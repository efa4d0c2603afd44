"""SQLite under the database: one thread, one connection, one process."""

import asyncio
import os
import queue
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.known import Memory
from smsc_emulator.base.sqlite_units import SqliteUnits, glance
from smsc_emulator.base.statements import compact_json
from smsc_emulator.base.units import Batch, Done, Observer, Unit, journal_table

T = TypeVar("T")


class SqliteThread:
    """Commits batches on a thread of its own, since SQLite's calls wait for the disk."""

    at_once = 1_000_000
    shared = False

    def __init__(self, url: str, journal: Journal, observers: list[Observer]) -> None:
        self.engine = make_engine(url)
        self.node = new_node()
        self._journal = journal
        self._observers = observers
        self._batches: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._ended = asyncio.Event()
        self._memory = Memory()
        self._thread: threading.Thread | None = None

    def start(self, done: Done, remembered: int) -> None:
        """Fill the journal and start the thread."""
        with self.engine.connect() as conn:
            rows = conn.execute(select(journal_table).order_by(journal_table.c.seq.desc()).limit(remembered)).all()
        self._journal.load([Event(row.at, row.type, row.subject, row.data, row.seq) for row in reversed(rows)])
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, args=(loop, done), name="confirmlab-database", daemon=True)
        self._thread.start()

    def commit(self, batch: Batch) -> None:
        """Hand the batch to the thread."""
        self._batches.put(batch)

    async def setup(self, act: Callable[[Connection], T]) -> T:
        """Run `act` on a connection of its own."""
        with self.engine.connect() as conn:
            return act(conn)

    async def close(self) -> None:
        """End the thread and close the connection."""
        if self._thread is not None:
            self._batches.put(None)
            # Not joined on a thread of the loop's own, which would hold up the end of the process with this one.
            await self._ended.wait()
        self.engine.dispose()

    def lead(self, _name: str, changed: Callable[[bool], None]) -> Callable[[], None]:
        """The only node leads in everything."""
        changed(True)
        return lambda: changed(False)

    def glance(self, unit: Unit[T]) -> T:
        """Run a unit on what is committed and in memory. Raises UnknownError if that is not all it asks for."""
        return glance(unit, self._memory, self.node)

    def _ended_batch(self, done: Done, batch: Batch) -> None:
        self._memory.take(batch.known)
        done(batch)

    # The rest runs on the thread.

    def _work(self, loop: asyncio.AbstractEventLoop, done: Done) -> None:
        with self.engine.connect() as conn:
            units = SqliteUnits(conn, self._memory, self._observers, self.node)
            while (batch := self._batches.get()) is not None:
                units.commit(batch)
                try:
                    loop.call_soon_threadsafe(self._ended_batch, done, batch)
                except RuntimeError:  # the loop is gone: nobody waits for the answer any more
                    return
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._ended.set)


def make_engine(url: str) -> Engine:
    """Return an engine on which nothing begins or commits by itself; units of work do, in SQL.

    SQLite is set to write ahead (readers never wait) and to leave flushing to the operating system: a commit outlives
    the death of the process, which is what a lab promises, though not a power cut.
    """
    in_memory = url in ("sqlite://", "sqlite:///:memory:")
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    # As many statements as a lab has stay compiled by SQLite too.
    options["connect_args"] = {"check_same_thread": False, "cached_statements": 1000}
    # An error's text goes to the log, where the values of a statement (numbers, texts with codes) have no place.
    options["hide_parameters"] = True
    engine = create_engine(url, isolation_level="AUTOCOMMIT", json_serializer=compact_json, **options)
    if engine.url.database and not in_memory and "uri" not in engine.url.query:
        _make_for_the_owner(engine.url.database)
    event.listen(engine, "connect", _prepare)
    return engine


def _make_for_the_owner(file: str) -> None:
    """Make the database's file, readable by its owner alone, since it holds texts and codes; one that is there stays.

    SQLite gives the files beside it (-wal, -shm) the same mode.
    """
    with suppress(OSError):  # SQLite says it better when it cannot open it
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def new_node() -> int:
    """Return a number for this run of this process; two of one database are the same once in two thousand million."""
    return secrets.randbelow(2**31 - 1) + 1


ROOM = ("wal_autocheckpoint=8000", "cache_size=-16384")
"""Pages that the log may have before it is worked in, so that a page is worked in once for many commits; and kibibytes
of pages kept in memory, so that a database that grows is not read again and again."""


def _prepare(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON", *ROOM):
        connection.execute(f"PRAGMA {pragma}")
