"""What becomes of a webhook after each try: delivered, tried again, or given up. Pure: time is passed in.

The rules are those of the Standard Webhooks specification. Success is 2xx and nothing else: a redirect is a failure,
since the address that the service registered is the only one that was checked. 410 Gone says that the endpoint wants
nothing any more. A response header `webhook-delivery: abort-message` ends the retries of this one message.
"""

from collections.abc import Sequence
from enum import StrEnum

from smsc_emulator.frozen import frozen


class Outcome(StrEnum):
    """What one try came to."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GIVEN_UP = "given_up"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@frozen
class Answer:
    """What came back from a receiver: an HTTP status, or the reason why there is none."""

    status: int | None
    abort: bool = False
    """The receiver asked not to be sent this message again."""
    error: str | None = None


@frozen
class Verdict:
    """What follows from a try. `due_at` is the instant of the next one, set where the outcome is FAILED."""

    outcome: Outcome
    due_at: int | None = None
    error: str | None = None
    disables: bool = False
    """The endpoint gets nothing any more."""


_DELIVERED = Verdict(Outcome.DELIVERED)


def judge(answer: Answer, tries: int, now: int, retry_after: Sequence[int]) -> Verdict:
    """Return what follows from the answer to try number `tries` (from 1) that ended at `now`.

    `retry_after` has the gap after each failure, in milliseconds; the failure after the last gap is the end.
    """
    if answer.status is not None and 200 <= answer.status < 300:
        return _DELIVERED
    error = _explain(answer)
    if answer.status == GONE:
        return Verdict(Outcome.GIVEN_UP, error=error, disables=True)
    if answer.abort or tries > len(retry_after):
        return Verdict(Outcome.GIVEN_UP, error=error)
    return Verdict(Outcome.FAILED, now + retry_after[tries - 1], error)


GONE = 410


def _explain(answer: Answer) -> str:
    if answer.status is None:
        return answer.error or "the receiver did not answer"
    if answer.status == GONE:
        return "the receiver answered 410: the endpoint is gone"
    if answer.abort:
        return f"the receiver answered {answer.status} and asked for no retry"
    if 300 <= answer.status < 400:
        return f"the receiver answered {answer.status}: redirects are not followed"
    return f"the receiver answered {answer.status}"


def state_of(due_at: int | None, delivered_at: int | None, given_up_at: int | None) -> DeliveryState:
    """Return the state that a delivery's three instants mean. One that is neither due nor over is being sent."""
    if delivered_at is not None:
        return DeliveryState.DELIVERED
    if given_up_at is not None:
        return DeliveryState.GIVEN_UP
    return DeliveryState.SENDING if due_at is None else DeliveryState.PENDING
