"""What is on record of attempts, bindings and verdicts not accepted. Every function runs in a unit of work."""

from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, insert, select, update

from confirm.store import confirmations
from gateway.identification import bindings as binding
from gateway.identification.attempt import TERMINAL, Attempt, Cause, Outcome, Reason, State, Verdict
from gateway.identification.bindings import Binding
from gateway.identification.tables import attempts, bindings, dead_letters
from smsc_emulator.base.database import Tx
from smsc_emulator.base.statements import Columns, Statement

# What each step of an attempt runs is put together once: that costs more than running it.
_COLUMNS, _BINDING = Columns(Attempt), Columns(Binding)
_ADD = Statement(insert(attempts))
_SAVE = Statement(update(attempts).where(attempts.c.id == bindparam("its_id")))
_FIND = Statement(select(attempts).where(attempts.c.id == bindparam("its_id")))
_NEXT_DUE = Statement(select(func.min(attempts.c.due_at)))
_UNDER_WAY = Statement(
    select(attempts)
    .where(attempts.c.service_id == bindparam("service_id"), attempts.c.phone_number == bindparam("phone_number"))
    .where(and_(*(attempts.c.state != state for state in sorted(TERMINAL))))
    .order_by(attempts.c.created_at)
)
_CONFIRMATIONS = Statement(
    select(confirmations.c.id).where(
        confirmations.c.service_id == bindparam("service_id"),
        confirmations.c.phone_number == bindparam("phone_number"),
        confirmations.c.owner == bindparam("its_owner"),
    )
)
_ADD_BINDING = Statement(insert(bindings))
_SAVE_BINDING = Statement(update(bindings).where(bindings.c.id == bindparam("its_id")))
_FIND_BINDING = Statement(select(bindings).where(bindings.c.id == bindparam("its_id")))
_STANDING = Statement(
    select(bindings)
    .where(bindings.c.service_id == bindparam("service_id"), bindings.c.phone_number == bindparam("phone_number"))
    .order_by(bindings.c.created_at.desc(), bindings.c.id)
)
_NEXT_OVERDUE = Statement(select(func.min(bindings.c.due_at)))


def add(tx: Tx, attempt: Attempt) -> None:
    """Write a new attempt."""
    _ADD.run(tx, _COLUMNS.all(attempt))
    tx.known["attempt", attempt.id] = attempt


def save(tx: Tx, attempt: Attempt) -> None:
    """Write what has become of an attempt."""
    known = tx.known.get(("attempt", attempt.id))
    changed = _COLUMNS.all(attempt) if known is None else _COLUMNS.changed(known, attempt)
    if changed:
        _SAVE.run(tx, {**changed, "its_id": attempt.id})
    tx.known["attempt", attempt.id] = attempt


def find(tx: Tx, attempt_id: str) -> Attempt | None:
    """Return the attempt, or None."""
    known: Attempt | None = tx.known.get(("attempt", attempt_id))
    if known is None and (row := _FIND.first(tx, its_id=attempt_id)) is not None:
        known = tx.known["attempt", attempt_id] = _attempt(row)
    return known


def under_way(tx: Tx, service_id: str, phone_number: str) -> list[Attempt]:
    """Return the service's attempts with a number that are not over."""
    return [_attempt(row) for row in _UNDER_WAY.all(tx, service_id=service_id, phone_number=phone_number)]


def confirmation_ids(tx: Tx, attempt: Attempt) -> list[str]:
    """Return the ids of all confirmations that the attempt has had."""
    of_number = {"service_id": attempt.service_id, "phone_number": attempt.phone_number}
    return [row.id for row in _CONFIRMATIONS.all(tx, **of_number, its_owner=attempt.id)]


def next_due(tx: Tx) -> int | None:
    """Return the earliest deadline, or None."""
    due: int | None = _NEXT_DUE.value(tx)
    return due


def due(tx: Tx, now: int, limit: int) -> list[Attempt]:
    """Return up to `limit` attempts whose deadline has come by `now`, oldest first."""
    query = select(attempts).where(attempts.c.due_at <= now).order_by(attempts.c.due_at, attempts.c.id).limit(limit)
    query = query.with_for_update(skip_locked=True)  # another node has those
    return [_attempt(row) for row in tx.conn.execute(query)]


def waiting_at(tx: Tx, operator_id: str, phone_number: str) -> list[Attempt]:
    """Return the attempts of all services that wait for an operator's answer about a number, or for its register."""
    waits = attempts.c.state.in_([State.PENDING, State.REGISTERING])
    at_it = (attempts.c.phone_number == phone_number) & (attempts.c.operator_id == operator_id)
    return [_attempt(row) for row in tx.conn.execute(select(attempts).where(at_it, waits).order_by(attempts.c.id))]


def last_refusal(tx: Tx, service_id: str, user_id: str, phone_number: str) -> Attempt | None:
    """Return the youngest attempt of a user with a number, if it was refused."""
    c = attempts.c
    mine = (c.service_id == service_id) & (c.user_id == user_id) & (c.phone_number == phone_number)
    query = select(attempts).where(mine, c.state.in_(TERMINAL)).order_by(c.updated_at.desc(), c.created_at.desc())
    found = _one_attempt(tx, query.limit(1))
    return found if found is not None and found.state is State.REFUSED else None


def add_binding(tx: Tx, new: Binding) -> None:
    """Write a new binding; the database refuses a second active one of a service and number."""
    _ADD_BINDING.run(tx, _BINDING.all(new))


def save_binding(tx: Tx, changed: Binding) -> None:
    """Write what has become of a binding."""
    _SAVE_BINDING.run(tx, {**_BINDING.all(changed), "its_id": changed.id})


def find_binding(tx: Tx, binding_id: str) -> Binding | None:
    """Return the binding, or None."""
    row = _FIND_BINDING.first(tx, its_id=binding_id)
    return None if row is None else _binding(row)


def list_bindings(
    tx: Tx,
    service_id: str,
    *,
    user_id: str | None = None,
    phone_number: str | None = None,
    state: binding.State | None = None,
    limit: int | None = None,
) -> list[Binding]:
    """Return a service's bindings, of one user, of one number or in one state if given.

    The standing ones come first, and the youngest of either first: while the clock stands still, a binding and the one
    that took its place are of the same instant.
    """
    wanted = {"user_id": user_id, "phone_number": phone_number, "state": state}
    query = select(bindings).where(bindings.c.service_id == service_id)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(bindings.c[name] == value)
    closed = bindings.c.state == binding.State.CLOSED
    query = query.order_by(closed, bindings.c.created_at.desc(), bindings.c.id).limit(limit)
    return [_binding(row) for row in tx.conn.execute(query)]


def standing(tx: Tx, service_id: str, phone_number: str) -> list[Binding]:
    """Return a service's bindings of a number that are not closed, the youngest first."""
    found = map(_binding, _STANDING.all(tx, service_id=service_id, phone_number=phone_number))
    return [one for one in found if one.stands]


def of_code(tx: Tx, service_id: str, code: str) -> Binding | None:
    """Return the service's binding that an identification code stands for, or None."""
    mine = (bindings.c.service_id == service_id) & (bindings.c.identification_code == code)
    row = tx.conn.execute(select(bindings).where(mine)).first()
    return None if row is None else _binding(row)


def next_overdue(tx: Tx) -> int | None:
    """Return when the earliest re-check has to be over, or None."""
    due: int | None = _NEXT_OVERDUE.value(tx)
    return due


def overdue(tx: Tx, now: int, limit: int) -> list[Binding]:
    """Return up to `limit` bindings whose users should have been identified again by `now`, oldest first."""
    query = select(bindings).where(bindings.c.due_at <= now).order_by(bindings.c.due_at, bindings.c.id).limit(limit)
    return [_binding(row) for row in tx.conn.execute(query)]


def add_dead_letter(
    tx: Tx,
    letter_id: str,
    outcome: Outcome,
    operator_id: str,
    request_id: str,
    phone_number: str,
    verdict: Verdict,
    attempt_id: str | None,
) -> None:
    """Keep a verdict that was not accepted."""
    row = {
        "id": letter_id,
        "received_at": verdict.received_at,
        "outcome": outcome,
        "operator_id": operator_id,
        "request_id": request_id,
        "phone_number": phone_number,
        "result": verdict.result,
        "as_of": verdict.as_of,
        "attempt_id": attempt_id,
    }
    tx.conn.execute(insert(dead_letters).values(row))


def _one_attempt(tx: Tx, query: Select[Any]) -> Attempt | None:
    row = tx.conn.execute(query).first()
    return None if row is None else _attempt(row)


def _attempt(row: Row[Any]) -> Attempt:
    values = dict(row._mapping)
    values["state"] = State(values["state"])
    values["reason"] = None if values["reason"] is None else Reason(values["reason"])
    values["cause"] = Cause(values["cause"])
    return Attempt(**values)


def _binding(row: Row[Any]) -> Binding:
    values = dict(row._mapping)
    values["state"] = binding.State(values["state"])
    values["basis"] = binding.Basis(values["basis"])
    values["cause"] = None if values["cause"] is None else Cause(values["cause"])
    return Binding(**values)
