"""Ported numbers: who has a number now, where that is not the holder of its range. Runs inside units of work."""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select

from gateway.lookup.routing import NumberingPlan
from gateway.lookup.store import ported_numbers as ported
from smsc_emulator.base.database import Tx


def operator_of(tx: Tx, plan: NumberingPlan, phone_number: str) -> str | None:
    """Return the operator to ask about a number, or None if it is unroutable."""
    found = tx.conn.execute(select(ported.c.operator_id).where(ported.c.phone_number == phone_number))
    return plan.route(phone_number, found.scalar_one_or_none())


def move(tx: Tx, plan: NumberingPlan, phone_number: str, operator_id: str | None) -> None:
    """Note that `operator_id` has the number from now on; None, or the range's holder, ends its porting."""
    tx.conn.execute(delete(ported).where(ported.c.phone_number == phone_number))
    if operator_id is not None and operator_id != plan.holder(phone_number):
        tx.conn.execute(insert(ported).values(phone_number=phone_number, operator_id=operator_id))


def move_all(tx: Tx, plan: NumberingPlan, subscribers: Iterable[tuple[str, str]]) -> None:
    """Do what `move` does for many (number, operator) pairs, touching only the rows that differ."""
    known = {row.phone_number: row.operator_id for row in tx.conn.execute(select(ported))}
    for phone_number, operator_id in subscribers:
        wanted = operator_id if operator_id != plan.holder(phone_number) else None
        if known.get(phone_number) != wanted:
            move(tx, plan, phone_number, operator_id)
