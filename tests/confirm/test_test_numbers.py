"""Numbers that nothing is sent to, and until when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirm import test_numbers as numbers
from confirm.settings import ConfirmationSettings, TestNumberSettings
from confirm.test_numbers import OF_A_LAB, TestNumbers

NOW = 1_767_268_800_000
LAB = TestNumbers(OF_A_LAB)


@pytest.mark.parametrize(
    ("first", "last", "outcome", "code"),
    [
        ("+70009990000", "+70009990099", "answer", "123456"),
        ("+70009990100", "+70009990199", "send_failed", None),
        ("+70009990200", "+70009990299", "expired", None),
        ("+70009990300", "+70009990399", "too_many_attempts", None),
        ("+70009990400", "+70009990499", "confirmed", None),
    ],
)
def test_a_lab_has_a_hundred_numbers_for_each_scenario(first, last, outcome, code):
    for number in (first, last):
        found = LAB.find(number, NOW)
        assert found is not None
        assert (found.outcome, found.code) == (outcome, code)
    assert int(last) - int(first) == 99


@pytest.mark.parametrize(
    "number", ["+70009989999", "+70009990500", "+70000000001", "+7000999000", "+700099900000", "+1"]
)
def test_other_numbers_are_no_test_numbers(number):
    assert LAB.find(number, NOW) is None


def test_a_number_stops_being_one_at_its_end():
    end = datetime(2026, 1, 1, 15, tzinfo=UTC)
    single = TestNumbers([TestNumberSettings(first="+70001112233", code="0000", until=end)])
    until = NOW + timedelta(hours=3) // timedelta(milliseconds=1)
    assert single.find("+70001112233", until - 1) is not None
    assert single.find("+70001112233", until) is None


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9)), max_size=8),
    st.integers(0, 320),
)
def test_a_number_is_found_in_the_range_that_holds_it(blocks, wanted):
    ranges, end = [], -1
    for start, length in sorted(blocks):
        if start > end:
            end = start + length
            ranges.append(TestNumberSettings(first=f"+7000999{start:04d}", last=f"+7000999{end:04d}"))
    number = f"+7000999{wanted:04d}"
    holding = [one for one in ranges if one.first <= number <= (one.last or "")]
    assert TestNumbers(reversed(ranges)).find(number, NOW) == (holding[0] if holding else None)


def test_only_a_lab_has_test_numbers_that_nobody_set():
    unset = ConfirmationSettings()
    assert numbers.settled(unset, lab=True).test_numbers == list(OF_A_LAB)
    assert numbers.settled(unset, lab=False).test_numbers == []
    own = ConfirmationSettings(test_numbers=[])
    assert numbers.settled(own, lab=True) is own
