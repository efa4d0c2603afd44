"""The forms that texts of a request have, as JSON Schema patterns, and the words that tell each to who broke it.

A pattern alone tells a program what to write; whoever typed `8 (700) 000-00-01` looks for an example.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from smsc_emulator.base import durations, msisdn

WAIT = r"^([0-9]{1,5}ms|[0-5]?[0-9]s|60s|1m)$"
INSTANT = r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
MONEY = r"^[0-9]+([.][0-9]{1,6})?$"
SERVICE_ID = r"^[a-z0-9][a-z0-9-]{0,31}$"
NAME = r"^[^\x00-\x1f\x7f-\x9f]{1,128}$"
URL = r"^https?://[!-~]+$"
CODE = r"^[0-9A-Za-z]{4,10}$"
LOCALE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$"

WORDS: Mapping[str, str] = {
    msisdn.PATTERN: "a number in international form: + and 7 to 15 digits without spaces, such as +70000000001",
    durations.PATTERN: "a time with its unit, such as 250ms, 10s, 20m, 1h30m or 2d",
    WAIT: "a time of at most 60s with its unit, such as 500ms, 10s or 1m",
    INSTANT: "an instant with its offset, such as 2026-01-01T12:00:00.000Z",
    MONEY: "an amount with at most six decimals, such as 0.05",
    SERVICE_ID: "1 to 32 small letters, digits and dashes, such as demo",
    NAME: "1 to 128 characters, none of them a control character",
    URL: "a URL that begins with http:// or https:// and has no spaces, such as https://example.com/webhooks",
    CODE: "4 to 10 letters and digits, such as 271828",
    LOCALE: "the tag of a language, such as ru or ru-RU",
}
"""What is expected, by the pattern."""


def in_words(pattern: str) -> str:
    """Return what a pattern expects; a pattern that has no words is told as it is."""
    return WORDS.get(pattern, f"a text of the form {pattern}")


def mistakes(where: str, model: type[BaseModel], error: ValidationError) -> list[dict[str, str]]:
    """Return each mistake of a request with its place, which begins with `where`, and what was expected there."""
    return [
        {"field": ".".join((where, *_place(item["type"], item["loc"]))), "problem": _problem(item, model)}
        for item in error.errors(include_url=False, include_input=False)
    ]


def _place(kind: str, loc: tuple[int | str, ...]) -> list[str]:
    """Return the names on the way to a value, without the names that pydantic gives to its own validators."""
    names = [str(part) for part in loc]
    if kind == "extra_forbidden":  # the last one is the request's own word
        return names
    return [name for name in names if "[" not in name]


def _problem(item: Mapping[str, Any], model: type[BaseModel]) -> str:
    match item["type"]:
        case "string_pattern_mismatch":
            return f"expected {in_words(item['ctx']['pattern'])}"
        case "extra_forbidden" if len(item["loc"]) == 1:
            return f"there is no such member; known members: {', '.join(_members(model)) or 'none'}"
        case "extra_forbidden":
            return "there is no such member"
        case "value_error":
            return str(item["ctx"]["error"])
        case _:
            return str(item["msg"])


def _members(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]
