"""Log-linear buckets, against percentiles of the sorted values themselves."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.load.histogram import LARGEST, Histogram, bucket_of, upper_end

values = st.integers(0, LARGEST)


@given(values)
def test_each_value_lies_in_its_bucket_which_is_less_than_one_percent_wide(value: int) -> None:
    bucket = bucket_of(value)
    lowest = upper_end(bucket - 1) + 1 if bucket else 0
    assert lowest <= value <= upper_end(bucket)
    assert upper_end(bucket) - lowest <= value / 100


@given(st.lists(values, min_size=1), st.sampled_from([0, 10, 50, 90, 99, 99.9, 100]))
def test_a_percentile_is_that_of_the_values_and_less_than_one_percent_above_it(found: list[int], share: float) -> None:
    histogram = Histogram()
    for value in found:
        histogram.add(value)
    exact = sorted(found)[max(1, math.ceil(len(found) * share / 100)) - 1]
    assert exact <= histogram.percentile(share) <= exact * 1.01


@given(st.lists(values), st.lists(values))
def test_two_that_are_merged_are_one_that_counted_all(first: list[int], second: list[int]) -> None:
    one, two, whole = Histogram(), Histogram(), Histogram()
    for histogram, found in ((one, first), (two, second), (whole, first + second)):
        for value in found:
            histogram.add(value)
    one.merge(two)
    assert list(one.buckets()) == list(whole.buckets())
    assert (one.count, one.mean, one.smallest, one.largest) == (
        whole.count,
        whole.mean,
        whole.smallest,
        whole.largest,
    )


def test_memory_is_bounded_whatever_is_counted() -> None:
    histogram = Histogram()
    for exponent in range(60):
        for value in range(200):
            histogram.add((1 << exponent) + value * (1 << exponent) // 200)
    assert len(list(histogram.buckets())) < 4000
    assert histogram.largest == LARGEST


def test_what_is_told_is_milliseconds() -> None:
    histogram = Histogram()
    histogram.add(2_000, times=3)
    histogram.add(-5)
    assert histogram.told({"p50": 50}) == {"count": 4, "min": 0.0, "mean": 1.5, "p50": 2.0, "max": 2.0}
    assert Histogram().told({"p50": 50}) == {"count": 0}


@pytest.mark.parametrize("share", [50, 100])
def test_nothing_has_no_percentile(share: float) -> None:
    assert Histogram().percentile(share) == 0
