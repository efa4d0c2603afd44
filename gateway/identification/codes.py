"""The identification codes that were ever given out, and which of them are in force. Runs in units of work.

A code is in force from its making until it is taken back (void) or its contract ends (ended). The operators' registers
are to have an open entry for each code in force that they acknowledged, and for no other (I7).
"""

from typing import Literal

from sqlalchemy import bindparam

from gateway.identification.tables import codes
from smsc_emulator.base.database import Tx
from smsc_emulator.base.records import Records
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen, replace

OverBy = Literal["void", "ended", "missing", "unannounced"]
"""Why a code is in force no more: it was taken back; the operator told that its contract ended; it is not in the
operator's register; it is not, and the operator has not told of it in time."""


@frozen
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


CODES = Records(codes, Code, key="code")
find = CODES.find
OF_REQUEST = "code of the request"
"""The kind of what is known of requests: the code that goes with one."""
_OF_REQUEST = Statement(CODES.selected.where(codes.c.request_id == bindparam("its_request")))


def add(tx: Tx, new: Code) -> None:
    """Write a new code; the database refuses one that was ever given out."""
    CODES.add(tx, new)
    tx.known[OF_REQUEST, new.request_id] = new.code


def of_request(tx: Tx, request_id: str) -> Code | None:
    """Return the code that goes with a query, or None."""
    known: str | None = tx.known.get((OF_REQUEST, request_id))
    if known is not None:
        return find(tx, known)
    row = _OF_REQUEST.first(tx, its_request=request_id)
    return None if row is None else CODES.of(tx, row)


def entered(tx: Tx, now: int, code: str) -> None:
    """Note that the operator has the code in its register."""
    known = find(tx, code)
    if known is not None and known.entered_at is None:
        CODES.save(tx, replace(known, entered_at=now))


def over(tx: Tx, now: int, code: str, by: OverBy) -> bool:
    """Note that a code is in force no more; False if it was so before."""
    known = find(tx, code)
    if known is None or known.over_at is not None:
        return False
    CODES.save(tx, replace(known, over_at=now, over_by=by))
    return True


def ended(tx: Tx, now: int, code: str) -> None:
    """Note that the operator told of the end of a code's contract, also of a code that it had left out before."""
    known = find(tx, code)
    if known is not None and (known.over_at is None or known.over_by in ("missing", "unannounced")):
        over_at = now if known.over_at is None else known.over_at
        CODES.save(tx, replace(known, over_at=over_at, over_by="ended"))


def seen(tx: Tx, now: int, code: str) -> None:
    """Note that the operator listed the code."""
    known = find(tx, code)
    if known is not None:
        CODES.save(tx, replace(known, seen_at=now))


def not_seen(tx: Tx, operator_id: str, since: int) -> list[Code]:
    """Return the codes in force that an operator acknowledged before `since` and has not listed from then on."""
    acknowledged = (codes.c.operator_id == operator_id) & codes.c.over_at.is_(None) & (codes.c.entered_at < since)
    unseen = codes.c.seen_at.is_(None) | (codes.c.seen_at < since)
    return CODES.all(tx, tx.conn.execute(CODES.selected.where(acknowledged, unseen).order_by(codes.c.code)))


def unannounced(tx: Tx, operator_id: str, before: int) -> list[Code]:
    """Return the codes that an operator was found not to have before that instant, and has not told of."""
    missed = (codes.c.operator_id == operator_id) & (codes.c.over_by == "missing") & (codes.c.over_at < before)
    return CODES.all(tx, tx.conn.execute(CODES.selected.where(missed).order_by(codes.c.code)))


def put_down(tx: Tx, code: str) -> None:
    """Note that it is on record that the operator has not told of a code's end."""
    known = find(tx, code)
    if known is not None:
        CODES.save(tx, replace(known, over_by="unannounced"))
