"""Bindings: that a user of a service is identified by a number. Pure.

An attempt lives minutes, a binding years. MOVES is its whole machine; what a service may do for a user follows from the
binding's state alone. A re-check has a deadline of its own here, so that a binding never stays in RECHECK, whatever
becomes of the attempts that are made for it. Instants are lab time in milliseconds since 1970, UTC.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from gateway.identification.attempt import Attempt, Cause, Mode, Reason
from smsc_emulator.base.durations import iso
from smsc_emulator.frozen import frozen, replace


class State(StrEnum):
    """Where a binding stands."""

    GRANDFATHERED = "GRANDFATHERED"
    """The user was there before the rules; whether that is enough is being found out (S09)."""
    ACTIVE = "ACTIVE"
    RECHECK = "RECHECK"
    """A notice or a change of data has come; the user is being identified again."""
    SUSPENDED = "SUSPENDED"
    """The re-check failed: nothing may be sent or received on any device (S12, S19). Content is untouched."""
    CLOSED = "CLOSED"
    """Another binding took its place, or the user is gone."""


class Basis(StrEnum):
    """What a binding stands on."""

    VERDICT = "verdict"
    """The operator's PRESENT."""
    MATCH = "match"
    """The operator's PRESENT, and what the user said of himself is what the contract says."""
    SELF = "self"
    """The service identified the user by itself (S32)."""
    SMS_ONLY = "sms_only"
    """The number was confirmed, and no more is asked for (S27)."""
    PERSONAL_ID = "personal_id"
    """The service verified the user by his personal id number, since his number may not be used (vn-147)."""
    OTHER_MEANS = "other_means"
    """The service verified the user by something else than his number (by-850)."""
    EXEMPT = "exempt"
    """The rules do not reach the user, or there is no procedure yet (S90, S91)."""


OF_MODE: Mapping[Mode, Basis] = {
    "operator": Basis.VERDICT,
    "self": Basis.SELF,
    "confirm_only": Basis.SMS_ONLY,
    "no_procedure": Basis.EXEMPT,
    "personal_id": Basis.PERSONAL_ID,
    "other_means": Basis.OTHER_MEANS,
}
"""What a binding stands on by who identified."""


class Happening(StrEnum):
    """What can happen to a binding."""

    RECHECKED = "rechecked"
    """The user has to be identified again."""
    IDENTIFIED = "identified"
    """He was."""
    FAILED = "failed"
    """He was not, or not in time."""
    CLOSED = "closed"


_S, _H = State, Happening

MOVES: Mapping[tuple[State, Happening], State] = {
    (_S.GRANDFATHERED, _H.RECHECKED): _S.RECHECK,
    (_S.ACTIVE, _H.RECHECKED): _S.RECHECK,
    (_S.RECHECK, _H.RECHECKED): _S.RECHECK,
    (_S.GRANDFATHERED, _H.IDENTIFIED): _S.ACTIVE,
    (_S.RECHECK, _H.IDENTIFIED): _S.ACTIVE,
    (_S.SUSPENDED, _H.IDENTIFIED): _S.ACTIVE,
    (_S.GRANDFATHERED, _H.FAILED): _S.SUSPENDED,
    (_S.ACTIVE, _H.FAILED): _S.SUSPENDED,
    (_S.RECHECK, _H.FAILED): _S.SUSPENDED,
    (_S.GRANDFATHERED, _H.CLOSED): _S.CLOSED,
    (_S.ACTIVE, _H.CLOSED): _S.CLOSED,
    (_S.RECHECK, _H.CLOSED): _S.CLOSED,
    (_S.SUSPENDED, _H.CLOSED): _S.CLOSED,
}
"""The machine. What is not here does not happen: nothing leaves CLOSED, and a suspended user is not re-checked."""


@frozen
class Binding:
    """The link of a service, a user and a number."""

    id: str
    service_id: str
    user_id: str
    phone_number: str
    attempt_id: str | None
    """The attempt that it stands on; None for a user from before the rules who was not identified yet."""
    operator_id: str | None
    request_id: str | None
    """The query whose verdict it stands on."""
    identification_code: str | None
    """The code in the operator's register; None where no operator was asked."""
    entry_id: str | None
    """The line in the operator's register; None while the operator has not acknowledged it."""
    created_at: int
    updated_at: int
    basis: Basis = Basis.VERDICT
    state: State = State.ACTIVE
    reason: str | None = None
    """Why it is not active."""
    profile: str = ""
    """The rules that it stands under; empty: those in force."""
    due_at: int | None = None
    """When the user has to be identified again; only in RECHECK, and for those from before the rules (T_recheck)."""
    cause: Cause | None = None
    """Why he is re-checked, or was for the last time."""

    @property
    def stands(self) -> bool:
        """Whether it is the user's link to the number still, in whatever state."""
        return self.state is not State.CLOSED


@frozen
class Permission:
    """Whether a user may send and receive messages, and why not."""

    may_send: bool
    reason: str | None = None


NONE = "NONE"
"""The state of a binding that does not exist."""

PERMISSIONS: Mapping[str, Permission] = {
    NONE: Permission(False, "not_identified"),
    State.GRANDFATHERED: Permission(True),
    State.ACTIVE: Permission(True),
    State.RECHECK: Permission(True),
    State.SUSPENDED: Permission(False, "suspended"),
    State.CLOSED: Permission(False, "closed"),
}
"""What each state lets a user do, where the profile allows service during a re-check."""

HELD = Permission(False, "recheck")
"""What RECHECK lets him do where the profile does not (service_during_recheck: hold)."""

_PRECEDENCE = (State.ACTIVE, State.GRANDFATHERED, State.RECHECK, State.SUSPENDED, State.CLOSED)


def permission(binding: Binding | None, *, held_in_recheck: bool = False) -> Permission:
    """Return what a binding, or the want of one, lets a user do."""
    if binding is not None and binding.state is State.RECHECK and held_in_recheck:
        return HELD
    return PERMISSIONS[NONE if binding is None else binding.state]


def may(binding: Binding, happening: Happening) -> bool:
    """Whether that can happen to the binding now."""
    return (binding.state, happening) in MOVES


def activate(attempt: Attempt, binding_id: str, now: int) -> Binding:
    """Return the binding that an attempt makes. Raises ValueError if the attempt has nothing to stand on."""
    made = Binding(
        id=binding_id,
        service_id=attempt.service_id,
        user_id=attempt.user_id,
        phone_number=attempt.phone_number,
        attempt_id=None,
        operator_id=None,
        request_id=None,
        identification_code=None,
        entry_id=None,
        created_at=now,
        updated_at=now,
    )
    return _standing_on(made, attempt)


def renew(binding: Binding, attempt: Attempt, now: int) -> Binding:
    """Return the binding active again, standing on another attempt. Raises ValueError as `activate` does."""
    return replace(_moved(_standing_on(binding, attempt), Happening.IDENTIFIED, now), reason=None, due_at=None)


def _standing_on(binding: Binding, attempt: Attempt) -> Binding:
    if attempt.mode == "operator" and attempt.result != "PRESENT":
        raise ValueError(f"{attempt.id} has no positive verdict to stand on")
    return replace(
        binding,
        attempt_id=attempt.id,
        operator_id=attempt.operator_id,
        request_id=attempt.request_id,
        identification_code=attempt.identification_code,
        entry_id=attempt.entry_id,
        basis=Basis.MATCH if attempt.matched else OF_MODE[attempt.mode],
        profile=attempt.profile,
    )


def recheck(binding: Binding, now: int, cause: Cause, due_at: int) -> Binding:
    """Return the binding of a user who has to be identified again by `due_at`."""
    return replace(_moved(binding, Happening.RECHECKED, now), reason=cause.value, due_at=due_at, cause=cause)


def suspend(binding: Binding, now: int, reason: str) -> Binding:
    """Return the binding of a user who was not identified again, for `reason`."""
    return replace(_moved(binding, Happening.FAILED, now), reason=reason, due_at=None)


def close(binding: Binding, now: int, reason: str) -> Binding:
    """Return the binding closed for good."""
    return replace(_moved(binding, Happening.CLOSED, now), reason=reason, due_at=None)


def _moved(binding: Binding, happening: Happening, now: int) -> Binding:
    """Return the binding where MOVES leads it. Raises KeyError if it leads nowhere: ask `may` before."""
    return replace(binding, state=MOVES[binding.state, happening], updated_at=now)


RECHECK_OVERDUE = "recheck_overdue"
"""The reason of a suspension when the time to identify again is over and no attempt has said why."""


def suspension_of(reason: Reason | None) -> str:
    """Return the reason of a suspension that a failed attempt brings: the attempt's own."""
    return RECHECK_OVERDUE if reason is None else reason.value


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
        "recheck_due_at": None if binding.due_at is None else iso(binding.due_at),
        "created_at": iso(binding.created_at),
        "updated_at": iso(binding.updated_at),
    }
