"""Bindings: that a user of a service is identified by a number. Pure.

An attempt lives minutes, a binding years. What a service may do for a user follows from the binding's state alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from gateway.identification.attempt import Attempt
from smsc_emulator.base.durations import iso


class State(StrEnum):
    """Where a binding stands."""

    ACTIVE = "ACTIVE"
    RECHECK = "RECHECK"
    """A notice or a change of data has come; the user is being identified again."""
    SUSPENDED = "SUSPENDED"
    """The re-check failed."""
    CLOSED = "CLOSED"
    """Another binding took its place, or the user is gone."""


class Basis(StrEnum):
    """What a binding stands on."""

    VERDICT = "verdict"
    """The operator's PRESENT."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The link of a service, a user and a number. Instants are lab time in milliseconds since 1970, UTC."""

    id: str
    service_id: str
    user_id: str
    phone_number: str
    attempt_id: str
    """The attempt that made it."""
    operator_id: str
    request_id: str
    """The query whose verdict it stands on."""
    identification_code: str
    entry_id: str | None
    """The line in the operator's register; None while the operator has not acknowledged it."""
    created_at: int
    updated_at: int
    basis: Basis = Basis.VERDICT
    state: State = State.ACTIVE
    reason: str | None = None
    """Why it is not active."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a user may send and receive messages, and why not."""

    may_send: bool
    reason: str | None = None


NONE = "NONE"
"""The state of a binding that does not exist."""

PERMISSIONS: Mapping[str, Permission] = {
    NONE: Permission(False, "not_identified"),
    State.ACTIVE: Permission(True),
    State.RECHECK: Permission(True),  # profile key service_during_recheck: allow
    State.SUSPENDED: Permission(False, "suspended"),
    State.CLOSED: Permission(False, "closed"),
}
"""What each state lets a user do."""

_PRECEDENCE = (State.ACTIVE, State.RECHECK, State.SUSPENDED, State.CLOSED)


def activate(attempt: Attempt, binding_id: str, now: int) -> Binding:
    """Return the binding that an attempt with a positive verdict makes."""
    operator_id, request_id, code = attempt.operator_id, attempt.request_id, attempt.identification_code
    if attempt.result != "PRESENT" or operator_id is None or request_id is None or code is None:
        raise ValueError(f"{attempt.id} has no positive verdict to stand on")
    return Binding(
        id=binding_id,
        service_id=attempt.service_id,
        user_id=attempt.user_id,
        phone_number=attempt.phone_number,
        attempt_id=attempt.id,
        operator_id=operator_id,
        request_id=request_id,
        identification_code=code,
        entry_id=attempt.entry_id,
        created_at=now,
        updated_at=now,
    )


def close(binding: Binding, now: int, reason: str) -> Binding:
    """Return the binding closed for good."""
    return replace(binding, state=State.CLOSED, reason=reason, updated_at=now)


def deciding(bindings: Iterable[Binding]) -> Binding | None:
    """Return the one of a user's bindings that decides what he may do: the most permissive, of those the youngest."""
    return min(bindings, key=lambda one: (_PRECEDENCE.index(one.state), -one.created_at), default=None)


def snapshot(binding: Binding) -> dict[str, Any]:
    """Return what notices show of a binding, as plain JSON: everything but its identification code."""
    return {
        "id": binding.id,
        "service_id": binding.service_id,
        "user_id": binding.user_id,
        "phone_number": binding.phone_number,
        "state": binding.state.value,
        "reason": binding.reason,
        "basis": binding.basis.value,
        "operator_id": binding.operator_id,
        "identification_id": binding.attempt_id,
        "entry_id": binding.entry_id,
        "created_at": iso(binding.created_at),
        "updated_at": iso(binding.updated_at),
    }
