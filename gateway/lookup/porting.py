"""Ported numbers: who has a number since when, where that is not the holder of its range. Runs inside units of work."""

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, insert, select

from gateway.lookup.routing import NumberingPlan, ResolveBy, Route
from gateway.lookup.store import ported_numbers as ported
from smsc_emulator.base.database import Tx
from smsc_emulator.base.statements import Statement

_NOBODY = ""
"""Stands for the operator of a number outside all ranges that is nobody's any more."""

_MOVES = Statement(
    select(ported.c.operator_id, ported.c.since)
    .where(ported.c.phone_number == bindparam("phone_number"))
    .order_by(ported.c.since.desc()),
    remember=True,
)
_EVER = 1 << 62
"""Later than all instants."""


def route(
    tx: Tx, now: int, plan: NumberingPlan, phone_number: str, resolve_by: ResolveBy = "current_operator"
) -> Route:
    """Return whom to ask about a number at `now`, by the plan and the moves that have taken place by then."""
    return plan.route(phone_number, _moved_to(tx, phone_number, now), resolve_by)


def move(tx: Tx, plan: NumberingPlan, phone_number: str, operator_id: str | None, *, since: int = 0) -> None:
    """Note that `operator_id` has the number from `since` on; None gives it back to its range's holder.

    What was noted for later instants is forgotten.
    """
    tx.conn.execute(delete(ported).where(ported.c.phone_number == phone_number, ported.c.since >= since))
    holder = plan.holder(phone_number)
    before = _moved_to(tx, phone_number)
    after = operator_id or holder
    if after != (before or holder):
        tx.conn.execute(insert(ported).values(phone_number=phone_number, since=since, operator_id=after or _NOBODY))


def move_all(tx: Tx, plan: NumberingPlan, subscribers: Iterable[tuple[str, str]]) -> None:
    """Do what `move` does for many (number, operator) pairs, touching only the rows that differ."""
    rows = tx.conn.execute(select(ported).order_by(ported.c.since))
    known = {row.phone_number: row.operator_id for row in rows}
    for phone_number, operator_id in subscribers:
        holder = plan.holder(phone_number)
        if (known.get(phone_number) or holder) != operator_id:
            move(tx, plan, phone_number, operator_id)


def _moved_to(tx: Tx, phone_number: str, now: int = _EVER) -> str | None:
    """Return where a number was moved to last, by `now` if it is given; None if that was never, or to nobody."""
    moves = (row.operator_id for row in _MOVES.all(tx, phone_number=phone_number) if row.since <= now)
    return next(moves, None) or None
