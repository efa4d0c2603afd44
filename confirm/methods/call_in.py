"""The user calls an access number from the number that he wants to prove; the call is rejected, so it costs nothing.

Who calls which access number says whose confirmation it is: no two pending ones of one number share an access number,
whichever service they belong to.
"""

from collections.abc import Collection, Sequence

from confirm.methods.method import Method, Way
from confirm.settings import ConfirmationSettings


def choose(access_numbers: Sequence[str], index: int, taken: Collection[str]) -> str | None:
    """Return the first access number from the place `index` on that is not taken, or None."""
    turned = [*access_numbers[index:], *access_numbers[:index]]
    return next((number for number in turned if number not in taken), None)


def takes(code: str, settings: ConfirmationSettings) -> bool:
    """Return True: no code is sent, so any may have been chosen for the other steps."""
    return True


METHOD = Method("call_in", Way.INWARD, lambda settings: 0, lambda typed, digits: typed, takes)
