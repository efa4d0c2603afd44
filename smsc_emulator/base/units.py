"""Units of work, the batches that share a commit, and the tables that the base itself has.

A unit of work is a plain function that reads and writes through its `Tx` and returns a value. It may be run more than
once before it is committed, when another node of the database was in its way: so it changes nothing but the database,
and what it remembers in memory must bear being done again.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from sqlalchemy import JSON, BigInteger, Column, MetaData, String, Table, insert
from sqlalchemy.engine import Connection

from smsc_emulator.base.journal import Event
from smsc_emulator.base.known import Key, Known
from smsc_emulator.base.statements import HAS_RECORDS, VERSION, Statement
from smsc_emulator.base.writes import Writes
from smsc_emulator.frozen import frozen

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

    __slots__ = ("_observers", "conn", "driver", "events", "known", "node", "writes")

    def __init__(
        self,
        conn: Connection,
        observers: "list[Observer]",
        node: int = 0,
        driver: sqlite3.Connection | None = None,
        known: Known | None = None,
        writes: Writes | None = None,
    ) -> None:
        self.conn = conn
        self.driver = driver
        """The connection below `conn`, of SQLite; see `statements`."""
        self.events: list[Event] = []
        self.known = known or Known()
        """What need not be read, by kind and id; who writes keeps it."""
        self.writes = writes
        """What is written later; None: everything is written at once."""
        self.node = node
        """The number of this process among those that share the database; another at each start."""
        self._observers = observers

    def record(self, at: int, type: str, subject: str, **data: Any) -> None:  # noqa: A002 - the event's own word
        """Add an event to this transaction; the observers see it now, the readers after the commit."""
        recorded = Event(at, type, subject, data)
        self.events.append(recorded)
        for observer in self._observers:
            observer(self, recorded)

    def reads(self, tables: Iterable[str]) -> None:
        """Write what waits for any of `tables`: the database is about to be asked about them."""
        if self.writes is not None:
            self.writes.before_reading(self, tables)

    def changes(self, table: Table) -> None:
        """Make ready for a statement that changes `table`: what was known of its rows may not be right after it."""
        if self.writes is not None:
            self.writes.before_reading(self, (table.name,))
            self.writes.before_writing(self)
        self.known[VERSION, table.name] = object()
        if HAS_RECORDS in table.info:
            self.known.forget_kind(table.name)


Observer = Callable[[Tx, Event], None]
Unit = Callable[[Tx], T]


@dataclass(slots=True)
class Job:
    """A unit, and what has become of it."""

    unit: Unit[Any]
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class Batch:
    """Units that share a commit. One without units only brings what other nodes have committed."""

    jobs: list[Job]
    first_seq: int
    """No event of this batch has a smaller number."""
    events: list[Event] = field(default_factory=list)
    """What the units recorded, with their numbers once the batch is committed."""
    look: bool = False
    """Whether other nodes are known to have committed something."""
    foreign: list[Event] = field(default_factory=list)
    """What other nodes have committed since the last batch and before this one."""
    before: int = 0
    """The last number that was given to an event, by any node, before this batch."""
    known: dict[Key, Any] = field(default_factory=dict)
    """What the units have read and written, to be remembered once the batch is committed."""

    def fail(self, error: BaseException) -> None:
        """Nothing of the batch was committed: each unit fails, with its own error if it has one."""
        self.events, self.known = [], {}
        for job in self.jobs:
            job.error = job.error or error


Done = Callable[[Batch], None]
"""Called on the loop when a batch is committed or has failed."""


@frozen
class Signals:
    """What a backend tells the database, on the loop."""

    look: Callable[[], None]
    """Other nodes have committed events; they come with the next batch."""
    departed: Callable[[], None]
    """Another node is gone, stopped or killed: what it held may be taken over."""
    lost: Callable[[], None]
    """This node was cut off: others may take over what it held."""


class Backend(Protocol):
    """Where batches are committed, one after the other."""

    at_once: int
    """The most units that one batch may have."""
    node: int
    shared: bool
    """Whether there may be other nodes."""

    def start(self, done: Done, remembered: int) -> None:
        """Begin, on the running loop; the journal gets its last `remembered` stored events before the first batch."""

    def commit(self, batch: Batch) -> None:
        """Commit `batch`, then call `done`; the next batch comes only after that."""

    def glance(self, unit: Unit[T]) -> T:
        """Run a unit on what is committed and in memory. Raises UnknownError if that is not all it asks for."""

    async def setup(self, act: Callable[[Connection], T]) -> T:
        """Run `act` on a connection of its own, on which each statement commits by itself."""

    async def close(self) -> None:
        """Close the connection; nothing is under way any more."""

    def lead(self, name: str, changed: Callable[[bool], None]) -> Callable[[], None]:
        """See `Database.lead`."""


def numbered(events: Iterable[Event], first_seq: int) -> list[Event]:
    """Return the events with their numbers in the journal."""
    return [Event(each.at, each.type, each.subject, each.data, seq) for seq, each in enumerate(events, first_seq)]


_STORE = Statement(insert(journal_table))
_COLUMNS = tuple(journal_table.columns.keys())
_columns_of = attrgetter(*_COLUMNS)


def store_events(tx: Tx, events: list[Event]) -> None:
    """Write numbered events to the journal's table."""
    _STORE.run_each(tx, [dict(zip(_COLUMNS, _columns_of(event), strict=True)) for event in events])
