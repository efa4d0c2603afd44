"""A code sent by SMS, which the user types back."""

import re

from confirm.methods.method import Method, Way
from confirm.settings import ConfirmationSettings

OWN_CODE = re.compile(r"[0-9A-Za-z]{4,10}")
"""The codes that a service may choose."""


def read(typed: str, digits: int) -> str:
    """Return the code that was meant: blanks and dashes between its digits do not matter."""
    return "".join(typed.split()).replace("-", "")


def takes(code: str, settings: ConfirmationSettings) -> bool:
    """Return whether a service may choose this code."""
    return OWN_CODE.fullmatch(code) is not None


METHOD = Method("sms_code", Way.SMS, lambda settings: settings.code_digits, read, takes)
