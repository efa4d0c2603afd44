"""When messages are meant to go out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.load.pace import Pace, grown


@given(st.floats(1, 1e5), st.floats(0, 100), st.integers(0, 10**6))
def test_a_message_is_due_from_its_instant_on_and_not_before(rate: float, ramp: float, number: int) -> None:
    pace = Pace(rate, ramp)
    instant = pace.instant(number)
    assert pace.due(instant * (1 - 1e-9) - 1e-9) <= number
    assert pace.due(instant * (1 + 1e-9) + 1e-9) > number


@pytest.mark.parametrize(("elapsed", "due"), [(0, 0), (1, 5), (2, 20), (3, 40), (10, 180)])
def test_the_rate_rises_in_a_straight_line(elapsed: float, due: int) -> None:
    assert Pace(rate=20, ramp=2).due(elapsed) == due


def test_a_window_grows_from_one_to_all_of_it() -> None:
    assert [grown(10, 2.0, elapsed) for elapsed in (0, 0.1, 1, 1.9, 2, 3)] == [1, 1, 5, 9, 10, 10]
