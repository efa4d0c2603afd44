import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.base.durations import DAY, HOUR, MINUTE, SECOND, instant
from smsc_emulator.smpp import times

NOW = instant("2026-01-31T12:00:00Z")


def test_no_time_is_none() -> None:
    assert times.parse("", NOW) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("260102030405000+", "2026-01-02T03:04:05Z"),
        ("260102030405700+", "2026-01-02T03:04:05.7Z"),
        ("260102030405012+", "2026-01-02T00:04:05Z"),
        ("260102030405012-", "2026-01-02T06:04:05Z"),
        ("260102030405048-", "2026-01-02T15:04:05Z"),
        ("260102030405001+", "2026-01-02T02:49:05Z"),
        ("370101000000000+", "2037-01-01T00:00:00Z"),
        ("380101000000000+", "1938-01-01T00:00:00Z"),
    ],
)
def test_an_absolute_time_is_a_local_one_some_quarter_hours_off_utc(text: str, meant: str) -> None:
    assert times.parse(text, NOW) == instant(meant)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("000000000030000R", NOW + 30 * SECOND),
        ("000002000000000R", NOW + 2 * DAY),
        ("000000480000000R", NOW + 2 * DAY),
        ("000000010203000R", NOW + HOUR + 2 * MINUTE + 3 * SECOND),
        ("000000000100999R", NOW + MINUTE),
        ("000100000000000R", instant("2026-02-28T12:00:00Z")),
        ("020610233429000R", instant("2028-08-10T23:34:29Z") + 12 * HOUR),
        ("000000000000000R", NOW),
    ],
)
def test_a_relative_time_counts_from_now(text: str, meant: int) -> None:
    assert times.parse(text, NOW) == meant


@pytest.mark.parametrize(
    "text",
    [
        "26010", "260102030405", "260102030405000", "260102030405000Z", "261302030405000+", "260230030405000+",
        "260102240405000+", "260102036005000+", "260102030460000+", "260102030405049+", "26010203040500x+",
        "             000", "\uff1260102030405000+", "260102030405000+\n", "990000000000000R" * 2,
    ],
)  # fmt: skip
def test_garbage_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        times.parse(text, NOW)


def test_an_interval_beyond_the_calendar_is_no_time() -> None:
    with pytest.raises(ValueError, match="calendar"):
        times.parse("990000000000000R", instant("9950-01-01T00:00:00Z"))


@given(st.text(alphabet="0123456789+-R", min_size=16, max_size=16) | st.text(max_size=20))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        meant = times.parse(text, NOW)
    except ValueError:
        return
    assert (meant is None) == (text == "")


@given(st.integers(instant("1970-01-01T00:00:00Z"), instant("2037-12-31T23:59:59Z")))
def test_what_is_written_is_read_back_to_the_tenth(at: int) -> None:
    assert times.parse(times.write(at), NOW) == at - at % 100
