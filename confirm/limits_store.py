"""The tables that limits, locks and signals of pumping count in, and their queries.

Each is written only if a setting reads it, and is as long as the longest window that looks back over it. Rows come in
the order of time, so those to prune are the first ones by id.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Delete,
    Index,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
)

from smsc_emulator.base.database import Tx, metadata
from smsc_emulator.frozen import frozen

sends = Table(
    "confirmation_sends",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False, comment="lab time, ms, as all instants here"),
    Column("service_id", String(32), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("prefix", String(16), nullable=False, comment="the number's first digits"),
    Column("client", String(64), comment="the client's address, of IPv6 the /64"),
    Column("method", String(32), nullable=False),
    Index("ix_confirmation_sends_number", "service_id", "phone_number", "at"),
    Index("ix_confirmation_sends_prefix", "service_id", "prefix", "at"),
    Index("ix_confirmation_sends_client", "service_id", "client", "at"),
    Index("ix_confirmation_sends_service", "service_id", "at"),
)
"""Codes, calls and slots that were asked for."""

failures = Table(
    "confirmation_failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("service_id", String(32), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Index("ix_confirmation_failures_number", "service_id", "phone_number", "at"),
)
"""Wrong answers and failed confirmations."""

starts = Table(
    "confirmation_starts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("service_id", String(32), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("client", String(64), comment="the client's address, of IPv6 the /64"),
    Index("ix_confirmation_starts_number", "service_id", "phone_number", "at"),
    Index("ix_confirmation_starts_client", "service_id", "client", "at", "phone_number"),
)
"""Confirmations that were asked for, also those that were refused as pumping: else every tenth of a row would pass."""

ends = Table(
    "confirmation_ends",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("service_id", String(32), nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Index("ix_confirmation_ends_prefix", "service_id", "prefix", "at", "confirmed"),
)
"""Confirmations that ended by themselves."""

LOOKED_AT = 1_000
"""How many of a prefix's last ends tell its conversion: more would cost time and change little."""

_BY: Mapping[str, Column[Any] | None] = {
    "number": sends.c.phone_number,
    "prefix": sends.c.prefix,
    "client_address": sends.c.client,
    "service": None,
}


def _nth_newest(column: Column[Any] | None) -> Select[Any]:
    query = select(sends.c.at).where(sends.c.service_id == bindparam("service_id"), sends.c.at > bindparam("since"))
    if column is not None:
        query = query.where(column == bindparam("key"))
    return query.order_by(sends.c.at.desc()).limit(1).offset(bindparam("skip", type_=Integer))


def _prune(table: Table) -> Delete:
    first_kept = select(table.c.id).where(table.c.at > bindparam("until")).order_by(table.c.id).limit(1)
    return delete(table).where(table.c.id < first_kept.scalar_subquery())


# What each start runs is put together once: that costs more than running it.
_ADD = {table: insert(table) for table in (sends, failures, starts, ends)}
_PRUNE = {table: _prune(table) for table in (sends, failures, starts, ends)}
_NTH_NEWEST = {per: _nth_newest(column) for per, column in _BY.items()}
_LAST_SEND = (
    select(func.max(sends.c.at))
    .where(sends.c.service_id == bindparam("service_id"), sends.c.phone_number == bindparam("phone_number"))
    .where(sends.c.at > bindparam("since"), sends.c.method.in_(bindparam("methods", expanding=True)))
)
_FAILURES = (
    select(failures.c.at)
    .where(failures.c.service_id == bindparam("service_id"), failures.c.phone_number == bindparam("phone_number"))
    .where(failures.c.at > bindparam("since"))
    .order_by(failures.c.at)
)
_STARTED_BETWEEN = (
    select(starts.c.phone_number)
    .distinct()
    .where(starts.c.service_id == bindparam("service_id"), starts.c.at > bindparam("since"))
    .where(starts.c.phone_number.between(bindparam("lowest"), bindparam("highest")))
)
_STARTED_FROM = (
    select(starts.c.phone_number)
    .distinct()
    .where(starts.c.service_id == bindparam("service_id"), starts.c.at > bindparam("since"))
    .where(starts.c.client == bindparam("client"))
    .limit(bindparam("most", type_=Integer))
)
_LAST_ENDS = (
    select(ends.c.confirmed)
    .where(ends.c.service_id == bindparam("service_id"), ends.c.at > bindparam("since"))
    .where(ends.c.prefix == bindparam("prefix"))
    .order_by(ends.c.at.desc())
    .limit(LOOKED_AT)
    .subquery()
)
_CONVERSION = select(func.count(), func.sum(cast(_LAST_ENDS.c.confirmed, Integer))).select_from(_LAST_ENDS)


@frozen
class Conversion:
    """How many of a prefix's last ended confirmations were confirmed."""

    ended: int
    confirmed: int


def add(tx: Tx, table: Table, at: int, kept: int, **values: Any) -> None:
    """Write a row of this instant, and prune those that are `kept` milliseconds old."""
    tx.conn.execute(_ADD[table], {"at": at, **values})
    tx.conn.execute(_PRUNE[table], {"until": at - kept})


def nth_newest_send(tx: Tx, service_id: str, per: str, key: str | None, count: int, since: int) -> int | None:
    """Return the instant of the `count`-th newest send after `since` that `per` counts with `key`, or None."""
    values = {"service_id": service_id, "since": since, "key": key, "skip": count - 1}
    at: int | None = tx.conn.execute(_NTH_NEWEST[per], values).scalar()
    return at


def last_send(tx: Tx, service_id: str, phone_number: str, methods: Sequence[str], since: int) -> int | None:
    """Return the instant of the last send to the number by one of `methods` after `since`, or None."""
    values = {"service_id": service_id, "phone_number": phone_number, "methods": methods, "since": since}
    at: int | None = tx.conn.execute(_LAST_SEND, values).scalar()
    return at


def failures_of(tx: Tx, service_id: str, phone_number: str, since: int) -> list[int]:
    """Return the instants of the number's failures after `since`, oldest first."""
    values = {"service_id": service_id, "phone_number": phone_number, "since": since}
    return list(tx.conn.execute(_FAILURES, values).scalars())


def started_between(tx: Tx, service_id: str, lowest: str, highest: str, since: int) -> list[str]:
    """Return the different numbers from `lowest` to `highest` that were asked for after `since`."""
    values = {"service_id": service_id, "lowest": lowest, "highest": highest, "since": since}
    return list(tx.conn.execute(_STARTED_BETWEEN, values).scalars())


def started_from(tx: Tx, service_id: str, client: str, since: int, most: int) -> list[str]:
    """Return up to `most` different numbers that a client asked for after `since`."""
    values = {"service_id": service_id, "client": client, "since": since, "most": most}
    return list(tx.conn.execute(_STARTED_FROM, values).scalars())


def conversion(tx: Tx, service_id: str, prefix: str, since: int) -> Conversion:
    """Return what became of the prefix's last LOOKED_AT confirmations that ended after `since`."""
    values = {"service_id": service_id, "prefix": prefix, "since": since}
    ended, confirmed = tx.conn.execute(_CONVERSION, values).one()
    return Conversion(ended, confirmed or 0)
