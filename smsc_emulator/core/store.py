"""What of the SMSC outlives a restart: messages, and the deliver_sm that no ESME has acknowledged yet.

The SMSC works on its own memory and hands each turn's changes over as one unit of work: what belongs together (a
message, its delivery, its receipt) is committed together, and many messages share a commit. A message is stored as the
submit_sm it came in, so that no field and no unknown TLV can be lost.
"""

from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
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

from smsc_emulator.base.database import Database, Tx, journal_table, metadata
from smsc_emulator.base.rows import insert_rows
from smsc_emulator.base.statements import Statement
from smsc_emulator.core.message import FINAL, Message
from smsc_emulator.core.outbound import Kind, Outbound, Told
from smsc_emulator.handsets.handset import Changed, Handset
from smsc_emulator.handsets.script import Script
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.smpp import codec
from smsc_emulator.smpp.pdus import SubmitSm

PLAYED = "handsets.file_sent"
"""The event that keeps a file of messages from being sent again; its subject is a digest of the content."""

INBOXES = 10_000
"""How many of the last delivered messages are read at the start, to fill the handsets' inboxes."""

LOOKED_AT = 100_000
"""How many of the last messages are looked at for one by its message_id."""

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
    Column("network_error", Integer, nullable=False, server_default="0"),
    Column("version", SmallInteger, nullable=False, server_default="52", comment="the sender's interface_version"),
    Column("expires_at", BigInteger, comment="end of its validity"),
    Column("due_at", BigInteger, comment="when it is looked at next; null: over, or with an ESME"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("deleted", SmallInteger, nullable=False, server_default="0", comment="1: thrown away on the handset"),
    Index("ix_smsc_messages_state", "state", "final_at"),
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
    Column("told_state", SmallInteger, comment="of a notice: the state that it tells of; so the next ones"),
    Column("told_error", SmallInteger),
    Column("told_network_error", Integer),
    Column("told_at", BigInteger),
)

handsets = Table(
    "smsc_handsets",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("memory", Integer),
    Column("script", JSON),
)

_move = update(messages).where(messages.c.id == bindparam("key"))
_rewrite = update(messages).where(messages.c.id == bindparam("key"))
_delete = update(messages).where(messages.c.id == bindparam("key")).values(deleted=1)
_retry = update(outbound).where(outbound.c.id == bindparam("key"))
_drop_handset = delete(handsets).where(handsets.c.number == bindparam("key"))
_forget = Statement(delete(outbound).where(outbound.c.id.between(bindparam("first"), bindparam("last"))))
_KINDS = {kind: kind.value for kind in Kind}


@dataclass(slots=True)
class Changes:
    """What one turn changed."""

    accepted: list[Message] = field(default_factory=list)
    moved: list[Message] = field(default_factory=list)
    rewritten: list[Message] = field(default_factory=list)
    """What has another submit_sm now."""
    deleted: list[int] = field(default_factory=list)
    """Numbers of the texts that were thrown away on handsets."""
    handsets: list[Handset] = field(default_factory=list)
    """What has another state, memory or script."""
    played: list[tuple[int, str]] = field(default_factory=list)
    """Files of messages from handsets that this turn has sent: the instant, and a digest of the content."""
    queued: list[Outbound] = field(default_factory=list)
    retried: list[Outbound] = field(default_factory=list)
    gone: list[Outbound] = field(default_factory=list)


@dataclass(slots=True)
class Stored:
    """What an earlier run left behind."""

    last_message: int = 0
    last_outbound: int = 0
    pending: list[Message] = field(default_factory=list)
    over: list[Message] = field(default_factory=list)
    """The last messages that came to their end, in that order."""
    deleted: frozenset[int] = frozenset()
    """Which of these were thrown away on the handset."""
    handsets: list[tuple[str, Changed]] = field(default_factory=list)
    """What handsets are like, by number."""
    outbound: list[Outbound] = field(default_factory=list)


class Store(Protocol):
    """Where the changes go."""

    async def load(self) -> Stored:
        """Return what an earlier run left behind."""

    def save(self, changes: Changes) -> Awaitable[None]:
        """Read `changes` at once and keep them, all or none; when the result comes they outlive the process."""


class SqlStore:
    """Keeps the changes in the lab's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Stored:
        """Return what the tables hold."""
        return await self._database.run(_load)

    async def has_played(self, digest: str) -> bool:
        """Whether a file of messages with this digest was sent before."""
        seen = select(journal_table.c.seq).where(journal_table.c.subject == digest, journal_table.c.type == PLAYED)
        return await self._database.run(lambda tx: tx.conn.execute(seen.limit(1)).first() is not None)

    def save(self, changes: Changes) -> Awaitable[None]:
        """Commit `changes` in one unit of work."""
        # The rows are made here and now: the same objects may have changed again before the unit runs.
        accepted = [_message_row(m) for m in changes.accepted]
        queued = [_outbound_row(o) for o in changes.queued]
        statements: list[tuple[Any, list[dict[str, Any]]]] = [
            (_rewrite, [_rewritten_row(m) for m in changes.rewritten]),
            (_move, [_moved_row(m) for m in changes.moved]),
            (_delete, [{"key": number} for number in changes.deleted]),
            (_drop_handset, [{"key": h.number} for h in changes.handsets]),
            (insert(handsets), list({h.number: _handset_row(h) for h in changes.handsets}.values())),
            (_retry, [_retry_row(o) for o in changes.retried]),
        ]
        gone = [{"first": first, "last": last} for first, last in _runs([o.id for o in changes.gone])]

        played = list(changes.played)

        def unit(tx: Tx) -> None:
            insert_rows(tx, messages, accepted)
            for statement, rows in statements:
                if rows:
                    tx.conn.execute(statement, rows)
            insert_rows(tx, outbound, queued)
            _forget.run_each(tx, gone)
            for at, digest in played:
                tx.record(at, PLAYED, digest)

        return self._database.run(unit)


def kept_pdus(tx: Tx, message_ids: Iterable[str]) -> dict[str, SubmitSm]:
    """Return the submit_sm of those of these messages that are among the last 100,000."""
    newest = select(messages.c.message_id, messages.c.pdu).order_by(messages.c.id.desc()).limit(LOOKED_AT).subquery()
    found = tx.conn.execute(select(newest).where(newest.c.message_id.in_(list(message_ids))))
    decoded = ((row.message_id, codec.decode(row.pdu)) for row in found)
    return {message_id: pdu for message_id, pdu in decoded if isinstance(pdu, SubmitSm)}


def _runs(ids: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of each run of numbers without a gap."""
    ids.sort()
    first = last = None
    for each in ids:
        if last is None or each > last + 1:
            if first is not None and last is not None:
                yield first, last
            first = each
        last = each
    if first is not None and last is not None:
        yield first, last


def _message_row(message: Message) -> tuple[Any, ...]:
    return (
        message.id,
        message.message_id,
        message.account,
        message.accepted_at,
        int(message.state),
        message.final_at,
        message.error,
        message.pdu.octets or codec.encode(message.pdu),
        message.network_error,
        message.version,
        message.expires_at,
        message.due_at,
        message.attempts,
        0,
    )


def _moved_row(message: Message) -> dict[str, Any]:
    return {
        "key": message.id,
        "state": message.state,
        "final_at": message.final_at,
        "error": message.error,
        "network_error": message.network_error,
        "due_at": message.due_at,
        "attempts": message.attempts,
    }


def _rewritten_row(message: Message) -> dict[str, Any]:
    return {
        "key": message.id,
        "accepted_at": message.accepted_at,
        "expires_at": message.expires_at,
        "pdu": codec.encode(message.pdu),
    }


def _handset_row(handset: Handset) -> dict[str, Any]:
    script = handset.script
    return {
        "number": handset.number,
        "state": handset.state.value,
        "memory": handset.memory,
        "script": None if script is None else asdict(script),
    }


def _outbound_row(item: Outbound) -> tuple[Any, ...]:
    told = (None, None, None, None) if item.told is None else item.told
    return (item.id, _KINDS[item.kind], item.account, item.message.id, item.attempts, item.due_at, *told)


def _retry_row(item: Outbound) -> dict[str, Any]:
    return {"key": item.id, "account": item.account, "attempts": item.attempts, "due_at": item.due_at}


def _load(tx: Tx) -> Stored:
    waiting = tx.conn.execute(select(outbound).order_by(outbound.c.id)).all()
    pending = tx.conn.execute(select(messages).where(messages.c.state.not_in(FINAL)).order_by(messages.c.id)).all()
    newest = (
        select(messages).where(messages.c.state.in_(FINAL)).order_by(messages.c.final_at.desc(), messages.c.id.desc())
    )
    over = tx.conn.execute(newest.limit(INBOXES)).all()
    reported = select(messages).where(messages.c.id.in_(select(outbound.c.message)), messages.c.state.in_(FINAL))
    known = {row.id: _message(row) for row in [*tx.conn.execute(reported).all(), *pending, *over]}
    return Stored(
        last_message=tx.conn.scalar(select(func.max(messages.c.id))) or 0,
        last_outbound=tx.conn.scalar(select(func.max(outbound.c.id))) or 0,
        pending=[known[row.id] for row in pending],
        over=[known[row.id] for row in reversed(over)],
        deleted=frozenset(row.id for row in over if row.deleted),
        handsets=[(row.number, _changed(row)) for row in tx.conn.execute(select(handsets)).all()],
        outbound=[_outbound(row, known[row.message]) for row in waiting],
    )


def _changed(row: Any) -> Changed:
    return Changed(HandsetState(row.state), row.memory, None if row.script is None else Script(**row.script))


def _outbound(row: Any, message: Message) -> Outbound:
    told = None
    if row.told_state is not None:
        told = Told(row.told_state, row.told_error, row.told_network_error, row.told_at)
    return Outbound(row.id, Kind(row.kind), row.account, message, row.attempts, row.due_at, told=told)


def _message(row: Any) -> Message:
    pdu = codec.decode(row.pdu)
    assert isinstance(pdu, SubmitSm)
    return Message(
        row.id,
        row.message_id,
        row.account,
        row.accepted_at,
        pdu,
        row.state,
        row.final_at,
        row.error,
        row.network_error,
        row.version,
        row.expires_at,
        row.due_at,
        row.attempts,
        kept=True,
    )
