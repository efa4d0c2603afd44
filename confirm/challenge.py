"""The life of one confirmation, without input or output: what is known of it, and what each happening makes of it.

A confirmation is pending until one line of TRANSITIONS ends it; none leaves an end. Beside its state runs the sending
of its code: queued, claimed for submission, then sent or refused. The code itself is drawn when the sending is claimed
and only its HMAC stays, so nothing that is stored can give it away, not even after a crash.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from confirm.errors import ConfirmationOverError
from smsc_emulator.base.durations import iso


class State(StrEnum):
    """Where a confirmation stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Happening(StrEnum):
    """What can end a pending confirmation."""

    RIGHT_CODE = "right_code"
    LAST_TRY_WRONG = "last_try_wrong"
    LIFETIME_OVER = "lifetime_over"
    CANCEL_REQUESTED = "cancel_requested"
    REPLACED = "replaced"
    SEND_REFUSED = "send_refused"


TRANSITIONS: Mapping[tuple[State, Happening], tuple[State, str | None]] = {
    (State.PENDING, Happening.RIGHT_CODE): (State.CONFIRMED, None),
    (State.PENDING, Happening.LAST_TRY_WRONG): (State.FAILED, "too_many_attempts"),
    (State.PENDING, Happening.LIFETIME_OVER): (State.EXPIRED, None),
    (State.PENDING, Happening.CANCEL_REQUESTED): (State.CANCELLED, "requested"),
    (State.PENDING, Happening.REPLACED): (State.CANCELLED, "replaced"),
    (State.PENDING, Happening.SEND_REFUSED): (State.FAILED, "send_failed"),
}
"""State and happening to the next state and its reason. What is not here cannot be: the confirmation is over."""


class SendState(StrEnum):
    """How far the last code has come."""

    QUEUED = "queued"
    """To be sent at `send_due_at`; no code exists yet."""
    SUBMITTING = "submitting"
    """Handed over, the answer not known. After a crash it stays so: the SMS may have gone, and none is sent again."""
    SENT = "sent"
    """Accepted by the SMSC."""
    REFUSED = "refused"
    """Refused by the SMSC for good."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One confirmation. Instants are lab time in milliseconds since 1970, UTC."""

    id: str
    service_id: str
    phone_number: str
    method: str
    owner: str | None
    """An opaque reference to the larger thing it is a part of, such as an identification attempt."""
    ordinal: int
    """Its place among the recent confirmations of its service and number; instants may be equal, this never is."""
    attempts: int
    """Wrong codes that end it."""
    failures: int
    """Wrong codes so far, those of the confirmations it follows included."""
    created_at: int
    expires_at: int
    requested_at: int
    """When its last code was asked for."""
    state: State = State.PENDING
    reason: str | None = None
    over_at: int | None = None
    send_state: SendState = SendState.QUEUED
    send_due_at: int | None = None
    """When the queued code is to be sent."""
    codes: int = 0
    """Codes claimed for sending so far; tells the SMSC's answer about the last code from a late one about another."""
    code_mac: str | None = None
    """HMAC of the last code, see `code_mac`."""
    sent_at: int | None = None
    message_id: str | None = None
    """The SMSC's id of the last message."""
    send_error: int | None = None
    """The SMSC's command_status where it refused the message."""

    @property
    def attempts_left(self) -> int:
        """How many more wrong codes it bears."""
        return max(0, self.attempts - self.failures)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state is not State.PENDING

    @property
    def send_settled(self) -> bool:
        """Whether the first try to send the last code has ended: sent, refused, put off, or no longer wanted."""
        put_off = self.send_state is SendState.QUEUED and self.send_due_at != self.requested_at
        return self.over or put_off or self.send_state in (SendState.SENT, SendState.REFUSED)


def code_mac(key: bytes, confirmation_id: str, code: str) -> str:
    """Return HMAC-SHA256 of the id and the code under `key`, which is kept outside the database, in hexadecimal."""
    return hmac.new(key, f"{confirmation_id}\0{code}".encode(), hashlib.sha256).hexdigest()


def require_pending(confirmation: Confirmation, now: int) -> None:
    """Raise ConfirmationOverError unless it is pending and in its lifetime, whose last instant still counts."""
    if confirmation.over:
        raise ConfirmationOverError(f"the confirmation is over: it is {confirmation.state}")
    if now > confirmation.expires_at:
        raise ConfirmationOverError(f"the confirmation's lifetime ended at {iso(confirmation.expires_at)}")


def check(confirmation: Confirmation, now: int, mac: str) -> Confirmation:
    """Return the confirmation after a code with the HMAC `mac` was typed back; a wrong one counts as a failure.

    Raises ConfirmationOverError for one that is over: a code is good once.
    """
    require_pending(confirmation, now)
    # A code that was never sent has no HMAC; then no code is right.
    if hmac.compare_digest(confirmation.code_mac or "", mac):
        return end(confirmation, now, Happening.RIGHT_CODE)
    failed = replace(confirmation, failures=confirmation.failures + 1)
    return failed if failed.attempts_left else end(failed, now, Happening.LAST_TRY_WRONG)


def end(confirmation: Confirmation, now: int, happening: Happening) -> Confirmation:
    """Return the confirmation ended by `happening`; nothing is left to send. Raises ConfirmationOverError if over."""
    change = TRANSITIONS.get((confirmation.state, happening))
    if change is None:
        raise ConfirmationOverError(f"the confirmation is over: it is {confirmation.state}")
    state, reason = change
    return replace(confirmation, state=state, reason=reason, over_at=now, send_due_at=None, code_mac=None)


def queue(confirmation: Confirmation, now: int, expires_at: int) -> Confirmation:
    """Return the confirmation with a new code asked for: the old one is dead at once, the failures stay."""
    return replace(
        confirmation,
        expires_at=expires_at,
        requested_at=now,
        send_state=SendState.QUEUED,
        send_due_at=now,
        code_mac=None,
        sent_at=None,
        message_id=None,
        send_error=None,
    )


def claim(confirmation: Confirmation, mac: str) -> Confirmation:
    """Return the confirmation with a new code, of which only the HMAC `mac` is kept, about to be submitted."""
    return replace(
        confirmation,
        send_state=SendState.SUBMITTING,
        send_due_at=None,
        codes=confirmation.codes + 1,
        code_mac=mac,
    )


def sent(confirmation: Confirmation, now: int, message_id: str) -> Confirmation:
    """Return the confirmation whose SMS the SMSC accepted under `message_id`."""
    return replace(confirmation, send_state=SendState.SENT, sent_at=now, message_id=message_id)


def refused(confirmation: Confirmation, now: int, status: int) -> Confirmation:
    """Return the confirmation whose SMS the SMSC refused for good with the command_status `status`.

    One that stands alone has failed. One with an owner stays pending: whether the user gets another way to answer is
    the owner's decision.
    """
    refusal = replace(confirmation, send_state=SendState.REFUSED, send_error=status)
    if refusal.over or refusal.owner is not None:
        return refusal
    return end(refusal, now, Happening.SEND_REFUSED)


def put_off(confirmation: Confirmation, again_at: int) -> Confirmation:
    """Return the confirmation whose SMS could not be handed over now: it is sent again, with another code, then."""
    if confirmation.over:
        return confirmation
    return replace(confirmation, send_state=SendState.QUEUED, send_due_at=again_at, code_mac=None)


def snapshot(confirmation: Confirmation) -> dict[str, Any]:
    """Return what the API and its notices show of a confirmation, as plain JSON."""
    return {
        "id": confirmation.id,
        "service_id": confirmation.service_id,
        "phone_number": confirmation.phone_number,
        "method": confirmation.method,
        "state": confirmation.state.value,
        "reason": confirmation.reason,
        "attempts_left": confirmation.attempts_left,
        "created_at": iso(confirmation.created_at),
        "expires_at": iso(confirmation.expires_at),
        "code_sent": {
            "state": confirmation.send_state.value,
            "at": None if confirmation.sent_at is None else iso(confirmation.sent_at),
            "message_id": confirmation.message_id,
            "command_status": confirmation.send_error,
        },
    }
