"""The rules across codes and across confirmations of one number: what is counted on, and how soon another code goes."""

from collections.abc import Iterable

from confirm.challenge import Confirmation, State
from confirm.ports import ReceiptState, Trust
from confirm.settings import ConfirmationSettings
from smsc_emulator.base.durations import MINUTE, SECOND

MEMORY = 15 * MINUTE
"""How long the failures of a cancelled or expired confirmation count for the next one of its number."""

SEND_AGAIN = 5 * SECOND
"""When a code that could not be handed over is tried again."""

CALL_TRIES = 3
"""How often a call is placed that the network cannot take for now."""

CALL_LIMIT = 2 * MINUTE
"""How long after it was placed a call is taken back that has neither rung nor ended."""

HANG_UP_AGAIN = 30 * SECOND
"""When a call that was hung up and has not ended is hung up again."""

NO_SUCH_NUMBER = frozenset({0x0B})
"""The command_status of an SMSC that knows no such destination: ESME_RINVDSTADR."""

NOT_REACHED = "not_reached"
TELLING = frozenset(
    {"nobody", "no_answer", "blocked", "busy", "rejected", "answered", "diverted", "undelivered", NOT_REACHED}
)
"""Outcomes of which one or another tells whether a number exists: who is busy is somebody. Where that must not show
they all are `not_reached`, and none of them ends a confirmation before its time."""

UNDELIVERED = frozenset({ReceiptState.UNDELIVERABLE, ReceiptState.REJECTED, ReceiptState.EXPIRED, ReceiptState.DELETED})
"""The receipts that say that the SMS will not come."""


def hides(outcome: str | None, settings: ConfirmationSettings) -> bool:
    """Return whether a step's outcome must not show as what it is."""
    return outcome in TELLING and not settings.reveal_numbers


def is_trusted(trust: Trust, least: Trust) -> bool:
    """Return whether a number of this trust is proof where `least` is asked for; what is suspected never is."""
    order = list(Trust)
    return trust is not Trust.SPOOF_SUSPECTED and order.index(trust) <= order.index(least)


def inherited_failures(earlier: Iterable[Confirmation], now: int) -> int:
    """Return the failures that a new confirmation begins with; `earlier` are those of its service and number.

    A new code does not reset the failures (NIST SP 800-63B-4, 3.1.3): those of a pending confirmation, and of one that
    was cancelled, has expired or was never sent within MEMORY, go on counting. What has been confirmed, or has failed
    by its last try, closes the account.
    """
    failures = 0
    for confirmation in sorted(earlier, key=lambda one: one.ordinal, reverse=True):
        if confirmation.state is State.CONFIRMED or not confirmation.attempts_left:
            break
        if confirmation.over_at is None or now - confirmation.over_at <= MEMORY:
            failures = max(failures, confirmation.failures)
    return failures


def resend_wait(confirmation: Confirmation, now: int, gap: int) -> int:
    """Return the milliseconds until another code may be asked for; 0 if it may be now."""
    return max(0, confirmation.requested_at + gap - now)
