"""The attempt to identify a user by his number: a state machine without input or output.

TRANSITIONS is the whole machine: each line says in which state which input, under which condition, leads to which
state, and what is to be done for it. `step` finds the line. What is not there changes nothing; so nothing leaves a
terminal state, and late, foreign and repeated inputs are harmless wherever they come from.

Effects are names, not acts: who calls `step` carries them out in the transaction that stores the new state. Time is
an argument. Each state that waits has one deadline, `due_at`; an input received at that very instant is in time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, TypeAlias

from gateway.identification.profiles import Profile
from smsc_emulator.base.durations import SECOND


class State(StrEnum):
    """Where an attempt stands."""

    NEW = "NEW"
    """Number and service are known; whether the attempt may go on is being decided."""
    CONFIRMING = "CONFIRMING"
    """Waiting for the user's action with the number."""
    ROUTING = "ROUTING"
    """Finding out which operator is to be asked."""
    PENDING = "PENDING"
    """The operator was asked; its time to answer runs."""
    REGISTERING = "REGISTERING"
    """The identification code is being handed over to the operator."""
    IDENTIFIED = "IDENTIFIED"
    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"
    SUPERSEDED = "SUPERSEDED"

    @property
    def over(self) -> bool:
        """Whether the state is terminal."""
        return self in TERMINAL


TERMINAL = frozenset({State.IDENTIFIED, State.REFUSED, State.CANCELLED, State.SUPERSEDED})


class Reason(StrEnum):
    """Why an attempt was refused."""

    CONFIRM_FAILED = "confirm_failed"
    """The tries to confirm the number are used up."""
    CONFIRM_EXPIRED = "confirm_expired"
    """The number was not confirmed in time (T_confirm)."""
    NO_ANSWER = "no_answer"
    """The operator did not answer in time (T_answer): silence is refusal."""
    ABSENT = "absent"
    """The operator has no such subscriber."""
    UNROUTABLE = "unroutable"
    """No operator is known for the number."""
    REGISTER_FAILED = "register_failed"
    """The operator did not enter the code in its register in time."""
    POLICY_HOLD = "policy_hold"
    """The profile is not in force at the start of the attempt."""


Result = Literal["PRESENT", "ABSENT"]
"""What an operator says of a number."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. Instants are lab time in milliseconds since 1970, UTC."""

    id: str
    service_id: str
    user_id: str
    phone_number: str
    profile: str
    """The name of the profile in force at the start; the attempt ends under it."""
    created_at: int
    updated_at: int
    state: State = State.NEW
    reason: Reason | None = None
    due_at: int | None = None
    """The deadline of the present state."""
    confirmation_id: str | None = None
    operator_id: str | None = None
    request_id: str | None = None
    """The query to the operator."""
    result: Result | None = None
    """The verdict that was accepted."""
    answered_at: int | None = None
    """When that verdict was received."""
    as_of: int | None = None
    """The operator's own time stamp: on record, never used for a deadline."""
    identification_code: str | None = None
    entry_id: str | None = None
    """The line in the operator's register; None while it is not acknowledged."""
    binding_id: str | None = None


# The inputs.


@dataclass(frozen=True, slots=True)
class Eligible:
    """The profile lets the attempt go on, and the confirmation of its number has begun."""

    confirmation_id: str


@dataclass(frozen=True, slots=True)
class Ineligible:
    """The profile does not."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The user did the action with the number."""


@dataclass(frozen=True, slots=True)
class ConfirmationFailed:
    """The tries are used up."""


@dataclass(frozen=True, slots=True)
class Routed:
    """The operator to ask was found."""

    operator_id: str


@dataclass(frozen=True, slots=True)
class Unroutable:
    """There is none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The operator's answer, stamped at the gateway's socket before its body was read."""

    result: Result
    received_at: int
    as_of: int


@dataclass(frozen=True, slots=True)
class Registered:
    """The operator entered the code in its register."""

    entry_id: str


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The deadline of the present state may have passed; `step` compares."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The service wants the attempt no more."""


@dataclass(frozen=True, slots=True)
class Supersede:
    """A newer attempt for the same service and number has begun."""


Input: TypeAlias = (
    Eligible
    | Ineligible
    | Confirmed
    | ConfirmationFailed
    | Routed
    | Unroutable
    | Verdict
    | Registered
    | TimeUp
    | Cancel
    | Supersede
)


class Effect(StrEnum):
    """What is to be done for a transition, in its transaction."""

    CLOSE_CONFIRMATION = "close_confirmation"
    ASK_OPERATOR = "ask_operator"
    WITHDRAW_QUERY = "withdraw_query"
    HAND_OVER_CODE = "hand_over_code"
    VOID_CODE = "void_code"
    ACTIVATE_BINDING = "activate_binding"
    RECORD_ENTRY = "record_entry"


def meets_deadline(attempt: Attempt, received_at: int) -> bool:
    """Whether something received at `received_at` is in time for the present state: its deadline's instant still is."""
    return attempt.due_at is None or received_at <= attempt.due_at


# The conditions. Each is asked with the attempt before the step, the input, the instant and the profile.


def always(_attempt: Attempt, _given: Input, _now: int, _profile: Profile) -> bool:
    """No condition."""
    return True


def in_time(attempt: Attempt, given: Input, now: int, _profile: Profile) -> bool:
    """Whether the input came by the deadline, whose own instant counts: 20:00.000 is in time, 20:00.001 is late."""
    return meets_deadline(attempt, given.received_at if isinstance(given, Verdict) else now)


def late(attempt: Attempt, given: Input, now: int, profile: Profile) -> bool:
    """Whether the input came after the deadline, though the deadline itself has not been handled yet."""
    return not in_time(attempt, given, now, profile)


def present_in_time(attempt: Attempt, given: Input, now: int, profile: Profile) -> bool:
    """Whether the operator has the subscriber and said so in time."""
    return isinstance(given, Verdict) and given.result == "PRESENT" and in_time(attempt, given, now, profile)


def absent_in_time(attempt: Attempt, given: Input, now: int, profile: Profile) -> bool:
    """Whether the operator said in time that it has no such subscriber."""
    return isinstance(given, Verdict) and given.result == "ABSENT" and in_time(attempt, given, now, profile)


def due(attempt: Attempt, _given: Input, now: int, _profile: Profile) -> bool:
    """Whether the deadline has come."""
    return attempt.due_at is not None and now >= attempt.due_at


def due_and_entry_may_follow(attempt: Attempt, given: Input, now: int, profile: Profile) -> bool:
    """Whether the deadline has come and the profile lets the register's entry come later."""
    return due(attempt, given, now, profile) and profile.on_register_failure == "active_entry_pending"


def due_and_entry_needed(attempt: Attempt, given: Input, now: int, profile: Profile) -> bool:
    """Whether the deadline has come and the profile refuses without an entry."""
    return due(attempt, given, now, profile) and profile.on_register_failure == "refuse"


def entry_missing(attempt: Attempt, _given: Input, _now: int, _profile: Profile) -> bool:
    """Whether the register's entry is still waited for."""
    return attempt.entry_id is None


Condition: TypeAlias = Callable[[Attempt, Input, int, Profile], bool]


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the machine."""

    source: State
    given: type[Input]
    when: Condition
    target: State
    reason: Reason | None = None
    effects: tuple[Effect, ...] = ()


_S, _R, _E = State, Reason, Effect

TRANSITIONS: tuple[Transition, ...] = (
    Transition(_S.NEW, Eligible, always, _S.CONFIRMING),
    Transition(_S.NEW, Ineligible, always, _S.REFUSED),  # the reason is the input's
    Transition(_S.CONFIRMING, Confirmed, in_time, _S.ROUTING),
    Transition(_S.CONFIRMING, Confirmed, late, _S.REFUSED, _R.CONFIRM_EXPIRED),
    Transition(_S.CONFIRMING, ConfirmationFailed, always, _S.REFUSED, _R.CONFIRM_FAILED),
    Transition(_S.CONFIRMING, TimeUp, due, _S.REFUSED, _R.CONFIRM_EXPIRED, (_E.CLOSE_CONFIRMATION,)),
    Transition(_S.CONFIRMING, Cancel, always, _S.CANCELLED, None, (_E.CLOSE_CONFIRMATION,)),
    Transition(_S.CONFIRMING, Supersede, always, _S.SUPERSEDED, None, (_E.CLOSE_CONFIRMATION,)),
    Transition(_S.ROUTING, Routed, always, _S.PENDING, None, (_E.ASK_OPERATOR,)),
    Transition(_S.ROUTING, Unroutable, always, _S.REFUSED, _R.UNROUTABLE),
    Transition(_S.PENDING, Verdict, present_in_time, _S.REGISTERING, None, (_E.WITHDRAW_QUERY, _E.HAND_OVER_CODE)),
    Transition(_S.PENDING, Verdict, absent_in_time, _S.REFUSED, _R.ABSENT, (_E.WITHDRAW_QUERY,)),
    Transition(_S.PENDING, Verdict, late, _S.REFUSED, _R.NO_ANSWER, (_E.WITHDRAW_QUERY,)),
    Transition(_S.PENDING, TimeUp, due, _S.REFUSED, _R.NO_ANSWER, (_E.WITHDRAW_QUERY,)),
    Transition(_S.PENDING, Cancel, always, _S.CANCELLED, None, (_E.WITHDRAW_QUERY,)),
    Transition(_S.PENDING, Supersede, always, _S.SUPERSEDED, None, (_E.WITHDRAW_QUERY,)),
    Transition(_S.REGISTERING, Registered, always, _S.IDENTIFIED, None, (_E.ACTIVATE_BINDING,)),
    Transition(_S.REGISTERING, TimeUp, due_and_entry_may_follow, _S.IDENTIFIED, None, (_E.ACTIVATE_BINDING,)),
    Transition(_S.REGISTERING, TimeUp, due_and_entry_needed, _S.REFUSED, _R.REGISTER_FAILED, (_E.VOID_CODE,)),
    Transition(_S.REGISTERING, Cancel, always, _S.CANCELLED, None, (_E.VOID_CODE,)),
    Transition(_S.REGISTERING, Supersede, always, _S.SUPERSEDED, None, (_E.VOID_CODE,)),
    Transition(_S.IDENTIFIED, Registered, entry_missing, _S.IDENTIFIED, None, (_E.RECORD_ENTRY,)),
)
"""The machine. Of the lines of one state and input at most one has a condition that holds."""

ALLOWED: Mapping[State, Callable[[Profile], int]] = {
    State.CONFIRMING: lambda profile: profile.t_confirm_s * SECOND,
    State.PENDING: lambda profile: profile.t_answer_s * SECOND,
    State.REGISTERING: lambda profile: profile.t_register_cap_s * SECOND,
}
"""How long each state that waits may wait, in milliseconds from its beginning."""


def step(attempt: Attempt, given: Input, now: int, profile: Profile) -> tuple[Attempt, tuple[Effect, ...]]:
    """Return the attempt after `given` at `now`, and what is to be done; the same attempt if nothing follows."""
    line = _line(attempt, given, now, profile)
    if line is None:
        return attempt, ()
    after = replace(_noted(attempt, given, now), reason=line.reason, updated_at=now)
    if isinstance(given, Ineligible):
        after = replace(after, reason=given.reason)
    if line.target is not line.source:
        allowed = ALLOWED.get(line.target)
        after = replace(after, state=line.target, due_at=None if allowed is None else now + allowed(profile))
    return after, line.effects


def _line(attempt: Attempt, given: Input, now: int, profile: Profile) -> Transition | None:
    for line in TRANSITIONS:
        fits = line.source is attempt.state and line.given is type(given)
        if fits and line.when(attempt, given, now, profile):
            return line
    return None


def _noted(attempt: Attempt, given: Input, now: int) -> Attempt:
    """Return the attempt with what an effective input tells."""
    match given:
        case Eligible(confirmation_id):
            return replace(attempt, confirmation_id=confirmation_id)
        case Routed(operator_id):
            return replace(attempt, operator_id=operator_id)
        case Verdict(result, received_at, as_of) if meets_deadline(attempt, received_at):
            return replace(attempt, result=result, answered_at=received_at, as_of=as_of)
        case Registered(entry_id):
            return replace(attempt, entry_id=entry_id)
    return attempt


class Outcome(StrEnum):
    """What became of a verdict; the operator is told."""

    ACCEPTED = "accepted"
    """It decides the attempt."""
    LATE = "late"
    """Nothing waits for it any more."""
    REPEATED = "repeated"
    """The request has been answered already."""
    FOREIGN = "foreign"
    """This operator was not asked this about this number."""


def judge(attempt: Attempt, received_at: int) -> Outcome:
    """Return what becomes of a verdict of the operator that was asked, received at `received_at`."""
    if attempt.answered_at is not None:
        return Outcome.REPEATED
    waiting = attempt.state is State.PENDING and meets_deadline(attempt, received_at)
    return Outcome.ACCEPTED if waiting else Outcome.LATE
