"""The lab's database: one thread, one connection, many units of work in each commit.

A unit of work is a plain function that reads and writes through its `Tx` and returns a value. Units run one after the
other on the database's own thread, so each sees the state whole and none needs a lock. While one commit is under way
the next units gather, and all of them share the next commit: a commit costs far more than a row.

Each unit has a savepoint of its own: one that raises undoes its own writes and nobody else's. Its events are stored in
the same commit and published when that is done. Observers see each event inside the transaction, so that what must
follow from it (a webhook to send) is committed with it or not at all.
"""

import asyncio
import json
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from sqlalchemy import JSON, BigInteger, Column, Engine, MetaData, String, Table, create_engine, event, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from smsc_emulator.base.journal import Event, Journal

T = TypeVar("T")

metadata = MetaData()
"""Every package's store declares its tables here; the gateway's migrations create them."""

journal_table = Table(
    "journal",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False, comment="lab time, ms"),
    Column("type", String(64), nullable=False),
    Column("subject", String(64), nullable=False, index=True),
    Column("data", JSON, nullable=False),
)


class Tx:
    """What a unit of work is given: the connection inside the running transaction, and a place for its events."""

    __slots__ = ("_observers", "conn", "events")

    def __init__(self, conn: Connection, observers: "list[Observer]") -> None:
        self.conn = conn
        self.events: list[Event] = []
        self._observers = observers

    def record(self, at: int, type: str, subject: str, **data: Any) -> None:  # noqa: A002 - the event's own word
        """Add an event to this transaction; the observers see it now, the readers after the commit."""
        recorded = Event(at, type, subject, data)
        self.events.append(recorded)
        for observer in self._observers:
            observer(self, recorded)


Observer = Callable[[Tx, Event], None]
Unit = Callable[[Tx], T]


@dataclass(slots=True)
class _Job:
    unit: Unit[Any]
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class _Batch:
    jobs: list[_Job]
    first_seq: int
    events: list[Event]


class DatabaseClosedError(RuntimeError):
    """A unit of work was handed to a database that is closed."""


class Database:
    """Runs units of work in shared commits. `url` is SQLAlchemy's; `sqlite://` alone is kept in memory."""

    def __init__(self, url: str, journal: Journal) -> None:
        self.journal = journal
        self.observers: list[Observer] = []
        self.engine = make_engine(url)
        # SQLite waits for a lock (busy_timeout) only where a transaction begins, not where it first writes.
        self._begin = "BEGIN IMMEDIATE" if self.engine.dialect.name == "sqlite" else "BEGIN"
        self._waiting: list[_Job] = []
        self._in_flight = False
        self._closed = False
        self._batches: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._ended = asyncio.Event()

    def start(self, *, remembered: int = 10_000) -> None:
        """Start the thread, on the running loop, and give the journal its last `remembered` stored events.

        The tables must exist: by the migrations, or by `metadata.create_all(database.engine)` in a test.
        """
        self._loop = asyncio.get_running_loop()
        with self.engine.connect() as conn:
            rows = conn.execute(select(journal_table).order_by(journal_table.c.seq.desc()).limit(remembered)).all()
        self.journal.load([Event(row.at, row.type, row.subject, row.data, row.seq) for row in reversed(rows)])
        self._thread = threading.Thread(target=self._work, name="confirmlab-database", daemon=True)
        self._thread.start()

    async def run(self, unit: Unit[T]) -> T:
        """Run `unit` and return its value after its commit; what it raises is raised here and its writes are undone."""
        if self._closed or self._loop is None:
            raise DatabaseClosedError("the database is not open")
        job = _Job(unit, self._loop.create_future())
        self._waiting.append(job)
        self._idle.clear()
        if not self._in_flight:
            # One turn of the loop later, so that all units of this turn share the commit.
            self._in_flight = True
            self._loop.call_soon(self._dispatch)
        return cast(T, await job.done)

    async def close(self) -> None:
        """Finish the units that wait, then close the connection. Calling it twice is harmless."""
        if self._thread is None or self._closed:
            return
        self._closed = True
        await self._idle.wait()
        self._batches.put(None)
        # Not joined on a thread of the loop's own, which would hold up the end of the process with this one.
        await self._ended.wait()
        self.engine.dispose()

    def _dispatch(self) -> None:
        jobs, self._waiting = self._waiting, []
        self.journal.hold()
        self._batches.put(_Batch(jobs, self.journal.next_seq, []))

    def _done(self, batch: _Batch) -> None:
        self.journal.release(batch.events)
        for job in batch.jobs:
            if job.done.cancelled():
                continue
            if job.error is None:
                job.done.set_result(job.result)
            else:
                job.done.set_exception(job.error)
        if self._waiting:
            self._dispatch()
        else:
            self._in_flight = False
            self._idle.set()

    # The rest runs on the database's thread.

    def _work(self) -> None:
        loop = self._loop
        assert loop is not None
        with self.engine.connect() as conn:
            while (batch := self._batches.get()) is not None:
                try:
                    self._commit(conn, batch)
                except Exception as error:
                    with suppress(DBAPIError):  # a full disk, for one, has ended the transaction already
                        conn.exec_driver_sql("ROLLBACK")
                    batch.events = []
                    for job in batch.jobs:
                        job.error = job.error or error
                try:
                    loop.call_soon_threadsafe(self._done, batch)
                except RuntimeError:  # the loop is gone: nobody waits for the answer any more
                    return
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._ended.set)

    def _commit(self, conn: Connection, batch: _Batch) -> None:
        conn.exec_driver_sql(self._begin)
        for job in batch.jobs:
            tx = Tx(conn, self.observers)
            conn.exec_driver_sql("SAVEPOINT unit")
            try:
                job.result = job.unit(tx)
            except Exception as error:
                job.error = error
                conn.exec_driver_sql("ROLLBACK TO SAVEPOINT unit")
            else:
                batch.events.extend(tx.events)
            conn.exec_driver_sql("RELEASE SAVEPOINT unit")
        if batch.events:
            batch.events = [replace(e, seq=seq) for seq, e in enumerate(batch.events, batch.first_seq)]
            conn.execute(insert(journal_table), [_row(e) for e in batch.events])
        conn.exec_driver_sql("COMMIT")


def _row(recorded: Event) -> dict[str, Any]:
    return {
        "seq": recorded.seq,
        "at": recorded.at,
        "type": recorded.type,
        "subject": recorded.subject,
        "data": dict(recorded.data),
    }


def make_engine(url: str) -> Engine:
    """Return an engine on which nothing begins or commits by itself; units of work do, in SQL.

    SQLite is set to write ahead (readers never wait) and to leave flushing to the operating system: a commit outlives
    the death of the process, which is what a lab promises, though not a power cut.
    """
    in_memory = url in ("sqlite://", "sqlite:///:memory:")
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    if url.startswith("sqlite"):
        options["connect_args"] = {"check_same_thread": False}
    # An error's text goes to the log, where the values of a statement (numbers, texts with codes) have no place.
    options["hide_parameters"] = True
    engine = create_engine(url, isolation_level="AUTOCOMMIT", json_serializer=_compact, **options)
    if url.startswith("sqlite"):
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
