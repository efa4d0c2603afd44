"""The tables of the calls that show codes, and of the numbers that handsets have been called from.

A row is there before its call is placed, and says for each call that may still be under way when it is to be hung up.
Callers are kept as HMACs: the last digits of a caller are a code.
"""

from dataclasses import asdict
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Row, String, Table, delete, func, insert, select, update

from smsc_emulator.base.database import Tx, metadata
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen

calls = Table(
    "confirmation_calls",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("confirmation_id", String(32), nullable=False),
    Column("service_id", String(32), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("placed_at", BigInteger, nullable=False, comment="lab time, ms, as all instants here"),
    Column("hang_up_at", BigInteger, index=True, comment="null: it has ended"),
    Column("ending", Boolean, nullable=False, comment="it is being hung up"),
    Column("rang_at", BigInteger),
    Column("diverted", Boolean, nullable=False),
    Column("over_at", BigInteger),
    Column("fate", String(16), comment="see confirm.ports.CallFate; null also if nobody told"),
    Index("ix_confirmation_calls_number", "phone_number", "over_at"),
)

used = Table(
    "confirmation_callers",
    metadata,
    Column("mac", String(64), primary_key=True, comment="HMAC of the handset and the caller, or of it and the code"),
    Column("phone_number", String(16), nullable=False, index=True),
    Column("until", BigInteger, nullable=False, index=True),
)

_NEXT_HANG_UP = Statement(select(func.min(calls.c.hang_up_at)), remember=True)


@frozen
class PlacedCall:
    """A call that was placed, or is about to be."""

    id: str
    confirmation_id: str
    service_id: str
    phone_number: str
    placed_at: int
    hang_up_at: int | None
    """When it is to be hung up; None once it has ended."""
    ending: bool = False
    rang_at: int | None = None
    diverted: bool = False
    over_at: int | None = None
    fate: str | None = None


def add(tx: Tx, call: PlacedCall) -> None:
    """Write a call that is to be placed."""
    tx.conn.execute(insert(calls), asdict(call))


def save(tx: Tx, call: PlacedCall) -> None:
    """Write what has become of a call."""
    tx.conn.execute(update(calls).where(calls.c.id == call.id), asdict(call))


def find(tx: Tx, call_id: str) -> PlacedCall | None:
    """Return the call, or None."""
    row = tx.conn.execute(select(calls).where(calls.c.id == call_id)).first()
    return None if row is None else _read(row)


def to_hang_up(tx: Tx, now: int) -> list[PlacedCall]:
    """Return the calls that are to be hung up by `now`, oldest first."""
    due = calls.c.hang_up_at
    query = select(calls).where(due <= now).order_by(due, calls.c.id).with_for_update(skip_locked=True)
    return [_read(row) for row in tx.conn.execute(query)]


def next_hang_up(tx: Tx) -> int | None:
    """Return the instant at which the next call is to be hung up."""
    due: int | None = _NEXT_HANG_UP.value(tx)
    return due


def is_ending(tx: Tx, phone_number: str) -> bool:
    """Return whether a call to the number is being hung up and has not ended."""
    ending = select(calls.c.id).where(calls.c.phone_number == phone_number, calls.c.over_at.is_(None), calls.c.ending)
    return tx.conn.execute(ending.limit(1)).first() is not None


def use(tx: Tx, phone_number: str, mac: str, now: int, until: int) -> None:
    """Keep what `mac` stands for from being used for the handset until `until`, the instant itself included."""
    tx.conn.execute(delete(used).where((used.c.until < now) | (used.c.mac == mac)))
    tx.conn.execute(insert(used).values(mac=mac, phone_number=phone_number, until=until))


def in_use(tx: Tx, phone_number: str, now: int) -> set[str]:
    """Return the HMACs of what is not to be used for the handset at `now`."""
    query = select(used.c.mac).where(used.c.phone_number == phone_number, used.c.until >= now)
    return set(tx.conn.execute(query).scalars())


def _read(row: Row[Any]) -> PlacedCall:
    return PlacedCall(**row._mapping)
