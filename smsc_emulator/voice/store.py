"""What of the voice switch outlives a restart: the logs of its numbers, what they do with calls, who has registered.

A call itself does not outlive it: its legs are gone with the process, so a call that was under way is ended at the next
start. The rows of a call are stored before anything of it is told to its parties.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
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

from smsc_emulator.base.database import Tx, metadata
from smsc_emulator.frozen import frozen
from smsc_emulator.handsets.voice import CallBehaviour, Voice
from smsc_emulator.voice.calls import KEPT, LONGEST_USER, CallState, Entry, Turn

RESTARTED = "lab_restarted"
"""The outcome of a call that was under way when the lab ended."""

calls = Table(
    "voice_calls",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", String(20), nullable=False, comment="whose log it is in"),
    Column("direction", String(3), nullable=False, comment="in or out"),
    Column("shown", String(LONGEST_USER), comment="the caller as shown; null: withheld"),
    Column("to", String(LONGEST_USER), nullable=False),
    Column("started_at", BigInteger, nullable=False, comment="lab time, ms"),
    Column("state", String(8), nullable=False),
    Column("rang_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("outcome", String(16)),
    Column("status", SmallInteger, comment="the final SIP status"),
    Column("cause", SmallInteger, comment="Q.850"),
    Index("ix_voice_calls_number", "number", "id"),
    Index("ix_voice_calls_ended_at", "ended_at"),
)

lines = Table(
    "voice_lines",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("voice", JSON, nullable=False, comment="what it does with calls"),
)

switches = Table(
    "voice_switch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="1: there is one switch"),
    Column("habits", JSON, nullable=False, comment="what was set over HTTP: habits and firewall rules"),
)

registrations = Table(
    "voice_registrations",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("contact", String(256), nullable=False, comment="a sip: URI"),
    Column("until", BigInteger, nullable=False, comment="real time, ms"),
)

_change = update(calls).where(calls.c.id == bindparam("key"))


@frozen
class Stored:
    """What an earlier run left behind."""

    last_id: int
    voices: Mapping[str, Voice]
    habits: Mapping[str, Any] | None
    """What was set over HTTP; None if nothing was."""
    registrations: Sequence[tuple[str, str, int]]
    """Number, contact, and the real instant of the end."""


def load(tx: Tx, now: int) -> Stored:
    """Return what is stored, having ended the calls that were under way when the last run ended."""
    _end_all(tx, now)
    return Stored(
        tx.conn.scalar(select(func.max(calls.c.id))) or 0,
        {row.number: _voice(row.voice) for row in tx.conn.execute(select(lines))},
        tx.conn.scalar(select(switches.c.habits)),
        [(row.number, row.contact, row.until) for row in tx.conn.execute(select(registrations))],
    )


def _end_all(tx: Tx, now: int) -> None:
    open_ones = tx.conn.execute(select(calls).where(calls.c.ended_at.is_(None)).order_by(calls.c.id)).all()
    ended = {"state": CallState.ENDED.value, "ended_at": now, "outcome": RESTARTED}
    tx.conn.execute(update(calls).where(calls.c.ended_at.is_(None)).values(ended))
    for row in open_ones:
        told = {"call_id": str(row.id), "direction": row.direction, "outcome": RESTARTED}
        tx.record(now, "call.ended", row.number, **told, status=None, cause=None)


class Saving:
    """A turn's changes as a unit of work; it is read when it is made, since the calls go on meanwhile."""

    def __init__(self, turn: Turn) -> None:
        self._begun = [_row(entry) for entry in turn.begun]
        self._changed = [{"key": entry.id, **_row(entry)} for entry in turn.changed.values()]
        self._events = turn.events

    def __bool__(self) -> bool:
        return bool(self._begun or self._changed or self._events)

    def __call__(self, tx: Tx) -> None:
        """Store the changes and record the events."""
        if self._begun:
            tx.conn.execute(insert(calls), self._begun)
            for number in {row["number"] for row in self._begun}:
                _prune(tx, number)
        if self._changed:
            tx.conn.execute(_change, self._changed)
        for at, event, subject, data in self._events:
            tx.record(at, event, subject, **data)


def _prune(tx: Tx, number: str) -> None:
    own = calls.c.number == number
    oldest = tx.conn.scalar(select(calls.c.id).where(own).order_by(calls.c.id.desc()).offset(KEPT).limit(1))
    if oldest is not None:
        tx.conn.execute(delete(calls).where(own, calls.c.id <= oldest, calls.c.ended_at.is_not(None)))


def of_number(tx: Tx, number: str, after: int = 0) -> list[Entry]:
    """Return the calls of a number with ids above `after`, oldest first."""
    wanted = select(calls).where(calls.c.number == number, calls.c.id > after).order_by(calls.c.id)
    return [_entry(row) for row in tx.conn.execute(wanted)]


def find(tx: Tx, number: str, entry_id: int) -> Entry | None:
    """Return one call of a number; None if there is none."""
    row = tx.conn.execute(select(calls).where(calls.c.number == number, calls.c.id == entry_id)).one_or_none()
    return None if row is None else _entry(row)


def put_voice(tx: Tx, number: str, voice: Voice) -> None:
    """Keep what a number does with calls."""
    tx.conn.execute(delete(lines).where(lines.c.number == number))
    tx.conn.execute(insert(lines).values(number=number, voice=asdict(voice)))


def put_habits(tx: Tx, habits: Mapping[str, Any]) -> None:
    """Keep what was set of the switch over HTTP."""
    tx.conn.execute(delete(switches))
    tx.conn.execute(insert(switches).values(id=1, habits=dict(habits)))


def put_registration(tx: Tx, number: str, contact: str | None, until: int) -> None:
    """Keep where a phone is until a real instant; None forgets it."""
    tx.conn.execute(delete(registrations).where(registrations.c.number == number))
    if contact is not None:
        tx.conn.execute(insert(registrations).values(number=number, contact=contact, until=until))


def _row(entry: Entry) -> dict[str, Any]:
    return {**asdict(entry), "state": entry.state.value}


def _entry(row: Any) -> Entry:
    entry = Entry(**row._asdict())
    entry.state = CallState(row.state)
    return entry


def _voice(stored: Mapping[str, Any]) -> Voice:
    voice = Voice(**stored)
    return replace(voice, behaviour=CallBehaviour(stored["behaviour"]))
