import pytest

from smsc_emulator.base.retries import RetryPlan

PLAN = RetryPlan((0, 5, 15, 30), 60)


def test_a_plan_is_a_table_and_then_a_rhythm():
    tries, now = [1000], 1000
    while (following := PLAN.next_after(1000, now, 1220)) is not None:
        tries.append(now := following)
    assert [at - 1000 for at in tries] == [0, 5, 15, 30, 90, 150, 210]


@pytest.mark.parametrize(("now", "following"), [(4, 5), (5, 15), (29, 30), (30, 90), (89, 90), (90, 150), (1000, 1050)])
def test_a_late_try_goes_on_along_the_grid_without_making_up(now, following):
    assert PLAN.next_after(0, now, 10_000) == following


def test_a_try_at_the_last_instant_is_made_and_none_after_it():
    assert PLAN.next_after(0, 15, 30) == 30
    assert PLAN.next_after(0, 15, 29) is None
