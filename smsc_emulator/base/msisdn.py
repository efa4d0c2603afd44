"""Subscriber numbers in international form (E.164 with `+`)."""

import re
from functools import lru_cache

from smsc_emulator.frozen import frozen

PATTERN = r"^\+[1-9][0-9]{6,14}$"
"""A number as the HTTP API takes it, as a JSON Schema pattern."""

_E164 = re.compile(PATTERN)


def parse(text: str) -> str:
    """Return a number that a person or a configuration wrote, without spaces, dashes and brackets.

    Raises ValueError if what is left is not `+` with 7 to 15 digits.
    """
    number = re.sub(r"[ ()\-.]", "", text)
    if not _E164.fullmatch(number):
        raise ValueError(
            f"{text!r} is not a number in international form; write + and 7 to 15 digits, such as +70000000001"
        )
    return number


@lru_cache(maxsize=100_000)
def from_address(address: str) -> str:
    """Return the number that an SMPP address of digits means: the same with one leading `+`.

    Addresses that are not numbers (short codes, names) come back unchanged.
    """
    digits = address.removeprefix("+")
    number = "+" + digits.removeprefix("00")
    return number if _E164.fullmatch(number) else address


@frozen
class DialPlan:
    """How numbers are dialled in a country; the defaults are those of the country code 7."""

    country_code: str = "7"
    trunk_prefix: str = "8"
    """What is dialled before a national number (E.164, 6.2.1)."""
    international_prefixes: tuple[str, ...] = ("00", "810")
    """What is dialled before a country code."""
    national_digits: int = 10
    """How many digits a number has after the country code."""


_VISUAL_SEPARATORS = re.compile(r"[ ()\-.]")
"""What people and RFC 3966 (5.1.1) put between digits."""


def from_dialled(text: str, plan: DialPlan) -> str | None:
    """Return the number that the user part of a SIP URI, or any other spelling, means; None if it is no number.

    Of several readings the one with the length of a national number wins: where those have ten digits, `0000000001` is
    one of them and not `00` before a country code.
    """
    digits = _VISUAL_SEPARATORS.sub("", text.partition(";")[0])
    if digits.startswith("+"):
        return digits if _E164.fullmatch(digits) else None
    if not (digits.isascii() and digits.isdigit()):
        return None
    number = "+" + (_national(digits, plan) or _international(digits, plan))
    return number if _E164.fullmatch(number) else None


def _national(digits: str, plan: DialPlan) -> str | None:
    """Return a number of the plan's own country with its country code, or None for any other."""
    for prefix in ("", plan.trunk_prefix, plan.country_code):
        if digits.startswith(prefix) and len(digits) == len(prefix) + plan.national_digits:
            return plan.country_code + digits.removeprefix(prefix)
    return None


def _international(digits: str, plan: DialPlan) -> str:
    """Return a number without what is dialled before its country code."""
    for prefix in sorted(plan.international_prefixes, key=len, reverse=True):
        if digits.startswith(prefix):
            return digits.removeprefix(prefix)
    return digits


def mask(number: str) -> str:
    """Return a number fit for a log line: `+7000*****01`."""
    return number if len(number) < 8 else f"{number[:5]}{'*' * (len(number) - 7)}{number[-2:]}"
