import random

import pytest

from gateway.lookup.client import numbering_plan
from gateway.lookup.routing import NumberingPlan, NumberRange
from gateway.settings import Settings

NESTED = [
    NumberRange(70000000000, 70000009999, "wide"),
    NumberRange(70000001000, 70000001999, "inner"),
    NumberRange(70000001500, 70000001500, "one"),
    NumberRange(70000005000, 70000014999, "across"),
]


@pytest.mark.parametrize(
    ("number", "holder"),
    [
        ("+69999999999", None),
        ("+70000000000", "wide"),
        ("+70000000999", "wide"),
        ("+70000001000", "inner"),
        ("+70000001500", "one"),
        ("+70000001501", "inner"),
        ("+70000001999", "inner"),
        ("+70000002000", "wide"),
        ("+70000009999", "wide"),  # of two blocks of one width, the one that ends first
        ("+70000010000", "across"),
        ("+70000014999", "across"),
        ("+70000015000", None),
        ("+9991234567", None),
    ],
)
def test_the_narrowest_range_holds_a_number(number, holder):
    assert NumberingPlan(NESTED).holder(number) == holder


def test_the_plan_agrees_with_a_plain_search_on_random_ranges():
    draw = random.Random(5)
    for _ in range(200):
        starts = draw.sample(range(100, 160), 8)
        ranges = [NumberRange(s, s + width, f"o{width}") for width, s in enumerate(starts)]
        plan = NumberingPlan(ranges)
        for number in range(95, 175):
            around = [block for block in ranges if block.first <= number <= block.last]
            narrowest = min(around, key=lambda block: block.width, default=None)
            assert plan.holder(f"+{number}") == (narrowest.operator_id if narrowest else None)


def test_a_ported_number_goes_to_its_new_operator_before_its_range():
    plan = NumberingPlan(NESTED)
    assert plan.route("+70000001500", "new") == "new"
    assert plan.route("+70000001500", None) == "one"
    assert plan.route("+9991234567", None) is None


def test_a_plan_without_ranges_routes_nothing():
    assert NumberingPlan([]).holder("+70000000001") is None


def test_the_default_lab_routes_its_numbers_as_promised():
    plan = numbering_plan(Settings().operators)
    numbers = ["+70000000001", "+70000000010", "+70000000011", "+70000000020", "+70000000098", "+9990000001"]
    assert [plan.holder(number) for number in numbers] == ["alpha", "alpha", "beta", "beta", "beta", None]
