"""One life of a node on PostgreSQL: a connection, the lock that shows that it lives, and the journal's numbers."""

import socket
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import URL, Sequence, event, make_url, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from smsc_emulator.base.journal import Event
from smsc_emulator.base.postgres_errors import (
    OLDEST,
    driver_missing,
    hide_values,
    refused,
    too_old,
)
from smsc_emulator.base.sqlite import new_node
from smsc_emulator.base.statements import compact_json
from smsc_emulator.base.units import journal_table, metadata

T = TypeVar("T")

CHANNEL = "confirmlab_journal"
"""Where a commit with events is told of."""

GAP = 100_000
"""Numbers left free before each commit's events, for the volatile events of the nodes."""

SILENT = 10
"""Real seconds without a word of a node until the server ends its session."""

CONNECT = 5
"""Real seconds that a server has to take a connection."""

# The first number of each advisory lock says what the second one is.
LIVING, LEADING, NUMBERING, MIGRATING = 7261001, 7261002, 7261003, 7261004

journal_sequence = Sequence("journal_seq", metadata=metadata)
"""The last number given to an event; only PostgreSQL has it."""

# A sequence has one state for all transactions, so its last value is what the last holder of the lock left.
_NUMBERS = text(
    "WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock(:kind, 0)) "
    "SELECT (SELECT last_value FROM journal_seq) AS before, "
    "setval('journal_seq', greatest((SELECT last_value FROM journal_seq), :floor) + :gap + :events) AS last FROM held"
)
_LIVING = text(
    "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = :kind AND objsubid = 2 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_TRY = text("SELECT pg_try_advisory_lock(:kind, :key)")
_LEAVE = text("SELECT pg_advisory_unlock(:kind, :key)")


class Session:
    """An open connection on which each statement commits by itself, unless a transaction was begun by `say`."""

    def __init__(self, conn: AsyncConnection, raw: Any, node: int) -> None:
        self.node = node
        self._conn = conn
        self._raw = raw

    @classmethod
    async def open(cls, engine: AsyncEngine, heard: Callable[[], None], lost: Callable[[], None]) -> "Session":
        """Connect, and show that the node lives. Raises DatabaseUnusableError.

        `heard` is called when another node has committed events, `lost` when the connection has ended.
        """
        conn = await connect(engine)
        raw: Any = (await conn.get_raw_connection()).driver_connection
        _notice_a_dead_network(raw)
        session = cls(conn, raw, new_node())
        own = str(session.node)
        # Who is silent is ended by the server, also inside a transaction, where others may wait for its locks.
        await raw.execute(
            f"SET idle_session_timeout = '{SILENT}s'; SET idle_in_transaction_session_timeout = '{SILENT}s'; "
            f"SET jit = off; SELECT pg_advisory_lock({LIVING}, {own})"
        )
        raw.add_termination_listener(lambda _raw: lost())
        await raw.add_listener(CHANNEL, lambda _raw, _pid, _channel, node: None if node == own else heard())
        return session

    @property
    def over(self) -> bool:
        """Whether the connection has ended."""
        return bool(self._raw.is_closed())

    async def close(self) -> None:
        """End the connection; all that is bound to it is free at once."""
        with suppress(Exception):
            self._raw.terminate()
        with suppress(Exception):
            await self._conn.invalidate()
        with suppress(Exception):
            await self._conn.close()

    async def run(self, act: Callable[[Connection], T]) -> T:
        """Run a plain function on the connection; other tasks go on while it waits for the server."""
        return await self._conn.run_sync(act)

    async def living(self) -> frozenset[int]:
        """Return the numbers of the nodes that live."""
        return await self.run(living)

    async def try_to_lead(self, name: str) -> bool:
        """Return whether this node leads in `name` now."""
        row = {"kind": LEADING, "key": _key(name)}
        return await self.run(lambda conn: bool(conn.execute(_TRY, row).scalar()))

    async def resign(self, name: str) -> None:
        """Let another node lead in `name`."""
        row = {"kind": LEADING, "key": _key(name)}
        await self.run(lambda conn: conn.execute(_LEAVE, row))

    async def events(self, after: int, before: int | None = None) -> list[Event]:
        """Return the stored events with numbers above `after`, and below `before` if given, in their order."""
        seq = journal_table.c.seq
        query = select(journal_table).where(seq > after).order_by(seq)
        query = query if before is None else query.where(seq < before)
        return await self.run(lambda conn: [Event(r.at, r.type, r.subject, r.data, r.seq) for r in conn.execute(query)])


def living(conn: Connection) -> frozenset[int]:
    """Return the numbers of the nodes that live, as they are now and not as the transaction saw them first."""
    return frozenset(conn.execute(_LIVING, {"kind": LIVING}).scalars())


def give_numbers(conn: Connection, floor: int, events: int) -> tuple[int, int]:
    """Return the last number that was given before, and the first of those for `events` events.

    The first is greater than `floor` and everything shown before. Until the transaction ends no other node gets any.
    """
    row = conn.execute(_NUMBERS, {"kind": NUMBERING, "floor": floor, "gap": GAP, "events": events}).one()
    return row.before, row.last - events + 1


def say(conn: Connection, sql: str) -> str:
    """Send statements without parameters in one message; return what the server says of the last one."""
    adapted: Any = conn.connection.dbapi_connection
    return str(adapted.run_async(lambda raw: raw.execute(sql)))


def make_async_engine(url: str) -> AsyncEngine:
    """Return an engine on which nothing begins or commits by itself. Raises DatabaseUnusableError without a driver.

    `postgres://` and libpq's `sslmode` are understood as others understand them.
    """
    parsed = make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+asyncpg")
    if "sslmode" in parsed.query:
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": parsed.query["sslmode"]})
    options: dict[str, Any] = {"timeout": CONNECT, "server_settings": {"application_name": "confirmlab"}}
    try:
        engine = create_async_engine(
            parsed,
            isolation_level="AUTOCOMMIT",
            json_serializer=compact_json,
            hide_parameters=True,
            poolclass=NullPool,
            connect_args=options,
        )
    except ImportError:
        raise driver_missing(parsed) from None
    event.listen(engine.sync_engine, "handle_error", hide_values)
    return engine


async def connect(engine: AsyncEngine) -> AsyncConnection:
    """Return an open connection to a server that is new enough. Raises DatabaseUnusableError."""
    url: URL = engine.url
    try:
        conn = await engine.connect()
    except Exception as error:
        raise refused(url, error) from error
    version = conn.dialect.server_version_info or ()
    if version < (OLDEST,):
        await conn.close()
        raise too_old(url, ".".join(map(str, version)))
    return conn


def _notice_a_dead_network(raw: Any) -> None:
    """Have the kernel end a connection whose other end is silent, also in the middle of a long statement.

    It takes about 5 seconds, so that a node that is cut off knows before the server gives away what it held.
    """
    # The driver shows its socket nowhere else.
    connected: socket.socket = raw._transport.get_extra_info("socket")
    if connected.family == socket.AF_UNIX:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 2), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 5000)):
        if hasattr(socket, option):  # not every system has each of them
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _key(name: str) -> int:
    """Return the number that stands for a name in a lock: 31 bits of its digest."""
    return int.from_bytes(sha256(name.encode()).digest()[:4]) >> 1
