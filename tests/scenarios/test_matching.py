"""What fits what was expected, and how it is told where it does not."""

from typing import Any

import pytest

from gateway.scenarios.matching import differences, matches


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ({"state": "PENDING"}, {"state": "PENDING", "reason": None}),
        ({"a": {"b": [1, {"c": None}]}}, {"a": {"b": [1, {"c": None, "d": 2}], "e": 3}}),
        ([], []),
        ({}, {"anything": 1}),
        ({"at_least": 2, "at_most": 4}, 3),
        ({"not": None}, "x"),
        ({"one_of": ["a", "b"]}, "b"),
        ({"like": "^req_"}, "req_1"),
    ],
)
def test_what_is_named_fits_and_the_rest_does_not_matter(expected: Any, got: Any) -> None:
    assert matches(expected, got)


@pytest.mark.parametrize(
    ("expected", "got", "told"),
    [
        ({"state": "A"}, {"state": "B"}, "state: expected 'A', got 'B'"),
        ({"a": {"b": 1}}, {"a": {}}, "a.b: expected 1, got nothing; there are no members"),
        ({"a": 1}, {"b": 2}, "a: expected 1, got nothing; there are b"),
        ([{"x": 1}], [{"x": 2}], "[0].x: expected 1, got 2"),
        ([], [1], "it: expected [], got [1]"),
        ({}, None, "it: expected {}, got None"),
        (True, 1, "it: expected True, got 1"),
        (0, False, "it: expected 0, got False"),
        ({"at_least": 2}, 1, "it: expected {'at_least': 2}, got 1"),
        ({"at_most": 2}, None, "it: expected {'at_most': 2}, got None"),
        ({"not": 1}, 1, "it: expected {'not': 1}, got 1"),
        ({"one_of": [1]}, 2, "it: expected {'one_of': [1]}, got 2"),
        ({"like": "x"}, 5, "it: expected {'like': 'x'}, got 5"),
    ],
)
def test_each_difference_is_told_with_its_place(expected: Any, got: Any, told: str) -> None:
    assert list(differences(expected, got)) == [told]
