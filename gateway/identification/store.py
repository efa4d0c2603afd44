"""The tables of attempts, bindings and verdicts not accepted, and their queries. Every function runs in a unit."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Row,
    Select,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)

from confirm.store import confirmations
from gateway.identification import bindings as binding
from gateway.identification.attempt import TERMINAL, Attempt, Outcome, Reason, State, Verdict
from gateway.identification.bindings import Binding
from smsc_emulator.base.database import Tx, metadata

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("user_id", String(128), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("profile", String(32), nullable=False, comment="in force at the start"),
    Column("created_at", BigInteger, nullable=False, comment="lab time, ms, as all instants here"),
    Column("updated_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("due_at", BigInteger, index=True, comment="deadline of the state"),
    Column("confirmation_id", String(32)),
    Column("operator_id", String(32)),
    Column("request_id", String(32), unique=True),
    Column("result", String(8), comment="PRESENT or ABSENT"),
    Column("answered_at", BigInteger),
    Column("as_of", BigInteger, comment="by the operator's clock"),
    Column("identification_code", String(32), unique=True, comment="never used again"),
    Column("entry_id", String(64), comment="in the operator's register"),
    Column("binding_id", String(32)),
    Index("ix_attempts_number", "service_id", "phone_number"),
)

bindings = Table(
    "bindings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("user_id", String(128), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("attempt_id", String(32), nullable=False),
    Column("operator_id", String(32), nullable=False),
    Column("request_id", String(32), nullable=False),
    Column("identification_code", String(32), nullable=False, unique=True),
    Column("entry_id", String(64)),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("basis", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Index("ix_bindings_user", "service_id", "user_id"),
    Index("ix_bindings_number", "service_id", "phone_number"),
)
_ACTIVE = bindings.c.state == binding.State.ACTIVE.value
Index(
    "ux_bindings_active",
    bindings.c.service_id,
    bindings.c.phone_number,
    unique=True,
    sqlite_where=_ACTIVE,
    postgresql_where=_ACTIVE,
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("received_at", BigInteger, nullable=False, index=True),
    Column("outcome", String(16), nullable=False, comment="late, repeated or foreign"),
    Column("operator_id", String(32), nullable=False, comment="who sent it"),
    Column("request_id", String(64), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("result", String(8), nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("attempt_id", String(32), comment="NULL: the sender was not asked this"),
)

# What each step of an attempt runs is put together once: that costs more than running it.
_ADD = insert(attempts)
_SAVE = update(attempts).where(attempts.c.id == bindparam("its_id"))
_FIND = select(attempts).where(attempts.c.id == bindparam("its_id"))
_NEXT_DUE = select(func.min(attempts.c.due_at))


def add(tx: Tx, attempt: Attempt) -> None:
    """Write a new attempt."""
    tx.conn.execute(_ADD, asdict(attempt))


def save(tx: Tx, attempt: Attempt) -> None:
    """Write what has become of an attempt."""
    tx.conn.execute(_SAVE, {**asdict(attempt), "its_id": attempt.id})


def find(tx: Tx, attempt_id: str) -> Attempt | None:
    """Return the attempt, or None."""
    row = tx.conn.execute(_FIND, {"its_id": attempt_id}).first()
    return None if row is None else _attempt(row)


def of_request(tx: Tx, request_id: str) -> Attempt | None:
    """Return the attempt that asked an operator with `request_id`, or None."""
    return _one_attempt(tx, select(attempts).where(attempts.c.request_id == request_id))


def under_way(tx: Tx, service_id: str, phone_number: str) -> list[Attempt]:
    """Return the service's attempts with a number that are not over."""
    of_number = (attempts.c.service_id == service_id) & (attempts.c.phone_number == phone_number)
    query = select(attempts).where(of_number, attempts.c.state.not_in(TERMINAL)).order_by(attempts.c.created_at)
    return [_attempt(row) for row in tx.conn.execute(query)]


def confirmation_ids(tx: Tx, attempt: Attempt) -> list[str]:
    """Return the ids of all confirmations that the attempt has had."""
    c = confirmations.c
    of_number = (c.service_id == attempt.service_id) & (c.phone_number == attempt.phone_number)
    return list(tx.conn.execute(select(c.id).where(of_number, c.owner == attempt.id)).scalars())


def next_due(tx: Tx) -> int | None:
    """Return the earliest deadline, or None."""
    due: int | None = tx.conn.execute(_NEXT_DUE).scalar()
    return due


def due(tx: Tx, now: int, limit: int) -> list[Attempt]:
    """Return up to `limit` attempts whose deadline has come by `now`, oldest first."""
    query = select(attempts).where(attempts.c.due_at <= now).order_by(attempts.c.due_at, attempts.c.id).limit(limit)
    query = query.with_for_update(skip_locked=True)  # another node has those
    return [_attempt(row) for row in tx.conn.execute(query)]


def code_is_taken(tx: Tx, code: str) -> bool:
    """Whether an identification code has ever been given out."""
    return tx.conn.execute(select(attempts.c.id).where(attempts.c.identification_code == code)).first() is not None


def add_binding(tx: Tx, new: Binding) -> None:
    """Write a new binding; the database refuses a second active one of a service and number."""
    tx.conn.execute(insert(bindings).values(asdict(new)))


def save_binding(tx: Tx, changed: Binding) -> None:
    """Write what has become of a binding."""
    tx.conn.execute(update(bindings).where(bindings.c.id == changed.id).values(asdict(changed)))


def find_binding(tx: Tx, binding_id: str) -> Binding | None:
    """Return the binding, or None."""
    row = tx.conn.execute(select(bindings).where(bindings.c.id == binding_id)).first()
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
    """Return a service's bindings, of one user, of one number or in one state if given, the youngest first."""
    wanted = {"user_id": user_id, "phone_number": phone_number, "state": state}
    query = select(bindings).where(bindings.c.service_id == service_id)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(bindings.c[name] == value)
    query = query.order_by(bindings.c.created_at.desc(), bindings.c.id).limit(limit)
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
    return Attempt(**values)


def _binding(row: Row[Any]) -> Binding:
    values = dict(row._mapping)
    values["state"] = binding.State(values["state"])
    values["basis"] = binding.Basis(values["basis"])
    return Binding(**values)
