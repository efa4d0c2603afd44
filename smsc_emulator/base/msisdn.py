"""Subscriber numbers in international form (E.164 with `+`)."""

import re

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


def from_address(address: str) -> str:
    """Return the number that an SMPP address of digits means: the same with one leading `+`.

    Addresses that are not numbers (short codes, names) come back unchanged.
    """
    digits = address.removeprefix("+")
    number = "+" + digits.removeprefix("00")
    return number if _E164.fullmatch(number) else address


def mask(number: str) -> str:
    """Return a number fit for a log line: `+7000*****01`."""
    return number if len(number) < 8 else f"{number[:5]}{'*' * (len(number) - 7)}{number[-2:]}"
