import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.base import durations


@pytest.mark.parametrize(
    ("text", "millis"),
    [("250ms", 250), ("10s", 10_000), ("20m", 1_200_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("1.5s", 1500)],
)
def test_a_duration_is_a_number_with_a_unit(text: str, millis: int) -> None:
    assert durations.parse(text) == millis


@pytest.mark.parametrize("text", ["", "20", "m", "20 m", "-5s", "5s ", "1e3s", "٣s", "20m\n"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 250ms"):
        durations.parse(text)


@given(st.integers(min_value=0, max_value=10**12))
def test_spelling_and_parsing_are_inverse(millis: int) -> None:
    assert durations.parse(durations.spell(millis)) == millis


@given(st.integers(min_value=0, max_value=4 * 10**12))
def test_instants_survive_iso_8601(instant: int) -> None:
    assert durations.instant(durations.iso(instant)) == instant


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="no offset"):
        durations.instant("2026-01-01T12:00:00")


@pytest.mark.parametrize(("millis", "seconds"), [(0, 0), (1, 1), (999, 1), (1_000, 1), (1_001, 2)])
def test_whole_seconds_are_as_many_as_it_takes(millis: int, seconds: int) -> None:
    assert durations.whole_seconds(millis) == seconds
