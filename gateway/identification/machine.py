"""The machine of an attempt: a table, without input or output.

TRANSITIONS is the whole machine: each line says in which state which input, under which condition, leads to which
state, and what is to be done for it. `step` finds the line. What is not there changes nothing; so nothing leaves a
terminal state, and late, foreign and repeated inputs are harmless wherever they come from.

Effects are names, not acts: who calls `step` carries them out in the transaction that stores the new state. Time is
an argument. Each state that waits has one deadline, `due_at`, never later than the whole attempt's, `until`; an input
received at that very instant is in time.

A re-check goes the same way as a first attempt. Whether it confirms the number again is decided before: if not, there
is no confirmation to wait for. An answer may be out of date when it comes: the number has moved on to another operator
(`elsewhere`), or the operator told meanwhile that the contract has ended (`Noticed`), and speaks of the time before.
Such an answer identifies nobody; the question is asked afresh, as often as `max_reroute` lets it.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from gateway.identification.attempt import (
    HINTS,
    Attempt,
    Cancel,
    ConfirmationFailed,
    Confirmed,
    Corrected,
    Eligible,
    Ineligible,
    Input,
    Noticed,
    Outcome,
    Reason,
    Registered,
    Routed,
    State,
    Supersede,
    Taken,
    TimeUp,
    Verdict,
)
from gateway.identification.profiles import Profile
from smsc_emulator.base.durations import SECOND
from smsc_emulator.frozen import frozen, replace


class Effect(StrEnum):
    """What is to be done for a transition, in its transaction."""

    CLOSE_CONFIRMATION = "close_confirmation"
    ISSUE_CODE = "issue_code"
    """Make a code that goes along with the query."""
    ASK_OPERATOR = "ask_operator"
    WITHDRAW_QUERY = "withdraw_query"
    HAND_OVER_CODE = "hand_over_code"
    VOID_CODE = "void_code"
    """Take the code back, if one was handed over."""
    ACTIVATE_BINDING = "activate_binding"
    RECORD_ENTRY = "record_entry"


Condition: TypeAlias = Callable[[Attempt, Input, int, Profile], bool]
"""Asked with the attempt before the step, the input, the instant and the profile."""


def meets_deadline(attempt: Attempt, received_at: int) -> bool:
    """Whether something received at `received_at` is in time for the present state: its deadline's instant still is."""
    return attempt.due_at is None or received_at <= attempt.due_at


def always(_attempt: Attempt, _given: Input, _now: int, _profile: Profile) -> bool:
    """No condition."""
    return True


def asks_the_operator(attempt: Attempt, given: Input, _now: int, _profile: Profile) -> bool:
    """Whether it is the operator that identifies."""
    return (given.mode if isinstance(given, Eligible) else attempt.mode) == "operator"


def confirms(_attempt: Attempt, given: Input, _now: int, _profile: Profile) -> bool:
    """Whether the number is to be confirmed."""
    return isinstance(given, Eligible) and given.confirmation_id is not None


def in_time(attempt: Attempt, _given: Input, now: int, _profile: Profile) -> bool:
    """Whether the input came by the deadline, whose own instant counts."""
    return meets_deadline(attempt, now)


def due(attempt: Attempt, _given: Input, now: int, _profile: Profile) -> bool:
    """Whether the deadline has come."""
    return attempt.due_at is not None and now >= attempt.due_at


def entry_may_follow(_attempt: Attempt, _given: Input, _now: int, profile: Profile) -> bool:
    """Whether the profile lets the register's entry come later."""
    return profile.on_register_failure == "active_entry_pending"


def entry_missing(attempt: Attempt, _given: Input, _now: int, _profile: Profile) -> bool:
    """Whether the register's entry is still waited for."""
    return attempt.entry_id is None


def code_goes_along(_attempt: Attempt, _given: Input, _now: int, profile: Profile) -> bool:
    """Whether the operator gets the code with the query, and enters it as soon as it answers PRESENT."""
    return profile.code_phase == "with_request"


def time_runs_from_taking(attempt: Attempt, _given: Input, now: int, profile: Profile) -> bool:
    """Whether the time to answer begins when the operator has taken the query, which he has done in time."""
    return profile.t0 == "transport_ack" and meets_deadline(attempt, now)


def speaks_of_before(attempt: Attempt, given: Input, _now: int, _profile: Profile) -> bool:
    """Whether the verdict that was accepted is older than the end of the contract that is told now."""
    return isinstance(given, Noticed) and attempt.as_of is not None and attempt.as_of < given.ended_at


def may_ask_afresh(attempt: Attempt, _given: Input, _now: int, profile: Profile) -> bool:
    """Whether another query may follow this one."""
    return attempt.fresh_queries < profile.max_reroute


def both(*conditions: Condition) -> Condition:
    """Whether all the conditions hold."""
    return lambda *asked: all(condition(*asked) for condition in conditions)


def but(condition: Condition) -> Condition:
    """Whether the condition does not hold."""
    return lambda *asked: not condition(*asked)


class Reading(StrEnum):
    """What a verdict comes to; of all of them one."""

    LATE = "late"
    OUT_OF_DATE = "out of date"
    """It speaks of the time before the number moved or its contract ended; it may be asked afresh."""
    SPOKEN_OF_BEFORE = "spoken of before"
    """So it does, and it may not."""
    RECYCLED = "recycled"
    """The number is another person's by now, who asks for the account of its user before."""
    MISMATCH = "mismatch"
    PRESENT = "present"
    PRESENT_AND_ENTERED = "present, and the code is in the register"
    ABSENT = "absent"
    ABSENT_SINCE = "absent, since the contract has ended meanwhile"


def read(attempt: Attempt, verdict: Verdict, profile: Profile) -> Reading:
    """Return what a verdict comes to for an attempt that waits for it."""
    present = verdict.result == "PRESENT"
    before = present and attempt.ended_at is not None and verdict.as_of < attempt.ended_at
    if not meets_deadline(attempt, verdict.received_at):
        return Reading.LATE
    if (before or verdict.elsewhere) and may_ask_afresh(attempt, verdict, 0, profile):
        return Reading.OUT_OF_DATE
    if not present:
        return Reading.ABSENT if attempt.ended_at is None else Reading.ABSENT_SINCE
    if before or verdict.elsewhere:
        return Reading.SPOKEN_OF_BEFORE
    if verdict.inherits:
        return Reading.RECYCLED
    if "false" in (verdict.match or {}).values():
        return Reading.MISMATCH
    return Reading.PRESENT if verdict.entry_id is None else Reading.PRESENT_AND_ENTERED


def reads(reading: Reading) -> Condition:
    """Whether the verdict comes to that."""

    def condition(attempt: Attempt, given: Input, _now: int, profile: Profile) -> bool:
        return isinstance(given, Verdict) and read(attempt, given, profile) is reading

    return condition


@frozen
class Transition:
    """One line of the machine."""

    source: State
    given: type[Input]
    when: Condition
    target: State
    reason: Reason | None = None
    """Why it is refused; where there is none and the input has one, the input's."""
    effects: tuple[Effect, ...] = ()
    hint: str | None = None
    """What the user may do about it; None: as HINTS says of the reason, or the input."""
    anew: bool = False
    """Whether the time of the state begins anew though the state stays."""


_S, _R, _E, _V = State, Reason, Effect, Reading
_ENTERED = (_E.WITHDRAW_QUERY, _E.ACTIVATE_BINDING)
_BACK = (_E.WITHDRAW_QUERY, _E.VOID_CODE)
_DUE_AND_MAY_FOLLOW = both(due, entry_may_follow)
_DUE_AND_NEEDED = both(due, but(entry_may_follow))
_CONFIRMED_AND_ASKS = both(in_time, asks_the_operator)
_CONFIRMED_IS_ALL = both(in_time, but(asks_the_operator))
_ELIGIBLE_AND_ASKS = both(but(confirms), asks_the_operator)
_ELIGIBLE_IS_ALL = both(but(confirms), but(asks_the_operator))
_ENDED_ASK_AFRESH = both(speaks_of_before, may_ask_afresh)
_ENDED = both(speaks_of_before, but(may_ask_afresh))

TRANSITIONS: tuple[Transition, ...] = (
    Transition(_S.NEW, Eligible, confirms, _S.CONFIRMING),
    Transition(_S.NEW, Eligible, _ELIGIBLE_AND_ASKS, _S.ROUTING),
    Transition(_S.NEW, Eligible, _ELIGIBLE_IS_ALL, _S.IDENTIFIED, None, (_E.ACTIVATE_BINDING,)),
    Transition(_S.NEW, Ineligible, always, _S.REFUSED),
    Transition(_S.NEW, Corrected, always, _S.IDENTIFIED, None, (_E.HAND_OVER_CODE, _E.ACTIVATE_BINDING)),
    Transition(_S.CONFIRMING, Confirmed, _CONFIRMED_AND_ASKS, _S.ROUTING),
    Transition(_S.CONFIRMING, Confirmed, _CONFIRMED_IS_ALL, _S.IDENTIFIED, None, (_E.ACTIVATE_BINDING,)),
    Transition(_S.CONFIRMING, Confirmed, but(in_time), _S.REFUSED, _R.CONFIRM_EXPIRED),
    Transition(_S.CONFIRMING, ConfirmationFailed, always, _S.REFUSED, _R.CONFIRM_FAILED),
    Transition(_S.CONFIRMING, TimeUp, due, _S.REFUSED, _R.CONFIRM_EXPIRED, (_E.CLOSE_CONFIRMATION,)),
    Transition(_S.CONFIRMING, Cancel, always, _S.CANCELLED, None, (_E.CLOSE_CONFIRMATION,)),
    Transition(_S.CONFIRMING, Supersede, always, _S.SUPERSEDED, None, (_E.CLOSE_CONFIRMATION,)),
    Transition(_S.ROUTING, Routed, but(code_goes_along), _S.PENDING, None, (_E.ASK_OPERATOR,)),
    Transition(_S.ROUTING, Routed, code_goes_along, _S.PENDING, None, (_E.ISSUE_CODE, _E.ASK_OPERATOR)),
    Transition(_S.ROUTING, Ineligible, always, _S.REFUSED),
    Transition(_S.PENDING, Taken, time_runs_from_taking, _S.PENDING, anew=True),
    Transition(_S.PENDING, Noticed, always, _S.PENDING),
    Transition(_S.PENDING, Verdict, reads(_V.PRESENT), _S.REGISTERING, None, (_E.WITHDRAW_QUERY, _E.HAND_OVER_CODE)),
    Transition(_S.PENDING, Verdict, reads(_V.PRESENT_AND_ENTERED), _S.IDENTIFIED, None, _ENTERED),
    Transition(_S.PENDING, Verdict, reads(_V.RECYCLED), _S.REFUSED, _R.POLICY_HOLD, _BACK, hint="reset_account"),
    Transition(_S.PENDING, Verdict, reads(_V.MISMATCH), _S.REFUSED, _R.MISMATCH, _BACK),
    Transition(_S.PENDING, Verdict, reads(_V.ABSENT), _S.REFUSED, _R.ABSENT, _BACK),
    Transition(_S.PENDING, Verdict, reads(_V.ABSENT_SINCE), _S.REFUSED, _R.TERMINATED_DURING, _BACK),
    Transition(_S.PENDING, Verdict, reads(_V.SPOKEN_OF_BEFORE), _S.REFUSED, _R.TERMINATED_DURING, _BACK),
    Transition(_S.PENDING, Verdict, reads(_V.OUT_OF_DATE), _S.ROUTING, None, _BACK),
    Transition(_S.PENDING, Verdict, reads(_V.LATE), _S.REFUSED, _R.NO_ANSWER, _BACK),
    Transition(_S.PENDING, TimeUp, due, _S.REFUSED, _R.NO_ANSWER, _BACK),
    Transition(_S.PENDING, Cancel, always, _S.CANCELLED, None, _BACK),
    Transition(_S.PENDING, Supersede, always, _S.SUPERSEDED, None, _BACK),
    Transition(_S.REGISTERING, Registered, always, _S.IDENTIFIED, None, (_E.ACTIVATE_BINDING,)),
    Transition(_S.REGISTERING, Noticed, _ENDED_ASK_AFRESH, _S.ROUTING, None, (_E.VOID_CODE,)),
    Transition(_S.REGISTERING, Noticed, _ENDED, _S.REFUSED, _R.TERMINATED_DURING, (_E.VOID_CODE,)),
    Transition(_S.REGISTERING, TimeUp, _DUE_AND_MAY_FOLLOW, _S.IDENTIFIED, None, (_E.ACTIVATE_BINDING,)),
    Transition(_S.REGISTERING, TimeUp, _DUE_AND_NEEDED, _S.REFUSED, _R.REGISTER_FAILED, (_E.VOID_CODE,)),
    Transition(_S.REGISTERING, Cancel, always, _S.CANCELLED, None, (_E.VOID_CODE,)),
    Transition(_S.REGISTERING, Supersede, always, _S.SUPERSEDED, None, (_E.VOID_CODE,)),
    Transition(_S.IDENTIFIED, Registered, entry_missing, _S.IDENTIFIED, None, (_E.RECORD_ENTRY,)),
)
"""The machine. Of the lines of one state and input at most one has a condition that holds."""

ALLOWED: Mapping[State, Callable[[Profile], int]] = {
    State.CONFIRMING: lambda profile: profile.t_confirm_s * SECOND,
    State.PENDING: lambda profile: profile.t_answer_s * SECOND + profile.grace_ms,
    State.REGISTERING: lambda profile: profile.t_register_cap_s * SECOND,
}
"""How long each state that waits may wait, in milliseconds from its beginning."""


def step(attempt: Attempt, given: Input, now: int, profile: Profile) -> tuple[Attempt, tuple[Effect, ...]]:
    """Return the attempt after `given` at `now`, and what is to be done; the same attempt if nothing follows."""
    line = _line(attempt, given, now, profile)
    if line is None:
        return attempt, ()
    changes = {**_noted(attempt, given), "reason": line.reason, "updated_at": now}
    told = line.hint
    if isinstance(given, Ineligible):
        changes["reason"], told = given.reason, given.hint
    if changes["reason"] is not None:
        changes["hint"] = told or HINTS.get(changes["reason"])
    if line.target is not line.source or line.anew:
        changes |= {"state": line.target, "due_at": _deadline(attempt, line.target, now, profile)}
    if line.target is State.ROUTING and line.source in (State.PENDING, State.REGISTERING):
        fresh = attempt.fresh_queries + 1
        changes |= {"fresh_queries": fresh, "result": None, "answered_at": None, "as_of": None}
    return replace(attempt, **changes), line.effects


def _deadline(attempt: Attempt, state: State, now: int, profile: Profile) -> int | None:
    """Return when `state`, entered at `now`, has waited long enough; the whole attempt's deadline cuts it."""
    allowed = ALLOWED.get(state)
    if allowed is None:
        return None
    ends = now + allowed(profile)
    return ends if attempt.until is None else min(ends, attempt.until)


def _line(attempt: Attempt, given: Input, now: int, profile: Profile) -> Transition | None:
    for line in TRANSITIONS:
        fits = line.source is attempt.state and line.given is type(given)
        if fits and line.when(attempt, given, now, profile):
            return line
    return None


def _noted(attempt: Attempt, given: Input) -> dict[str, Any]:
    """Return what an effective input tells, as changes of the attempt."""
    match given:
        case Eligible(confirmation_id, mode, exchange_mode, payer):
            named = {"confirmation_id": confirmation_id, "mode": mode}
            return {**named, "exchange_mode": exchange_mode, "payer": payer}
        case Routed(operator_id, exchange_mode, payer):
            ended_at = attempt.ended_at if operator_id == attempt.operator_id else None
            asked = {"operator_id": operator_id, "ended_at": ended_at}
            return {**asked, "exchange_mode": exchange_mode, "payer": payer}
        case Verdict(result, received_at, as_of, match, entry_id) if meets_deadline(attempt, received_at):
            said = set((match or {}).values())
            matched = "true" in said and "false" not in said
            answered = {"result": result, "answered_at": received_at, "as_of": as_of}
            return {**answered, "entry_id": entry_id, "matched": matched}
        case Noticed(ended_at):
            return {"ended_at": max(ended_at, attempt.ended_at or ended_at)}
        case Corrected(operator_id):
            return {"operator_id": operator_id, "result": "PRESENT"}
        case Registered(entry_id, code):
            return {"entry_id": entry_id, "identification_code": attempt.identification_code or code}
    return {}


def judge(attempt: Attempt, request_id: str, received_at: int, *, answered: bool) -> Outcome:
    """Return what becomes of a verdict on `request_id`, of the operator that was asked, received at `received_at`.

    `answered` says whether a verdict on this request was accepted before.
    """
    if answered:
        return Outcome.REPEATED
    waiting = attempt.state is State.PENDING and attempt.request_id == request_id
    return Outcome.ACCEPTED if waiting and meets_deadline(attempt, received_at) else Outcome.LATE
