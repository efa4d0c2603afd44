"""What is on record of attempts, bindings and verdicts not accepted. Every function runs in a unit of work."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, insert, select

from confirm import store as confirmation_store
from gateway.identification import bindings as binding
from gateway.identification.attempt import TERMINAL, Attempt, Cause, Outcome, Reason, State, Verdict
from gateway.identification.bindings import Binding
from gateway.identification.tables import attempts, bindings, dead_letters
from smsc_emulator.base.database import Tx
from smsc_emulator.base.records import Group, Records
from smsc_emulator.base.statements import Statement


def _attempt(columns: Mapping[str, Any]) -> Attempt:
    values = dict(columns)
    values["state"] = State(values["state"])
    values["reason"] = None if values["reason"] is None else Reason(values["reason"])
    values["cause"] = Cause(values["cause"])
    return Attempt(**values)


def _binding(columns: Mapping[str, Any]) -> Binding:
    values = dict(columns)
    values["state"] = binding.State(values["state"])
    values["basis"] = binding.Basis(values["basis"])
    values["cause"] = None if values["cause"] is None else Cause(values["cause"])
    return Binding(**values)


ATTEMPTS = Records(attempts, Attempt, read=_attempt)
# The database refuses a second active binding of a service and number: one goes before the other comes.
BINDINGS = Records(bindings, Binding, read=_binding, in_order=True)

save, find = ATTEMPTS.save, ATTEMPTS.find
add_binding, save_binding, find_binding = BINDINGS.add, BINDINGS.save, BINDINGS.find

# What each step of an attempt runs is put together once: that costs more than running it.
_NEXT_DUE = Statement(select(func.min(attempts.c.due_at)))
_UNDER_WAY = Group(
    ATTEMPTS,
    ATTEMPTS.selected.where(
        attempts.c.service_id == bindparam("service_id"), attempts.c.phone_number == bindparam("phone_number")
    )
    .where(and_(*(attempts.c.state != state for state in sorted(TERMINAL))))
    .order_by(attempts.c.created_at),
    "service_id",
    "phone_number",
)
_STANDING = Group(
    BINDINGS,
    BINDINGS.selected.where(
        bindings.c.service_id == bindparam("service_id"), bindings.c.phone_number == bindparam("phone_number")
    ),
    "service_id",
    "phone_number",
)
_NEXT_OVERDUE = Statement(select(func.min(bindings.c.due_at)), remember=True)


def add(tx: Tx, attempt: Attempt) -> None:
    """Write a new attempt."""
    ATTEMPTS.add(tx, attempt)
    confirmation_store.owns_none(tx, attempt.id)


def under_way(tx: Tx, service_id: str, phone_number: str) -> list[Attempt]:
    """Return the service's attempts with a number that are not over."""
    return _UNDER_WAY.of(tx, lambda attempt: not attempt.state.over, service_id, phone_number)


def confirmation_ids(tx: Tx, attempt: Attempt) -> Sequence[str]:
    """Return the ids of all confirmations that the attempt has had."""
    return confirmation_store.owned_by(tx, attempt.id, attempt.service_id, attempt.phone_number)


def next_due(tx: Tx) -> int | None:
    """Return the earliest deadline, or None."""
    due: int | None = _NEXT_DUE.value(tx)
    return due


def due(tx: Tx, now: int, limit: int) -> list[Attempt]:
    """Return up to `limit` attempts whose deadline has come by `now`, oldest first."""
    query = ATTEMPTS.selected.where(attempts.c.due_at <= now).order_by(attempts.c.due_at, attempts.c.id).limit(limit)
    query = query.with_for_update(skip_locked=True)  # another node has those
    return ATTEMPTS.all(tx, tx.conn.execute(query))


def waiting_at(tx: Tx, operator_id: str, phone_number: str) -> list[Attempt]:
    """Return the attempts of all services that wait for an operator's answer about a number, or for its register."""
    waits = attempts.c.state.in_([State.PENDING, State.REGISTERING])
    at_it = (attempts.c.phone_number == phone_number) & (attempts.c.operator_id == operator_id)
    return ATTEMPTS.all(tx, tx.conn.execute(ATTEMPTS.selected.where(at_it, waits).order_by(attempts.c.id)))


def last_refusal(tx: Tx, service_id: str, user_id: str, phone_number: str) -> Attempt | None:
    """Return the youngest attempt of a user with a number, if it was refused."""
    c = attempts.c
    mine = (c.service_id == service_id) & (c.user_id == user_id) & (c.phone_number == phone_number)
    query = ATTEMPTS.selected.where(mine, c.state.in_(TERMINAL)).order_by(c.updated_at.desc(), c.created_at.desc())
    found = _one_attempt(tx, query.limit(1))
    return found if found is not None and found.state is State.REFUSED else None


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
    query = BINDINGS.selected.where(bindings.c.service_id == service_id)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(bindings.c[name] == value)
    closed = bindings.c.state == binding.State.CLOSED
    query = query.order_by(closed, bindings.c.created_at.desc(), bindings.c.id).limit(limit)
    return BINDINGS.all(tx, tx.conn.execute(query))


def standing(tx: Tx, service_id: str, phone_number: str) -> list[Binding]:
    """Return a service's bindings of a number that are not closed, the youngest first."""
    found = _STANDING.of(tx, lambda one: one.stands, service_id, phone_number)
    return sorted(found, key=lambda one: (-one.created_at, one.id))


def of_code(tx: Tx, service_id: str, code: str) -> Binding | None:
    """Return the service's binding that an identification code stands for, or None."""
    mine = (bindings.c.service_id == service_id) & (bindings.c.identification_code == code)
    row = tx.conn.execute(BINDINGS.selected.where(mine)).first()
    return None if row is None else BINDINGS.of(tx, row)


def next_overdue(tx: Tx) -> int | None:
    """Return when the earliest re-check has to be over, or None."""
    due: int | None = _NEXT_OVERDUE.value(tx)
    return due


def overdue(tx: Tx, now: int, limit: int) -> list[Binding]:
    """Return up to `limit` bindings whose users should have been identified again by `now`, oldest first."""
    query = BINDINGS.selected.where(bindings.c.due_at <= now).order_by(bindings.c.due_at, bindings.c.id).limit(limit)
    return BINDINGS.all(tx, tx.conn.execute(query))


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
    return None if row is None else ATTEMPTS.of(tx, row)
