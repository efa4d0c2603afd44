"""Breaches: who did what a rule asks too late, or not at all. A record, and no error: nothing is refused for it (S10).

Runs in units of work. Instants are lab time in milliseconds.
"""

from dataclasses import asdict
from typing import Any, Literal

from sqlalchemy import insert, select

from gateway.identification.tables import breaches as table
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import iso
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.frozen import frozen

Side = Literal["operator", "service", "gateway"]

T_NOTICE, T_RECHECK = "T_notice", "T_recheck"
"""The timers whose breaches are on record here (identification, 3.3). An operator's T_op is in its own journal."""


@frozen
class Breach:
    """One breach."""

    id: str
    at: int
    """When it was put on record."""
    rule: str
    side: Side
    party: str
    """The operator or the service; `gateway` for the gateway itself."""
    subject: str
    """What it is about: a notice, a binding."""
    due_at: int | None
    """When it should have happened; None if that is not known."""
    happened_at: int


class Breaches:
    """Puts breaches on record. `randomness` names them."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness

    def record(
        self, tx: Tx, now: int, rule: str, side: Side, party: str, subject: str, due_at: int | None, happened_at: int
    ) -> Breach:
        """Put a breach on record."""
        breach = Breach(f"bre_{self._randomness.token(20)}", now, rule, side, party, subject, due_at, happened_at)
        tx.conn.execute(insert(table).values(asdict(breach)))
        tx.record(now, "breach.recorded", breach.id, **snapshot(breach))
        return breach


def page(tx: Tx, limit: int = 1000) -> list[Breach]:
    """Return the youngest breaches, the latest first."""
    query = select(table).order_by(table.c.at.desc(), table.c.id).limit(limit)
    return [Breach(**row._mapping) for row in tx.conn.execute(query)]


def snapshot(breach: Breach) -> dict[str, Any]:
    """Return a breach as plain JSON."""
    return {
        "rule": breach.rule,
        "side": breach.side,
        "party": breach.party,
        "about": breach.subject,
        "due_at": None if breach.due_at is None else iso(breach.due_at),
        "happened_at": iso(breach.happened_at),
    }
