import random

import pytest

from gateway.lookup.client import numbering_plan
from gateway.lookup.routing import NumberingPlan, NumberRange, PortabilityClass, Route
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


OWN = [NumberRange(70000000000, 70000000099, "alpha"), NumberRange(70000000100, 70000000199, "beta")]
FOREIGN = [NumberRange(70001000000, 70001000099, "Gamma, which is not asked here")]
HOST = [NumberRange(70002000000, 70002000099, "alpha", data_at="virtual")]
PLAN = NumberingPlan([*OWN, *FOREIGN, *HOST], known=["alpha", "beta", "virtual", "light"], data_at={"light": "beta"})
C = PortabilityClass


@pytest.mark.parametrize(
    ("number", "ported_to", "case", "current", "holder"),
    [
        ("+70000000001", None, C.OWN_NOT_PORTED_OUT, "alpha", "alpha"),
        ("+70000000001", "alpha", C.OWN_NOT_PORTED_OUT, "alpha", "alpha"),
        ("+70000000001", "beta", C.OWN_PORTED_OUT, "beta", "alpha"),
        ("+70000000001", "Gamma", C.OWN_PORTED_OUT, None, "alpha"),
        ("+70001000001", "beta", C.FOREIGN_PORTED_IN, "beta", None),
        ("+70001000001", "Delta", C.FOREIGN_PORTED_TO_FOREIGN, None, None),
        ("+70001000001", None, C.FOREIGN_NOT_KNOWN_TO_BE_PORTED, None, None),
    ],
)
def test_the_five_cases_of_portability_are_told_apart_and_asked_as_the_profile_says(
    number, ported_to, case, current, holder
):
    by_operator, by_range = PLAN.route(number, ported_to), PLAN.route(number, ported_to, "range_holder")
    assert (by_operator.portability_class, by_operator.operator_id) == (case, current)
    assert (by_range.portability_class, by_range.operator_id) == (case, holder)
    assert by_operator.reason == (None if current else "operator_unknown")
    assert by_operator.number_class == "mobile"


@pytest.mark.parametrize(
    ("number", "number_class", "country"),
    [
        ("+70000000001", "mobile", "RU"),
        ("+70009999999", "unknown", "RU"),
        ("+77010000001", "foreign", "KZ"),
        ("+76000000001", "foreign", "KZ"),
        ("+78400000001", "foreign", None),
        ("+375290000001", "foreign", "BY"),
        ("+84900000001", "foreign", "VN"),
        ("+9990000001", "foreign", None),
        ("+881600000001", "satellite", None),
        ("+882160000001", "satellite", None),
        ("+870700000001", "satellite", None),
    ],
)
def test_a_number_outside_the_home_country_is_foreign_although_it_may_begin_with_7(number, number_class, country):
    route = PLAN.route(number, None)
    assert (route.number_class, route.country) == (number_class, country)
    if number_class != "mobile":
        assert (route.operator_id, route.reason) == (None, "not_assigned")


def test_a_foreign_number_whose_operator_takes_part_is_its_operators():
    plan = NumberingPlan([NumberRange(9990000000, 9990009999, "abroad")], known=["abroad"])
    assert plan.route("+9990000001", None) == Route("abroad", "foreign", C.OWN_NOT_PORTED_OUT)


def test_whoever_keeps_a_virtual_operators_subscribers_is_asked():
    assert PLAN.holder("+70002000001") == "alpha"
    assert PLAN.route("+70002000001", None).operator_id == "virtual"
    assert PLAN.route("+70002000001", "beta").operator_id == "beta"
    assert PLAN.route("+70000000001", "light").operator_id == "beta"


def test_a_plan_without_ranges_routes_nothing():
    assert NumberingPlan([]).holder("+70000000001") is None


def test_the_default_lab_routes_its_numbers_as_promised():
    plan = numbering_plan(Settings().operators)
    numbers = ["+70000000001", "+70000000010", "+70000000011", "+70000000020", "+70000000098", "+9990000001"]
    assert [plan.holder(number) for number in numbers] == ["alpha", "alpha", "beta", "beta", "beta", None]
