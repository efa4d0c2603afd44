"""What of the SMSC outlives a restart: messages, and the deliver_sm that no ESME has acknowledged yet.

The SMSC works on its own memory and hands each turn's changes over as one unit of work: what belongs together (a
message, its delivery, its receipt) is committed together, and many messages share a commit. A message is stored as the
submit_sm it came in, so that no field and no unknown TLV can be lost.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from smsc_emulator.base.database import Database, Tx, metadata
from smsc_emulator.core.message import Message
from smsc_emulator.core.outbound import Kind, Outbound
from smsc_emulator.smpp import codec
from smsc_emulator.smpp.constants import MessageState
from smsc_emulator.smpp.pdus import SubmitSm

INBOXES = 10_000
"""How many of the last delivered messages are read at the start, to fill the handsets' inboxes."""

messages = Table(
    "smsc_messages",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", String(65), nullable=False),
    Column("account", String(16), nullable=False, comment="system_id of the sender; empty: a handset"),
    Column("accepted_at", BigInteger, nullable=False, comment="lab time, ms"),
    Column("state", SmallInteger, nullable=False, comment="message_state, SMPP 3.4, 5.2.28"),
    Column("final_at", BigInteger),
    Column("error", SmallInteger, nullable=False),
    Column("pdu", LargeBinary, nullable=False, comment="the submit_sm"),
)

outbound = Table(
    "smsc_outbound",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("account", String(16), nullable=False, comment="empty: the first that takes unserved numbers"),
    Column("message", BigInteger, nullable=False, comment="smsc_messages.id"),
    Column("attempts", SmallInteger, nullable=False),
    Column("due_at", BigInteger, comment="lab time of the next attempt, ms"),
)

_move = update(messages).where(messages.c.id == bindparam("key"))
_retry = update(outbound).where(outbound.c.id == bindparam("key"))
_forget = delete(outbound).where(outbound.c.id == bindparam("key"))


@dataclass(slots=True)
class Changes:
    """What one turn changed."""

    accepted: list[Message] = field(default_factory=list)
    moved: list[Message] = field(default_factory=list)
    queued: list[Outbound] = field(default_factory=list)
    retried: list[Outbound] = field(default_factory=list)
    gone: list[Outbound] = field(default_factory=list)


@dataclass(slots=True)
class Stored:
    """What an earlier run left behind."""

    last_message: int = 0
    last_outbound: int = 0
    delivered: list[Message] = field(default_factory=list)
    """The last messages that reached their destination, oldest first."""
    outbound: list[Outbound] = field(default_factory=list)


class Store(Protocol):
    """Where the changes go."""

    async def load(self) -> Stored:
        """Return what an earlier run left behind."""

    async def save(self, changes: Changes) -> None:
        """Keep `changes`, all or none; on return they outlive the process."""


class SqlStore:
    """Keeps the changes in the lab's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Stored:
        """Return what the tables hold."""
        return await self._database.run(_load)

    async def save(self, changes: Changes) -> None:
        """Commit `changes` in one unit of work."""
        # The rows are made here, not on the database's thread: the objects may change while that one works.
        statements: list[tuple[Any, list[dict[str, Any]]]] = [
            (insert(messages), [_message_row(m) for m in changes.accepted]),
            (_move, [{"key": m.id, "state": m.state, "final_at": m.final_at, "error": m.error} for m in changes.moved]),
            (insert(outbound), [_outbound_row(o) for o in changes.queued]),
            (_retry, [_retry_row(o) for o in changes.retried]),
            (_forget, [{"key": o.id} for o in changes.gone]),
        ]

        def unit(tx: Tx) -> None:
            for statement, rows in statements:
                if rows:
                    tx.conn.execute(statement, rows)

        await self._database.run(unit)


def _message_row(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "message_id": message.message_id,
        "account": message.account,
        "accepted_at": message.accepted_at,
        "state": message.state,
        "final_at": message.final_at,
        "error": message.error,
        "pdu": codec.encode(message.pdu),
    }


def _outbound_row(item: Outbound) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind.value,
        "account": item.account,
        "message": item.message.id,
        "attempts": item.attempts,
        "due_at": item.due_at,
    }


def _retry_row(item: Outbound) -> dict[str, Any]:
    return {"key": item.id, "account": item.account, "attempts": item.attempts, "due_at": item.due_at}


def _load(tx: Tx) -> Stored:
    waiting = select(outbound, *(c.label(f"m_{c.name}") for c in messages.c)).order_by(outbound.c.id)
    rows = tx.conn.execute(waiting.join(messages, messages.c.id == outbound.c.message)).all()
    known = {row.message: _message(row, "m_") for row in rows}
    delivered = select(messages).where(messages.c.state == MessageState.DELIVERED).order_by(messages.c.id.desc())
    return Stored(
        last_message=tx.conn.scalar(select(func.max(messages.c.id))) or 0,
        last_outbound=tx.conn.scalar(select(func.max(outbound.c.id))) or 0,
        delivered=[_message(row) for row in reversed(tx.conn.execute(delivered.limit(INBOXES)).all())],
        outbound=[
            Outbound(row.id, Kind(row.kind), row.account, known[row.message], row.attempts, row.due_at) for row in rows
        ],
    )


def _message(row: Any, prefix: str = "") -> Message:
    def column(name: str) -> Any:
        return getattr(row, prefix + name)

    pdu = codec.decode(column("pdu"))
    assert isinstance(pdu, SubmitSm)
    return Message(
        column("id"),
        column("message_id"),
        column("account"),
        column("accepted_at"),
        pdu,
        column("state"),
        column("final_at"),
        column("error"),
    )
