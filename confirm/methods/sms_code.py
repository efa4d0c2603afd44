"""A code sent by SMS, which the user types back."""

from confirm.methods.method import Method


def message(template: str, code: str) -> str:
    """Return the text of the SMS: `template` with the code in place of {code}."""
    return template.replace("{code}", code)


def read(typed: str) -> str:
    """Return the code that was meant: blanks and dashes between its digits do not matter."""
    return "".join(typed.split()).replace("-", "")


METHOD = Method("sms_code", message, read)
