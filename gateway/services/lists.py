"""What stands against messages: the users' block lists, the stop list, and reports of senders.

Who corresponds with whom is nothing for the gateway to know (S68): a line of a block list is a keyed hash of its two
users, which answers a question about them and tells nothing else. Every method runs inside a unit of work.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    delete,
    insert,
    select,
)

from confirm import codes
from smsc_emulator.base.database import Tx, metadata
from smsc_emulator.frozen import frozen

Ground = Literal["threat", "unwanted", "other"]
"""Why a user reports a sender (S82)."""

blocks = Table(
    "message_blocks",
    metadata,
    Column("service_id", String(32), primary_key=True),
    Column("pair", String(64), primary_key=True, comment="HMAC of the recipient and the sender"),
    Column("owner", String(64), nullable=False, comment="HMAC of the recipient"),
    Index("ix_message_blocks_owner", "service_id", "owner"),
)

stops = Table(
    "message_stops",
    metadata,
    Column("service_id", String(32), primary_key=True),
    Column("message_id", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False, comment="lab time, ms"),
)

reports = Table(
    "sender_reports",
    metadata,
    Column("ordinal", Integer, primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("reporter", String(64), nullable=False, comment="HMAC of who reports"),
    Column("ground", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("service_id", "sender", "reporter"),
)


@frozen
class Report:
    """That somebody reported a sender; it obliges nobody to anything (S82)."""

    sender: str
    ground: Ground
    at: int


class Lists:
    """The lists of all services; `key` hashes the users in them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def refuse(self, tx: Tx, service_id: str, recipient: str, senders: Iterable[str]) -> int:
        """Make `senders` those whose messages a recipient refuses, and no others; return how many they are."""
        owner = self._mac(service_id, recipient)
        tx.conn.execute(delete(blocks).where(blocks.c.service_id == service_id, blocks.c.owner == owner))
        pairs = {self._mac(service_id, recipient, sender) for sender in senders}
        if pairs:
            rows = [{"service_id": service_id, "pair": pair, "owner": owner} for pair in sorted(pairs)]
            tx.conn.execute(insert(blocks), rows)
        return len(pairs)

    def refuses(self, tx: Tx, service_id: str, recipient: str, sender: str) -> bool:
        """Whether the recipient refuses the sender's messages."""
        pair = self._mac(service_id, recipient, sender)
        query = select(blocks.c.pair).where(blocks.c.service_id == service_id, blocks.c.pair == pair)
        return tx.conn.execute(query).first() is not None

    def stop(self, tx: Tx, now: int, service_id: str, message_id: str) -> None:
        """Put a message on the stop list; once is enough."""
        if not self.is_stopped(tx, service_id, message_id):
            tx.conn.execute(insert(stops).values(service_id=service_id, message_id=message_id, at=now))
            tx.record(now, "message.stopped", message_id, service_id=service_id)

    def release(self, tx: Tx, now: int, service_id: str, message_id: str) -> bool:
        """Take a message off the stop list; False if it was not there."""
        gone = tx.conn.execute(delete(stops).where(_stop(service_id, message_id))).rowcount
        if gone:
            tx.record(now, "message.released", message_id, service_id=service_id)
        return bool(gone)

    def is_stopped(self, tx: Tx, service_id: str, message_id: str) -> bool:
        """Whether the message is on the stop list."""
        return tx.conn.execute(select(stops.c.at).where(_stop(service_id, message_id))).first() is not None

    def report(self, tx: Tx, now: int, service_id: str, reporter: str, sender: str, ground: Ground) -> None:
        """Keep a user's report of a sender; a second one of both takes the place of the first."""
        who = self._mac(service_id, reporter)
        same = (reports.c.service_id == service_id) & (reports.c.sender == sender) & (reports.c.reporter == who)
        tx.conn.execute(delete(reports).where(same))
        row = {"service_id": service_id, "sender": sender, "reporter": who, "ground": ground, "at": now}
        tx.conn.execute(insert(reports).values(row))
        tx.record(now, "sender.reported", sender[:64], service_id=service_id, ground=ground)

    def reported(self, tx: Tx, service_id: str, sender: str) -> Sequence[Report]:
        """Return the reports of a sender, the oldest first; nobody learns whose they are."""
        query = select(reports).where(reports.c.service_id == service_id, reports.c.sender == sender)
        rows = tx.conn.execute(query.order_by(reports.c.ordinal))
        return [Report(row.sender, row.ground, row.at) for row in rows]

    def _mac(self, *parts: str) -> str:
        return codes.mac(self._key, "list", *parts)


def _stop(service_id: str, message_id: str) -> ColumnElement[bool]:
    return (stops.c.service_id == service_id) & (stops.c.message_id == message_id)
