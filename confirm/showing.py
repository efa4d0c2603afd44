"""What is shown of a confirmation: to its service in answers and notices, and to its user so that he can go on.

Where answers must not tell whether a number exists, an attempt that failed for want of it looks like one that reached
somebody who does not answer. The truth is in the journal.
"""

from typing import Any

from confirm import codes, policy
from confirm.challenge import Confirmation, SendState
from confirm.entropy import of_pool
from confirm.ledger import Cost
from confirm.methods import METHODS
from confirm.methods.method import Way
from confirm.settings import ConfirmationSettings
from confirm.workflow import Step, StepState
from smsc_emulator.base.durations import iso


def snapshot(confirmation: Confirmation, settings: ConfirmationSettings, cost: Cost) -> dict[str, Any]:
    """Return what the API and its notices show of a confirmation, as plain JSON. No secret is in it."""
    proof = confirmation.proof
    return {
        "id": confirmation.id,
        "service_id": confirmation.service_id,
        "phone_number": confirmation.phone_number,
        "method": confirmation.method,
        "methods": [step.method for step in confirmation.steps],
        "step": confirmation.step,
        "steps": [_step(step, settings) for step in confirmation.steps],
        "next_step_at": _iso(confirmation.step_due_at),
        "state": confirmation.state.value,
        "reason": confirmation.reason,
        "attempts_left": confirmation.attempts_left,
        "created_at": iso(confirmation.created_at),
        "expires_at": iso(confirmation.expires_at),
        "code_sent": _code_sent(confirmation, settings),
        "call": _call(confirmation, settings),
        "access_number": confirmation.access_number,
        "short_code": settings.mo_sms.short_code if confirmation.method == "mo_sms" else None,
        "proof": proof and {"method": proof.method, "source": proof.source, "trust": proof.trust, "at": iso(proof.at)},
        "cost": cost.snapshot(),
        "test": confirmation.test,
    }


def instructions(confirmation: Confirmation, settings: ConfirmationSettings, key: bytes) -> dict[str, Any] | None:
    """Return what the user must know to prove his number now, as plain JSON; None if nothing is waited for.

    The token of an SMS that he is to send is in it, so it is for answers alone, never for events.
    """
    if confirmation.over or confirmation.present.state is not StepState.CURRENT:
        return None
    until = confirmation.expires_at if confirmation.step_due_at is None else confirmation.step_due_at
    told: dict[str, Any] = {"method": confirmation.method, "until": iso(until)}
    match confirmation.method:
        case "flash_call":
            told |= {"caller_prefix": _caller_prefix(settings), "digits": settings.flash_call.digits}
        case "call_in":
            told |= {"access_number": confirmation.access_number}
        case "mo_sms":
            token = token_of(confirmation, settings, key)
            told |= {"short_code": settings.mo_sms.short_code, "token": token, "text": token}
        case _ if not confirmation.own_code:
            told |= {"digits": METHODS[confirmation.method].digits(settings)}
    return told


def token_of(confirmation: Confirmation, settings: ConfirmationSettings, key: bytes) -> str:
    """Return the token that the user's SMS must hold."""
    return codes.derive_token(key, confirmation.id, confirmation.generation, settings.mo_sms.token_length)


def _step(step: Step, settings: ConfirmationSettings) -> dict[str, Any]:
    outcome = step.outcome
    if not settings.reveal_numbers and step.state is not StepState.FAILED:
        # A step that has failed unseen goes on as if somebody might still answer; so none tells what it has reached.
        outcome = None
    elif policy.hides(outcome, settings):
        outcome = policy.NOT_REACHED
    return {
        "method": step.method,
        "state": step.state.value,
        "outcome": outcome,
        "started_at": _iso(step.started_at),
        "ended_at": _iso(step.ended_at),
    }


def _code_sent(confirmation: Confirmation, settings: ConfirmationSettings) -> dict[str, Any]:
    state, error, message_id = confirmation.send_state, confirmation.send_error, confirmation.message_id
    unseen = state is SendState.REFUSED and policy.hides(confirmation.present.outcome, settings)
    if unseen:
        state, error = SendState.SENT, None
    is_call = METHODS[confirmation.method].way is Way.CALL
    return {
        "state": state.value,
        "at": _iso(confirmation.sent_at),
        "message_id": message_id,
        "command_status": None if is_call else error,
    }


def _call(confirmation: Confirmation, settings: ConfirmationSettings) -> dict[str, Any] | None:
    if METHODS[confirmation.method].way is not Way.CALL:
        return None
    call = settings.flash_call
    entropy = of_pool(call.callers, call.digits, call.wanted_digits)
    return {
        "caller_prefix": _caller_prefix(settings),
        "digits": call.digits,
        "entropy_digits": entropy.digits,
        "weak": entropy.weak,
    }


def _caller_prefix(settings: ConfirmationSettings) -> str:
    """Return the digits that all callers of the pool begin with, at most as many as are before the code."""
    callers, digits = settings.flash_call.callers, settings.flash_call.digits
    fixed = [caller.rstrip("X")[: len(caller) - digits] for caller in callers]
    shortest = min(fixed, key=len)
    same = (place for place, digit in enumerate(shortest) if any(one[place] != digit for one in fixed))
    return shortest[: next(same, len(shortest))]


def _iso(instant: int | None) -> str | None:
    return None if instant is None else iso(instant)
