"""The life of one confirmation, without input or output: what is known of it, and what each happening makes of it.

A confirmation is pending until one line of TRANSITIONS ends it; none leaves an end. It goes through the steps of its
workflow, and has the secret of the present step alone. Beside its state runs the sending of that secret: queued,
claimed for submission, then sent or refused. Secrets are derived from a key that is not stored, and only their HMACs
are kept, so nothing that is stored can give them away, not even after a crash.
"""

import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum

from confirm import workflow
from confirm.errors import ConfirmationOverError
from confirm.workflow import Step, StepState
from smsc_emulator.base.durations import iso
from smsc_emulator.frozen import frozen, replace


class State(StrEnum):
    """Where a confirmation stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Happening(StrEnum):
    """What can end a pending confirmation."""

    PROVED = "proved"
    LAST_TRY_WRONG = "last_try_wrong"
    LIFETIME_OVER = "lifetime_over"
    CANCEL_REQUESTED = "cancel_requested"
    REPLACED = "replaced"
    SEND_REFUSED = "send_refused"


TRANSITIONS: Mapping[tuple[State, Happening], tuple[State, str | None]] = {
    (State.PENDING, Happening.PROVED): (State.CONFIRMED, None),
    (State.PENDING, Happening.LAST_TRY_WRONG): (State.FAILED, "too_many_attempts"),
    (State.PENDING, Happening.LIFETIME_OVER): (State.EXPIRED, None),
    (State.PENDING, Happening.CANCEL_REQUESTED): (State.CANCELLED, "requested"),
    (State.PENDING, Happening.REPLACED): (State.CANCELLED, "replaced"),
    (State.PENDING, Happening.SEND_REFUSED): (State.FAILED, "send_failed"),
}
"""State and happening to the next state and its reason. What is not here cannot be: the confirmation is over."""


STEP_ENDS: Mapping[Happening, tuple[StepState, str | None]] = {
    Happening.PROVED: (StepState.ANSWERED, None),
    Happening.LAST_TRY_WRONG: (StepState.FAILED, "too_many_attempts"),
    Happening.LIFETIME_OVER: (StepState.TIMED_OUT, None),
    Happening.CANCEL_REQUESTED: (StepState.SKIPPED, None),
    Happening.REPLACED: (StepState.SKIPPED, None),
    Happening.SEND_REFUSED: (StepState.FAILED, None),
}
"""What the end of a confirmation makes of its present step, unless that has ended before."""


class SendState(StrEnum):
    """How far the present step's code has come: by SMS, or as the caller number of a call."""

    NONE = "none"
    """Nothing is sent: the user calls, or sends an SMS."""
    QUEUED = "queued"
    """To be sent at `send_due_at`, or when an earlier call to the number has ended."""
    SUBMITTING = "submitting"
    """Handed over, the answer not known; a call has not rung yet. After a crash it stays so: the SMS or the call may
    have gone, and none is sent again."""
    SENT = "sent"
    """Accepted by the SMSC; the call has rung."""
    REFUSED = "refused"
    """Refused by the SMSC, or by the voice network, for good."""


@frozen
class Proof:
    """How a number was proved."""

    method: str
    source: str
    """typed: by the user. intercepted: by an application on his phone. call, sms: he called, or sent it himself."""
    trust: str | None
    """How sure the number of his call or SMS is, see `confirm.ports.Trust`; None where a code came back."""
    at: int


@frozen
class Confirmation:
    """One confirmation. Instants are lab time in milliseconds since 1970, UTC."""

    id: str
    service_id: str
    phone_number: str
    method: str
    """The present step's."""
    owner: str | None
    """An opaque reference to the larger thing it is a part of, such as an identification attempt."""
    ordinal: int
    """Its place among the recent confirmations of its service and number; instants may be equal, this never is."""
    attempts: int
    """Wrong codes that end it."""
    failures: int
    """Wrong codes so far, those of all its steps and of the confirmations it follows included."""
    created_at: int
    expires_at: int
    """When it ends unanswered if every step from the present one on takes its whole time."""
    requested_at: int
    """When its last code was asked for, or its present step began."""
    steps: tuple[Step, ...]
    step: int = 0
    """The present step's place; the last one's once all have failed."""
    step_due_at: int | None = None
    """When the next step begins by itself; None on the last."""
    state: State = State.PENDING
    reason: str | None = None
    over_at: int | None = None
    proof: Proof | None = None
    locale: str | None = None
    template: str | None = None
    brand: str | None = None
    client_address: str | None = None
    test: bool = False
    """Whether its number is a test number: nothing is sent, nothing costs."""
    shadow: bool = False
    """Whether it only looks as if something was sent; nobody is told."""
    own_code: bool = False
    """Whether the service chose the code."""
    send_state: SendState = SendState.QUEUED
    send_due_at: int | None = None
    """When the queued code is to be sent."""
    codes: int = 0
    """Codes claimed for sending so far; tells the SMSC's answer about the last code from a late one about another."""
    generation: int = 0
    """Secrets so far; the present one is derived from it."""
    tries: int = 0
    """How often the network could not take the present code's call."""
    code_mac: str | None = None
    """HMAC of the present code, see `code_mac`."""
    number_mac: str | None = None
    """HMAC of the last ten digits of the number whose end is the code."""
    probe: int | None = None
    """How many numbers of the pool after the derived one were passed over, to find the same one again."""
    sent_at: int | None = None
    message_id: str | None = None
    """The SMSC's id of the last message."""
    send_error: int | None = None
    """The SMSC's command_status where it refused the message; the SIP status where the call failed."""
    call: str | None = None
    """The present code's call."""
    access_number: str | None = None
    """The number that the user calls."""

    @property
    def attempts_left(self) -> int:
        """How many more wrong codes it bears."""
        return max(0, self.attempts - self.failures)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state is not State.PENDING

    @property
    def present(self) -> Step:
        """The present step."""
        return self.steps[self.step]

    @property
    def on_last_step(self) -> bool:
        """Whether no other step is left."""
        return self.step == len(self.steps) - 1

    @property
    def send_settled(self) -> bool:
        """Whether the first try to send the last code has ended: sent, refused, put off, or no longer wanted.

        Of a call nothing more is waited for than that it is placed: whether it rings tells whether the number exists.
        """
        put_off = self.send_state is SendState.QUEUED and self.send_due_at not in (None, self.requested_at)
        placed = self.send_state is SendState.SUBMITTING and self.call is not None
        return self.over or put_off or placed or self.send_state in (SendState.SENT, SendState.REFUSED, SendState.NONE)


def code_mac(key: bytes, confirmation_id: str, code: str) -> str:
    """Return HMAC-SHA256 of the id and the code under `key`, which is kept outside the database, in hexadecimal."""
    return hmac.new(key, f"{confirmation_id}\0{code}".encode(), hashlib.sha256).hexdigest()


def require_pending(confirmation: Confirmation, now: int) -> None:
    """Raise ConfirmationOverError unless it is pending and in its lifetime, whose last instant still counts."""
    if confirmation.over:
        raise ConfirmationOverError(f"the confirmation is over: it is {confirmation.state}")
    if now > confirmation.expires_at:
        raise ConfirmationOverError(f"the confirmation's lifetime ended at {iso(confirmation.expires_at)}")


def check(confirmation: Confirmation, now: int, mac: str, source: str = "typed") -> Confirmation:
    """Return the confirmation after an answer with the HMAC `mac` came back; a wrong one counts as a failure.

    Raises ConfirmationOverError for one that is over: a code is good once.
    """
    require_pending(confirmation, now)
    # A secret that was never sent has no HMAC; then no answer is right. Both are compared, whichever is right.
    right = [hmac.compare_digest(kept or "", mac) for kept in (confirmation.code_mac, confirmation.number_mac)]
    if any(right):
        return prove(confirmation, now, Proof(confirmation.method, source, None, now))
    failed = replace(confirmation, failures=confirmation.failures + 1)
    return failed if failed.attempts_left else end(failed, now, Happening.LAST_TRY_WRONG)


def prove(confirmation: Confirmation, now: int, proof: Proof) -> Confirmation:
    """Return the confirmation proved. Raises ConfirmationOverError if it is over or its lifetime has passed."""
    require_pending(confirmation, now)
    return end(replace(confirmation, proof=proof), now, Happening.PROVED)


def end(confirmation: Confirmation, now: int, happening: Happening) -> Confirmation:
    """Return the confirmation ended by `happening`; nothing is left to send. Raises ConfirmationOverError if over."""
    change = TRANSITIONS.get((confirmation.state, happening))
    if change is None:
        raise ConfirmationOverError(f"the confirmation is over: it is {confirmation.state}")
    state, reason = change
    ended = _end_step(confirmation, now, *STEP_ENDS[happening])
    return replace(ended, state=state, reason=reason, over_at=now)


def begin(confirmation: Confirmation, now: int, index: int, *, sends: bool) -> Confirmation:
    """Return the confirmation with step `index` begun; `sends` is whether a code is to be sent for it."""
    begun = replace(
        confirmation,
        steps=workflow.begun(confirmation.steps, index, now),
        step=index,
        method=confirmation.steps[index].method,
    )
    return queue(begun, now, sends=sends)


def queue(confirmation: Confirmation, now: int, *, sends: bool = True, same: bool = False) -> Confirmation:
    """Return the confirmation with a new code asked for: the old one is dead at once, the failures stay.

    With `same` the present code is to be sent again, and stays good meanwhile.
    """
    steps = workflow.begun(confirmation.steps, confirmation.step, confirmation.present.started_at or now)
    queued = replace(
        confirmation,
        steps=steps,
        requested_at=now,
        expires_at=now + workflow.time_left(steps, confirmation.step),
        step_due_at=None if confirmation.on_last_step else now + confirmation.present.time,
        send_state=SendState.QUEUED if sends else SendState.NONE,
        send_due_at=now if sends else None,
        tries=0,
        sent_at=None,
        message_id=None,
        send_error=None,
        call=None,
    )
    if same:
        return queued
    return replace(
        queued,
        generation=confirmation.generation + 1,
        code_mac=None,
        number_mac=None,
        probe=None,
        access_number=None,
    )


def claim(confirmation: Confirmation, mac: str) -> Confirmation:
    """Return the confirmation with a code, of which only the HMAC `mac` is kept, about to be submitted."""
    return replace(
        confirmation,
        send_state=SendState.SUBMITTING,
        send_due_at=None,
        codes=confirmation.codes + 1,
        code_mac=mac,
    )


def sent(confirmation: Confirmation, now: int, message_id: str | None) -> Confirmation:
    """Return the confirmation whose SMS the SMSC accepted under `message_id`, or whose call has rung."""
    return replace(confirmation, send_state=SendState.SENT, sent_at=now, message_id=message_id)


def put_off(confirmation: Confirmation, again_at: int | None) -> Confirmation:
    """Return the confirmation whose code could not be handed over now, to be tried at `again_at`; None: when told."""
    if confirmation.over:
        return confirmation
    return replace(confirmation, send_state=SendState.QUEUED, send_due_at=again_at, call=None)


def fail_step(confirmation: Confirmation, now: int, outcome: str, error: int | None = None) -> Confirmation:
    """Return the confirmation whose present step has failed; its secret is dead. `error` as in `send_error`."""
    failed = _end_step(confirmation, now, StepState.FAILED, outcome)
    refused = SendState.NONE if confirmation.send_state is SendState.NONE else SendState.REFUSED
    return replace(failed, send_state=refused, send_error=error)


def time_out_step(confirmation: Confirmation, now: int) -> Confirmation:
    """Return the confirmation whose present step's time is over; its secret is dead."""
    return _end_step(confirmation, now, StepState.TIMED_OUT)


def skip_step(confirmation: Confirmation, now: int) -> Confirmation:
    """Return the confirmation whose present step was left for the next; its secret is dead."""
    return _end_step(confirmation, now, StepState.SKIPPED)


def miss(confirmation: Confirmation, now: int, outcome: str, error: int | None = None) -> Confirmation:
    """Return the confirmation whose last step has failed in a way that must not show: it waits on, for nothing."""
    missed = note(confirmation, outcome)
    return replace(
        missed,
        send_state=SendState.REFUSED,
        send_error=error,
        send_due_at=None,
        sent_at=now if confirmation.sent_at is None else confirmation.sent_at,
        code_mac=None,
        number_mac=None,
    )


def note(confirmation: Confirmation, outcome: str) -> Confirmation:
    """Return the confirmation with what has become of its present step, which goes on."""
    return replace(confirmation, steps=workflow.noted(confirmation.steps, confirmation.step, outcome))


def _end_step(confirmation: Confirmation, now: int, state: StepState, outcome: str | None = None) -> Confirmation:
    steps = confirmation.steps
    if confirmation.present.state is StepState.CURRENT:
        steps = workflow.ended(steps, confirmation.step, now, state, outcome)
    return replace(
        confirmation, steps=steps, step_due_at=None, send_due_at=None, code_mac=None, number_mac=None, probe=None
    )
