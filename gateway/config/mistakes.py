"""How a mistake in the configuration is told: its place, its key, what was expected, and what stands there."""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from smsc_emulator.frozen import frozen

Path = tuple[str | int, ...]
"""The way to a value from the top of the configuration: keys, and positions in lists."""

SECRET_KEYS = frozenset({"password", "secret", "key"})
"""Keys whose values never appear in a message."""

EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "invalid_key": "a key that is a text",
    "ip_v4_network": "a network such as 127.0.0.0/8",
    "ip_v6_network": "a network such as 127.0.0.0/8",
    "less_than_equal": "at most {le}",
    "list_type": "a list; write [] for none",
    "literal_error": "{expected}",
    "model_type": "a mapping of keys to values",
    "path_type": "a path in quotes",
    "string_pattern_mismatch": "a text of the form {pattern}",
    "string_too_long": "a text of at most {max_length} characters",
    "string_too_short": "a text of at least {min_length} characters",
    "string_type": "a text; put it in quotes",
}
"""What was expected, for each type of pydantic's errors that the settings can have."""


@frozen(order=True)
class Mistake:
    """One wrong key or value; mistakes sort by their place."""

    source: str
    """The file, the environment variable or the flag."""
    line: int
    """From 1; 0 where the source has no lines."""
    column: int
    """From 1; 0 where the source has no columns."""
    key: str
    """The dotted key, or an empty text if the source as a whole is wrong."""
    sentence: str
    """What was expected, what stands there, and the nearest known key."""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.source, self.line, self.column) if part)
        return ": ".join(part for part in (place, self.key, self.sentence) if part)


class ConfigError(Exception):
    """The configuration has mistakes; all of them, in the order of their places."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = list(mistakes)


def unreadable(file: FilePath, error: OSError | UnicodeDecodeError) -> Mistake:
    """Return the mistake that a file cannot be read."""
    reason = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
    return Mistake(str(file), 0, 0, "", f"cannot be read: {reason}")


def spell(path: Path) -> str:
    """Return a path as people write it: `operators[0].ranges`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def nearest(key: str, known: Sequence[str], of: str = "key") -> str:
    """Return the part of a sentence that names the known key most like `key`, or all of a few if none is."""
    close = get_close_matches(key, known, n=1, cutoff=0.5)
    if close:
        return f"; nearest known {of}: {close[0]}"
    return f"; known {of}s: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def expected(error: Mapping[str, Any], path: Path, written: str) -> str:
    """Return the sentence for one of pydantic's errors; `written` is the value as it stands in its source."""
    if error["type"] == "missing":
        return "this key is needed"
    if error["type"] == "value_error":
        what = str(error["ctx"]["error"])
    elif error["type"] in EXPECTED:
        what = "expected " + EXPECTED[error["type"]].format(**error.get("ctx", {}))
    else:
        what = str(error["msg"])
    if isinstance(error["input"], str) and repr(error["input"]) in what:
        return what
    return f"{what} (got {'***' if path and path[-1] in SECRET_KEYS else written})"


def show(value: Any) -> str:
    """Return a value as a message names it: scalars as JSON, the rest by its kind."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return json.dumps(value, ensure_ascii=False, default=str)


def own_errors(error: ValidationError) -> list[ErrorDetails]:
    """Return pydantic's errors without those that only follow from others: a default that could not be asked for."""
    return [item for item in error.errors(include_url=False) if item["type"] != "default_factory_not_called"]
