"""The tables of the confirmations and of the answers kept for repeated requests, and the confirmations' queries."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    update,
)

from confirm.challenge import Confirmation, SendState, State
from smsc_emulator.base.database import Tx, metadata

confirmations = Table(
    "confirmations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("method", String(32), nullable=False),
    Column("owner", String(64), comment="opaque reference to what it is a part of"),
    Column("ordinal", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False, comment="lab time, ms, as all instants here"),
    Column("expires_at", BigInteger, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("over_at", BigInteger),
    Column("send_state", String(16), nullable=False),
    Column("send_due_at", BigInteger, index=True),
    Column("codes", Integer, nullable=False),
    Column("code_mac", String(64), comment="HMAC-SHA256; its key is not in the database"),
    Column("sent_at", BigInteger),
    Column("message_id", String(65)),
    Column("send_error", BigInteger, comment="SMPP command_status"),
    Index("ix_confirmations_expiry", "state", "expires_at"),
    Index("ix_confirmations_number", "service_id", "phone_number", "created_at"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("service_id", String(32), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False, comment="SHA-256 of the request"),
    Column("resource_id", String(64), nullable=False, comment="what the request created"),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("status", Integer, comment="of the answer, once it was given"),
    Column("body", Text),
)

# What each step of a confirmation runs is put together once: that costs more than running it.
_ADD = insert(confirmations)
_SAVE = update(confirmations).where(confirmations.c.id == bindparam("its_id"))
_FIND = select(confirmations).where(confirmations.c.id == bindparam("its_id"))
_NEXT_SEND = select(func.min(confirmations.c.send_due_at))
_NEXT_EXPIRY = select(func.min(confirmations.c.expires_at)).where(confirmations.c.state == State.PENDING)


def add(tx: Tx, confirmation: Confirmation) -> None:
    """Write a new confirmation."""
    tx.conn.execute(_ADD, asdict(confirmation))


def save(tx: Tx, confirmation: Confirmation) -> None:
    """Write what has become of a confirmation."""
    tx.conn.execute(_SAVE, {**asdict(confirmation), "its_id": confirmation.id})


def find(tx: Tx, confirmation_id: str) -> Confirmation | None:
    """Return the confirmation, or None."""
    row = tx.conn.execute(_FIND, {"its_id": confirmation_id}).first()
    return None if row is None else _read(row)


def of_number(tx: Tx, service_id: str, phone_number: str, over_since: int) -> list[Confirmation]:
    """Return a service's confirmations of a number that are pending or over since `over_since`."""
    c = confirmations.c
    recent = (c.state == State.PENDING) | (c.over_at >= over_since)
    return _all(
        tx, select(confirmations).where(c.service_id == service_id, c.phone_number == phone_number).where(recent)
    )


def to_send(tx: Tx, now: int) -> list[Confirmation]:
    """Return those whose code is to be sent by `now`, oldest first."""
    due = confirmations.c.send_due_at
    return _all(tx, select(confirmations).where(due <= now).order_by(due, confirmations.c.id))


def to_expire(tx: Tx, now: int) -> list[Confirmation]:
    """Return the pending ones whose lifetime ends by `now`, oldest first."""
    c = confirmations.c
    ending = select(confirmations).where(c.state == State.PENDING, c.expires_at <= now)
    return _all(tx, ending.order_by(c.expires_at, c.id))


def next_send(tx: Tx) -> int | None:
    """Return the instant at which the next code is to be sent."""
    due: int | None = tx.conn.execute(_NEXT_SEND).scalar()
    return due


def next_expiry(tx: Tx) -> int | None:
    """Return the instant at which the next lifetime ends."""
    due: int | None = tx.conn.execute(_NEXT_EXPIRY).scalar()
    return due


def _all(tx: Tx, query: Select[Any]) -> list[Confirmation]:
    return [_read(row) for row in tx.conn.execute(query)]


def _read(row: Row[Any]) -> Confirmation:
    values = dict(row._mapping)
    values["state"] = State(values["state"])
    values["send_state"] = SendState(values["send_state"])
    return Confirmation(**values)
