"""Times as PDUs carry them (7.1.1): sixteen characters `YYMMDDhhmmsstnnp`, absolute or relative.

`p` is `+` or `-` for an instant in a local time that is `nn` quarter hours ahead of UTC or behind it, with tenths of a
second in `t`; `R` makes it the time from now on, in years, months, days, hours, minutes and seconds.
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Final

_SHAPE: Final = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9])([0-9]{2})([+\-R])")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CENTURY_PIVOT: Final = 38
"""Years from 38 on are of the last century (Appendix C)."""
_MOST_QUARTERS: Final = 48
_LAST_YEAR: Final = 9999


def parse(text: str, now: int) -> int | None:
    """Return the instant that a time means, in milliseconds since 1970 UTC, or None for an empty one (no time).

    Raises ValueError for anything that is not a time: the caller answers with ESME_RINVSCHED or ESME_RINVEXPIRY. `t`
    and `nn` of a relative time are ignored, as 7.1.1 says, but have to be digits.
    """
    if not text:
        return None
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not of the form YYMMDDhhmmsstnnp")
    year, month, day, hour, minute, second, tenths, quarters = map(int, match.groups()[:-1])
    direction = match[9]
    if direction == "R":
        return _later(now, 12 * year + month, timedelta(days=day, hours=hour, minutes=minute, seconds=second))
    if quarters > _MOST_QUARTERS:
        raise ValueError(f"{text!r} is {quarters} quarter hours off UTC; {_MOST_QUARTERS} is the most")
    century = 1900 if year >= _CENTURY_PIVOT else 2000
    local = datetime(century + year, month, day, hour, minute, second, tenths * 100_000, tzinfo=UTC)
    offset = timedelta(minutes=15 * quarters)
    return _millis(local - offset if direction == "+" else local + offset)


def write(instant: int) -> str:
    """Return an instant as an absolute time in UTC, with tenths of a second."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return f"{moment:%y%m%d%H%M%S}{moment.microsecond // 100_000}00+"


def _later(now: int, months: int, rest: timedelta) -> int:
    """Return the instant `months` of the calendar and `rest` after `now`; a day that a month lacks is its last one."""
    start = _EPOCH + timedelta(milliseconds=now)
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if years >= _LAST_YEAR:
        raise ValueError("the interval reaches beyond the calendar")
    day = min(start.day, monthrange(years, month + 1)[1])
    return _millis(start.replace(year=years, month=month + 1, day=day) + rest)


def _millis(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
