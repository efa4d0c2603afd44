"""The identification codes that were ever given out, and which of them are in force. Runs in units of work.

A code is in force from its making until it is taken back (void) or its contract ends (ended). The operators' registers
are to have an open entry for each code in force that they acknowledged, and for no other (I7).
"""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, bindparam, func, insert, select, update

from gateway.identification.tables import codes
from smsc_emulator.base.database import Tx
from smsc_emulator.base.statements import Statement

OverBy = Literal["void", "ended", "missing", "unannounced"]
"""Why a code is in force no more: it was taken back; the operator told that its contract ended; it is not in the
operator's register; it is not, and the operator has not told of it in time."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was given out. Instants are lab time in milliseconds."""

    code: str
    attempt_id: str
    service_id: str
    phone_number: str
    operator_id: str
    request_id: str
    issued_at: int
    entered_at: int | None = None
    """When the operator acknowledged it."""
    seen_at: int | None = None
    """When the operator listed it last."""
    over_at: int | None = None
    """Since when it is in force no more."""
    over_by: OverBy | None = None


_ADD = Statement(insert(codes))
_FIND = Statement(select(codes).where(codes.c.code == bindparam("its_code")))
_OF_REQUEST = Statement(select(codes).where(codes.c.request_id == bindparam("its_request")))
_ENTERED = Statement(update(codes).where(codes.c.code == bindparam("its_code"), codes.c.entered_at.is_(None)))


def add(tx: Tx, new: Code) -> None:
    """Write a new code; the database refuses one that was ever given out."""
    _ADD.run(tx, {name: getattr(new, name) for name in Code.__dataclass_fields__})


def find(tx: Tx, code: str) -> Code | None:
    """Return a code that was given out, or None."""
    row = _FIND.first(tx, its_code=code)
    return None if row is None else _code(row)


def of_request(tx: Tx, request_id: str) -> Code | None:
    """Return the code that goes with a query, or None."""
    row = _OF_REQUEST.first(tx, its_request=request_id)
    return None if row is None else _code(row)


def entered(tx: Tx, now: int, code: str) -> None:
    """Note that the operator has the code in its register."""
    _ENTERED.run(tx, {"its_code": code, "entered_at": now})


def over(tx: Tx, now: int, code: str, by: OverBy) -> bool:
    """Note that a code is in force no more; False if it was so before."""
    change = update(codes).where(codes.c.code == code, codes.c.over_at.is_(None)).values(over_at=now, over_by=by)
    return tx.conn.execute(change).rowcount == 1


def ended(tx: Tx, now: int, code: str) -> None:
    """Note that the operator told of the end of a code's contract, also of a code that it had left out before."""
    untold = codes.c.over_at.is_(None) | codes.c.over_by.in_(["missing", "unannounced"])
    told = {"over_at": func.coalesce(codes.c.over_at, now), "over_by": "ended"}
    tx.conn.execute(update(codes).where(codes.c.code == code, untold).values(told))


def seen(tx: Tx, now: int, code: str) -> None:
    """Note that the operator listed the code."""
    tx.conn.execute(update(codes).where(codes.c.code == code).values(seen_at=now))


def not_seen(tx: Tx, operator_id: str, since: int) -> list[Code]:
    """Return the codes in force that an operator acknowledged before `since` and has not listed from then on."""
    acknowledged = (codes.c.operator_id == operator_id) & codes.c.over_at.is_(None) & (codes.c.entered_at < since)
    unseen = codes.c.seen_at.is_(None) | (codes.c.seen_at < since)
    return [_code(row) for row in tx.conn.execute(select(codes).where(acknowledged, unseen).order_by(codes.c.code))]


def unannounced(tx: Tx, operator_id: str, before: int) -> list[Code]:
    """Return the codes that an operator was found not to have before that instant, and has not told of."""
    missed = (codes.c.operator_id == operator_id) & (codes.c.over_by == "missing") & (codes.c.over_at < before)
    return [_code(row) for row in tx.conn.execute(select(codes).where(missed).order_by(codes.c.code))]


def put_down(tx: Tx, code: str) -> None:
    """Note that it is on record that the operator has not told of a code's end."""
    tx.conn.execute(update(codes).where(codes.c.code == code).values(over_by="unannounced"))


def _code(row: Row[Any]) -> Code:
    return Code(**row._mapping)
