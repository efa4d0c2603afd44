"""Offsets: how instants are written."""

import pytest

from gateway.scenarios.script import offset
from smsc_emulator.base.durations import DAY, HOUR, MINUTE, SECOND


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+19:59.000", 19 * MINUTE + 59 * SECOND),
        ("+20:00.001", 20 * MINUTE + 1),
        ("+0:01", SECOND),
        ("+24:00:01", DAY + SECOND),
        ("+48:00:00.5", 2 * DAY + 500),
        ("+3s", 3 * SECOND),
        ("+1h30m", HOUR + 30 * MINUTE),
    ],
)
def test_an_offset_is_read_as_people_write_it(text: str, expected: int) -> None:
    assert offset(text) == expected
