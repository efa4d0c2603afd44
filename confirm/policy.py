"""The rules across codes and across confirmations of one number: what is counted on, and how soon another code goes."""

from collections.abc import Iterable

from confirm.challenge import Confirmation, State
from smsc_emulator.base.durations import MINUTE, SECOND

MEMORY = 15 * MINUTE
"""How long the failures of a cancelled or expired confirmation count for the next one of its number."""

SEND_AGAIN = 5 * SECOND
"""When a code that could not be handed over is tried again."""


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
