"""How hard the codes of a pool of caller numbers are to guess."""

from collections import Counter
from itertools import product
from math import log10

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confirm.entropy import Entropy, Pool, of_pool


@pytest.mark.parametrize(
    ("callers", "digits", "entropy"),
    [
        (["+7000100XXXX"], 4, Entropy(10_000, 4.0, weak=True)),
        (["+7000100XXXX"], 6, Entropy(10_000, 4.0, weak=True)),
        (["+7000100XXXX", "+7000101XXXX"], 4, Entropy(10_000, 4.0, weak=True)),
        (["+7000100XXXX", "+7000101XXXX"], 6, Entropy(20_000, 4.3, weak=True)),
        (["+70001XXXXXX"], 6, Entropy(1_000_000, 6.0, weak=False)),
        (["+7000XXXXXXX"], 6, Entropy(1_000_000, 6.0, weak=False)),
        (["+7XXXXXXXXXX"], 4, Entropy(10_000, 4.0, weak=True)),
        (["+70001000001"], 4, Entropy(1, 0.0, weak=True)),
        (["+70001000001", "+70002000001"], 4, Entropy(1, 0.0, weak=True)),
        (["+70001000001", "+70001000002", "+70002000001"], 4, Entropy(2, 0.18, weak=True)),
    ],
)
def test_a_code_is_as_hard_to_guess_as_the_likeliest_one_of_its_pool(callers, digits, entropy):
    assert of_pool(callers, digits) == entropy


def test_fewer_digits_may_be_wanted():
    assert not of_pool(["+7000100XXXX"], 4, wanted=4).weak
    assert of_pool(["+7000100XXXX"], 4, wanted=5).weak


CALLERS = st.lists(
    st.tuples(st.text("01", min_size=9, max_size=9), st.integers(0, 2)).map(
        lambda made: "+70" + made[0][: 9 - made[1]] + "X" * made[1]
    ),
    min_size=1,
    max_size=5,
)


def written_out(caller):
    free = caller.count("X")
    return [caller.rstrip("X") + "".join(rest) for rest in product("0123456789", repeat=free)]


@given(CALLERS, st.sampled_from([4, 5, 6]))
def test_it_is_as_if_the_pool_were_written_out(callers, digits):
    codes = Counter(number[-digits:] for caller in callers for number in written_out(caller))
    strength = log10(codes.total() / max(codes.values()))
    assert of_pool(callers, digits) == Entropy(len(codes), round(strength, 2), weak=True)


DISTINCT = CALLERS.map(
    lambda callers: [
        caller
        for place, caller in enumerate(callers)
        if not any(
            caller.rstrip("X").startswith(other.rstrip("X")) or other.rstrip("X").startswith(caller.rstrip("X"))
            for other in callers[:place]
        )
    ]
)


@settings(deadline=None)  # some pools are written out in full
@given(DISTINCT, st.text("0123456789", min_size=4, max_size=6))
def test_a_pool_has_the_numbers_of_its_patterns_and_no_others(callers, code):
    pool = Pool(callers)
    numbers = [number for caller in callers for number in written_out(caller)]
    assert [pool[place] for place in range(len(pool))] == numbers
    assert all(number in pool for number in numbers)
    assert list(pool.ending_in(code)) == [number for number in numbers if number.endswith(code)]
    assert list(pool.ending_in(numbers[0][-4:])) == [number for number in numbers if number.endswith(numbers[0][-4:])]


def test_what_a_pool_lacks_is_not_in_it():
    pool = Pool(["+7000100XXXX", "+70002000001"])
    for other in (
        "+70001010000",
        "+7000100000",
        "+700010000000",
        "+7000100" + "\u0660" * 4,
        "+7000100XXXX",
        "+70002000002",
        None,
    ):
        assert other not in pool
    with pytest.raises(IndexError):
        pool[len(pool)]
    with pytest.raises(IndexError):
        pool[-1]


def test_a_pattern_with_more_free_digits_than_the_code_has_many_numbers_that_end_in_it():
    numbers = list(Pool(["+700010XXXXX", "+70002001234"]).ending_in("1234"))
    assert numbers == [f"+700010{digit}1234" for digit in range(10)] + ["+70002001234"]


def test_ten_thousand_million_numbers_are_not_written_out():
    pool = Pool(["+7XXXXXXXXXX"])
    assert (len(pool), pool[123]) == (10**10, "+70000000123")
    assert next(pool.ending_in("4321")) == "+70000004321"
