"""Emergency broadcasts: one SMS to each user of a service, at the authorities' initiative (S76).

A broadcast and its recipients are rows, written whole before the first SMS. They go out one after the other at a rate
of lab time, and one broadcast after the other, so the rate holds for all of them and after a restart too. Each SMS is
claimed before it is handed over: one whose process died in between is in doubt, and is not sent again. The text is kept
no longer than it is needed. Of several nodes of one database the one that holds the bind sends. Every function runs in
a unit; instants are lab time in milliseconds.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Row

from gateway.services.errors import BroadcastNotFoundError
from gateway.services.rules import Scope
from smsc_emulator.base import claims
from smsc_emulator.base.database import Tx, metadata
from smsc_emulator.base.durations import DAY, SECOND
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen

State = Literal["queued", "submitting", "sent", "refused", "in_doubt", "expired"]
"""Where one recipient's SMS stands. in_doubt: handed over, and nobody knows whether it was taken."""

UNDER_WAY: tuple[State, ...] = ("queued", "submitting")

SEND_AGAIN = 5 * SECOND
"""How long nothing is sent when the SMSC cannot take anything."""

CLAIM = "broadcast"
"""The kind of the claims on SMS that are being handed over."""

GIVE_UP = DAY
"""How long a broadcast may take; whom it has not reached by then it does not reach."""

broadcasts = Table(
    "broadcasts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("ordinal", Integer, nullable=False, unique=True, comment="their order"),
    Column("service_id", String(32), nullable=False, index=True),
    Column("scope", String(8), nullable=False, comment="active or all"),
    Column("text", Text, comment="NULL: it is over"),
    Column("started_at", BigInteger, nullable=False, comment="lab time, ms, as all instants here"),
    Column("next_at", BigInteger, index=True, comment="when its next SMS may go; NULL: none waits"),
    Column("ended_at", BigInteger),
)

recipients = Table(
    "broadcast_recipients",
    metadata,
    Column("broadcast_id", String(32), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("phone_number", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    UniqueConstraint("broadcast_id", "phone_number"),
    Index("ix_broadcast_recipients_state", "broadcast_id", "state", "ordinal"),
)

_HEAD = Statement(select(broadcasts).where(broadcasts.c.next_at.is_not(None)).order_by(broadcasts.c.ordinal).limit(1))


@frozen
class Broadcast:
    """One broadcast, and how many of its recipients are in which state."""

    id: str
    service_id: str
    scope: Scope
    started_at: int
    ended_at: int | None
    counts: Mapping[str, int]


@frozen
class Claimed:
    """An SMS to hand over."""

    broadcast_id: str
    service_id: str
    ordinal: int
    phone_number: str
    text: str

    @property
    def reference(self) -> str:
        """What it is charged as."""
        return _reference(self.broadcast_id, self.ordinal)


def start(
    tx: Tx, now: int, broadcast_id: str, service_id: str, text: str, scope: Scope, numbers: Sequence[str]
) -> Broadcast:
    """Send `text` to each of `numbers` once, in this order; a number that stands there twice is one recipient."""
    once = list(dict.fromkeys(numbers))
    last = tx.conn.execute(select(func.max(broadcasts.c.ordinal))).scalar()
    row = {"id": broadcast_id, "ordinal": (last or 0) + 1, "service_id": service_id, "scope": scope, "text": text}
    tx.conn.execute(insert(broadcasts).values(**row, started_at=now, next_at=now))
    if once:
        rows = [
            {"broadcast_id": broadcast_id, "ordinal": ordinal, "phone_number": number, "state": "queued"}
            for ordinal, number in enumerate(once)
        ]
        tx.conn.execute(insert(recipients), rows)
    tx.record(now, "broadcast.started", broadcast_id, service_id=service_id, scope=scope, recipients=len(once))
    return get(tx, service_id, broadcast_id)


def get(tx: Tx, service_id: str, broadcast_id: str) -> Broadcast:
    """Return a broadcast of the service. Raises BroadcastNotFoundError."""
    of_service = (broadcasts.c.id == broadcast_id) & (broadcasts.c.service_id == service_id)
    row = tx.conn.execute(select(broadcasts).where(of_service)).first()
    if row is None:
        raise BroadcastNotFoundError(f"there is no broadcast {broadcast_id}")
    return Broadcast(row.id, row.service_id, row.scope, row.started_at, row.ended_at, _counts(tx, row.id))


def next_due(tx: Tx) -> int | None:
    """Return the instant at which the next SMS may go, or None."""
    head = _head(tx)
    return None if head is None else head.next_at


def claim(tx: Tx, now: int, interval: int) -> Claimed | None:
    """Take the next SMS that may go at `now`; the one after it may go `interval` later. None if none may."""
    while (head := _head(tx)) is not None and head.next_at <= now:
        if now >= head.started_at + GIVE_UP:
            _all(tx, head.id, "queued", "expired")
        first = _first(tx, head.id, "queued")
        if first is not None:
            _save(tx, head.id, first.ordinal, "submitting")
            _wait_all(tx, now + interval)
            claimed = Claimed(head.id, head.service_id, first.ordinal, first.phone_number, head.text)
            claims.take(tx, CLAIM, [claimed.reference])
            return claimed
        _wait(tx, head.id, None)
        _settle(tx, now, head.id)
    return None


def ended(tx: Tx, now: int, claimed: Claimed, state: State) -> None:
    """Note what has become of an SMS; one that is queued again makes the broadcast wait for SEND_AGAIN.

    One that was put in doubt meanwhile, since this node was cut off from the database, stays so.
    """
    claims.forget(tx, CLAIM, claimed.reference)
    if not _save(tx, claimed.broadcast_id, claimed.ordinal, state, before="submitting"):
        return
    if state == "queued":
        _wait(tx, claimed.broadcast_id, now)
        _wait_all(tx, now + SEND_AGAIN)
    _settle(tx, now, claimed.broadcast_id)


def take_over(tx: Tx, now: int, mine: Collection[str] = ()) -> None:
    """Put in doubt what nobody is handing over, at the start of a node and at the end of another.

    `mine` are the references of what this node has under way.
    """
    living = {*mine, *claims.held_by_others(tx, CLAIM)}
    under_way = select(recipients.c.broadcast_id, recipients.c.ordinal).where(recipients.c.state == "submitting")
    for row in tx.conn.execute(under_way).all():
        if _reference(row.broadcast_id, row.ordinal) not in living:
            _save(tx, row.broadcast_id, row.ordinal, "in_doubt")
    claims.forget_the_gone(tx, CLAIM)
    for broadcast_id in tx.conn.execute(select(broadcasts.c.id).where(broadcasts.c.ended_at.is_(None))).scalars().all():
        _settle(tx, now, broadcast_id)


def _settle(tx: Tx, now: int, broadcast_id: str) -> None:
    """End a broadcast that has nothing more to send nor to wait for."""
    row = tx.conn.execute(select(broadcasts).where(broadcasts.c.id == broadcast_id)).one()
    if row.ended_at is not None or any(_first(tx, broadcast_id, state) for state in UNDER_WAY):
        return
    change = update(broadcasts).where(broadcasts.c.id == broadcast_id)
    tx.conn.execute(change.values(ended_at=now, text=None, next_at=None))
    tx.record(now, "broadcast.ended", broadcast_id, service_id=row.service_id, **_counts(tx, broadcast_id))


def _head(tx: Tx) -> Any | None:
    """Return the oldest broadcast that has something to send: the others wait for it."""
    return _HEAD.first(tx)


def _first(tx: Tx, broadcast_id: str, state: State) -> Row[Any] | None:
    those = (recipients.c.broadcast_id == broadcast_id) & (recipients.c.state == state)
    return tx.conn.execute(select(recipients).where(those).order_by(recipients.c.ordinal).limit(1)).first()


def _counts(tx: Tx, broadcast_id: str) -> dict[str, int]:
    query = select(recipients.c.state, func.count()).where(recipients.c.broadcast_id == broadcast_id)
    rows = tx.conn.execute(query.group_by(recipients.c.state))
    return {str(row[0]): int(row[1]) for row in rows}


def _reference(broadcast_id: str, ordinal: int) -> str:
    return f"broadcast:{broadcast_id}:{ordinal}"


def _save(tx: Tx, broadcast_id: str, ordinal: int, state: State, *, before: State | None = None) -> bool:
    """Change the state of a recipient, if it is `before`; return whether it was."""
    one = (recipients.c.broadcast_id == broadcast_id) & (recipients.c.ordinal == ordinal)
    if before is not None:
        one &= recipients.c.state == before
    return bool(tx.conn.execute(update(recipients).where(one).values(state=state)).rowcount)


def _all(tx: Tx, broadcast_id: str, before: State, after: State) -> None:
    those = (recipients.c.broadcast_id == broadcast_id) & (recipients.c.state == before)
    tx.conn.execute(update(recipients).where(those).values(state=after))


def _wait_all(tx: Tx, until: int) -> None:
    """Let nothing of any broadcast go before `until`."""
    tx.conn.execute(update(broadcasts).where(broadcasts.c.next_at < until).values(next_at=until))


def _wait(tx: Tx, broadcast_id: str, until: int | None) -> None:
    tx.conn.execute(update(broadcasts).where(broadcasts.c.id == broadcast_id).values(next_at=until))
