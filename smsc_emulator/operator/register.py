"""The register of identification codes: which service, under which code, was recorded for which number (S08, S15).

An entry is opened once and ended once, never edited (identification, 3.2). Runs inside units of work.
"""

from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Row

from smsc_emulator.base.database import Tx
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen
from smsc_emulator.operator.store import register_entries as entries

OPEN, ENDED, VOID = "OPEN", "ENDED", "VOID"

_ADD = Statement(insert(entries))
_SAME_REQUEST = (entries.c.operator_id == bindparam("operator_id")) & (entries.c.request_id == bindparam("request_id"))
_OF_REQUEST = Statement(select(entries).where(_SAME_REQUEST))
_OF_CODE = Statement(
    select(entries).where(entries.c.operator_id == bindparam("its_operator"), entries.c.code == bindparam("its_code"))
)
_END = Statement(update(entries).where(entries.c.entry_id == bindparam("its_id")))
_SAME = Statement(select(entries).where((entries.c.code == bindparam("its_code")) | _SAME_REQUEST))


class EntryConflictError(Exception):
    """The code, or the request, is in the register with other data."""


@frozen
class Handover:
    """A code that the gateway hands over."""

    code: str
    request_id: str
    phone_number: str
    service_id: str
    service_name: str


@frozen
class Entry:
    """A line of the register; instants are lab time."""

    entry_id: str
    operator_id: str
    request_id: str
    phone_number: str
    service_id: str
    service_name: str
    code: str
    state: str
    opened_at: int
    ended_at: int | None
    reason: str | None


def open_entry(tx: Tx, now: int, operator_id: str, handover: Handover, new_id: str) -> Entry:
    """Open an entry, by the id `new_id`, or return the one that this hand-over opened before, in whatever state it is.

    Raises EntryConflictError if the code or the request is in the register with other data: codes are never reused.
    """
    known = _by_code_or_request(tx, operator_id, handover)
    if known is not None:
        if (known.operator_id, _handed_over(known)) != (operator_id, handover):
            raise EntryConflictError("the code or the request is in the register with other data")
        return known
    row = {field: getattr(handover, field) for field in Handover.__dataclass_fields__}
    row |= {"entry_id": new_id, "operator_id": operator_id, "state": OPEN, "opened_at": now}
    _ADD.later(tx, row)
    told = {"phone_number": handover.phone_number, "service_id": handover.service_id}
    tx.record(now, "register.opened", new_id, operator_id=operator_id, **told)
    return Entry(**row, ended_at=None, reason=None)


def code_of(tx: Tx, operator_id: str, request_id: str) -> str | None:
    """Return the code that a request has in the register, or None."""
    row = _OF_REQUEST.first(tx, operator_id=operator_id, request_id=request_id)
    return None if row is None else str(row.code)


def void(tx: Tx, now: int, operator_id: str, code: str, reason: str) -> str | None:
    """Void the open entry of `code` and return its id; None if this operator has no such entry.

    An entry that is over stays as it is.
    """
    row = _OF_CODE.first(tx, its_operator=operator_id, its_code=code)
    if row is None:
        return None
    if row.state == OPEN:
        _END.later(tx, {"its_id": row.entry_id, "state": VOID, "ended_at": now, "reason": reason})
        told = {"phone_number": row.phone_number, "service_id": row.service_id, "reason": reason}
        tx.record(now, "register.voided", row.entry_id, operator_id=operator_id, **told)
    return str(row.entry_id)


def end(tx: Tx, now: int, operator_id: str, phone_number: str, reason: str) -> list[Entry]:
    """End a number's open entries at this operator, since its contract is over, and return them as they were."""
    open_ = (entries.c.operator_id == operator_id) & (entries.c.phone_number == phone_number)
    open_ &= entries.c.state == OPEN
    rows = tx.conn.execute(select(entries).where(open_).order_by(entries.c.opened_at, entries.c.entry_id)).all()
    for row in rows:
        _END.later(tx, {"its_id": row.entry_id, "state": ENDED, "ended_at": now, "reason": reason})
        told = {"phone_number": phone_number, "service_id": row.service_id, "reason": reason}
        tx.record(now, "register.ended", row.entry_id, operator_id=operator_id, **told)
    return [_entry(row) for row in rows]


def open_page(tx: Tx, operator_id: str, after: str | None, limit: int) -> list[Entry]:
    """Return up to `limit` open entries of an operator, in the order of their ids, after the id `after`."""
    wanted = select(entries).where(entries.c.operator_id == operator_id, entries.c.state == OPEN)
    if after is not None:
        wanted = wanted.where(entries.c.entry_id > after)
    return [_entry(row) for row in tx.conn.execute(wanted.order_by(entries.c.entry_id).limit(limit))]


def page(tx: Tx, operator_id: str, phone_number: str | None, *, limit: int = 1000) -> list[Entry]:
    """Return an operator's entries, oldest first, of one number if it is given: S08, the services of a number."""
    wanted = select(entries).where(entries.c.operator_id == operator_id)
    if phone_number is not None:
        wanted = wanted.where(entries.c.phone_number == phone_number)
    rows = tx.conn.execute(wanted.order_by(entries.c.opened_at, entries.c.entry_id).limit(limit))
    return [_entry(row) for row in rows]


def _by_code_or_request(tx: Tx, operator_id: str, handover: Handover) -> Entry | None:
    row = _SAME.first(tx, its_code=handover.code, operator_id=operator_id, request_id=handover.request_id)
    return None if row is None else _entry(row)


def _handed_over(entry: Entry) -> Handover:
    return Handover(**{field: getattr(entry, field) for field in Handover.__dataclass_fields__})


def _entry(row: Row[Any]) -> Entry:
    return Entry(**row._mapping)
