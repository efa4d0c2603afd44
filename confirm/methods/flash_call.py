"""A missed call: the last digits of the number that calls are the code, which the user types back.

He may give the last digits or the whole number, in whatever form his phone shows it: +7, 8, 007 and no prefix at all
all leave the last ten digits as they are, so these are compared.
"""

from collections.abc import Callable, Iterator, Mapping

from confirm.entropy import Pool
from confirm.methods.method import Method, Way
from confirm.ports import CallFate
from confirm.settings import ConfirmationSettings

WHOLE = 10
"""Digits at the end of a number that are the same in all its forms."""

AFTER_RINGING: Mapping[CallFate, str] = {
    CallFate.CANCELLED: "cancelled",
    CallFate.ANSWERED: "answered",
    CallFate.BUSY: "busy",
    CallFate.REJECTED: "rejected",
}
"""What is noted of a call that has rung: the handset has shown the code, so the step goes on. Others: `rang`."""

WITHOUT_RINGING: Mapping[CallFate, str] = {
    CallFate.CANCELLED: "no_answer",
    CallFate.ANSWERED: "answered",
    CallFate.BUSY: "busy",
    CallFate.REJECTED: "rejected",
    CallFate.NO_ANSWER: "no_answer",
    CallFate.NOBODY: "nobody",
    CallFate.BLOCKED: "blocked",
    CallFate.CONGESTED: "congested",
    CallFate.FAILED: "failed",
}
"""Why the step fails whose call has ended and never rang: nobody can have seen the code. A call that was answered
without ringing was answered by the network. `congested` is tried again first."""


def outcome(fate: CallFate, *, rang: bool, diverted: bool) -> str:
    """Return what a call that ended with `fate` makes of its step: a note if it rang, else why it has failed."""
    if rang:
        return AFTER_RINGING.get(fate, "rang")
    if diverted and fate is CallFate.CANCELLED:
        return "diverted"
    return WITHOUT_RINGING[fate]


def read(typed: str, digits: int) -> str:
    """Return the code that was meant, or the last ten digits of a whole number, marked as such."""
    plain = "".join(letter for letter in typed if letter.isdecimal() and letter.isascii())
    return whole(plain) if len(plain) >= WHOLE else plain


def whole(number: str) -> str:
    """Return what stands for a whole number, in any of its forms."""
    return f"number {number.removeprefix('+')[-WHOLE:]}"


def choose(numbers: Iterator[str], is_taken: Callable[[str], bool]) -> tuple[str, int] | None:
    """Return the first of `numbers` that is not taken, and how many were passed over; None if all are."""
    return next(((number, probe) for probe, number in enumerate(numbers) if not is_taken(number)), None)


def from_place(pool: Pool, index: int) -> Iterator[str]:
    """Yield all numbers of the pool, beginning with the one at `index`."""
    return (pool[(index + probe) % len(pool)] for probe in range(len(pool)))


def takes(code: str, settings: ConfirmationSettings) -> bool:
    """Return whether a service may choose this code: it has the right length, and a number of the pool ends in it."""
    wanted = len(code) == settings.flash_call.digits and code.isdecimal() and code.isascii()
    return wanted and next(Pool(settings.flash_call.callers).ending_in(code), None) is not None


METHOD = Method("flash_call", Way.CALL, lambda settings: settings.flash_call.digits, read, takes)
