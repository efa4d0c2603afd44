"""Durations as people write them (`250ms`, `20m`, `1h30m`, `2d`) and instants as ISO 8601, in whole milliseconds."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PATTERN = r"^(?:[0-9]{1,6}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d)){1,5}$"
"""What `parse` accepts, as a JSON Schema pattern: up to five parts, each a number with its unit."""

_UNITS = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_WHOLE = re.compile(PATTERN)
_PART = re.compile(r"([0-9.]+)(ms|s|m|h|d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: str) -> int:
    """Return the milliseconds that `text` means.

    Raises ValueError, with an example of the right form, for anything else; a bare number has no unit and is refused.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a duration; write a number with a unit, such as 250ms, 10s, 20m, 1h30m or 2d"
        )
    return sum(round(float(number) * _UNITS[unit]) for number, unit in _PART.findall(text))


def spell(millis: int) -> str:
    """Return `millis` in the form that `parse` reads, largest units first: 5400000 is `1h30m`."""
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, millis = divmod(millis, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def whole_seconds(millis: int) -> int:
    """Return the seconds after which `millis` are over: as many whole ones as it takes."""
    return -(-millis // SECOND)


def iso(instant: int) -> str:
    """Return an instant (milliseconds since 1970, UTC) as ISO 8601 with milliseconds and `Z`."""
    second, millis = divmod(instant, SECOND)
    return f"{_second(second)}.{millis:03d}Z"


@lru_cache(maxsize=4096)  # many instants are of one second
def _second(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).isoformat(timespec="seconds").removesuffix("+00:00")


def instant(text: str) -> int:
    """Return the instant that an ISO 8601 text with an offset means; ValueError if it is none or has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset; end it with Z or +00:00")
    return (moment - _EPOCH) // timedelta(milliseconds=1)
