"""The matcher of address_range, with Python's own expressions as the oracle where both mean the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.core.address_range import LONGEST, AddressRange, PatternError


@pytest.mark.parametrize(
    ("pattern", "served", "others"),
    [
        ("^1234", ["1234", "12345"], ["01234", "123", ""]),  # Appendix A
        ("5678$", ["5678", "15678"], ["56781", "678"]),
        ("^123456$", ["123456"], ["1234567", "0123456"]),
        ("[13579]$", ["1", "43"], ["42", ""]),
        ("", ["", "1"], []),
        ("^$", [""], ["1"]),
        ("^1.3$", ["123", "1a3"], ["13", "1234"]),
        (r"^1\.3", ["1.3"], ["123"]),
        ("^(12|34)+5?$", ["12", "123412345"], ["5", "123", "1255"]),
        ("^[^0-8]*$", ["", "999"], ["98"]),
        ("^[]a-]+$", ["]a-"], ["b"]),
        ("^7000*$", ["700", "70000000"], ["7", "7001"]),
    ],
)
def test_a_pattern_serves_what_a_unix_expression_matches(pattern: str, served: list[str], others: list[str]) -> None:
    compiled = AddressRange(pattern)
    assert [address for address in [*served, *others] if address in compiled] == served


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(1", r"a \( without its \)"),
        ("1)", r"a \) without its \( at 2"),
        ("[1", r"a \[ without its \]"),
        ("*", r"nothing to repeat before \* at 1"),
        ("1|+2", r"nothing to repeat before \+ at 3"),
        ("1\\", "nothing after the last"),
        ("[9-0]", "9-0 is no span"),
        ("1" * (LONGEST + 1), "41 characters, and at most 40 are allowed"),
    ],
)
def test_what_is_no_expression_is_refused(pattern: str, told: str) -> None:
    with pytest.raises(PatternError, match=told):
        AddressRange(pattern)


EXPRESSIONS = st.recursive(
    st.sampled_from(["0", "1", ".", "[01]", "[^0]", "^", "$", "\\."]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join).map("({})".format),
        st.tuples(inner.map("({})".format), st.sampled_from("*+?")).map("".join),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS.filter(lambda pattern: len(pattern) <= LONGEST), st.text("01.", max_size=8))
def test_it_agrees_with_pythons_expressions(pattern: str, address: str) -> None:
    assert (address in AddressRange(pattern)) == bool(re.search(pattern, address))


@given(st.text("01()[]^$.*+?|\\-", max_size=LONGEST), st.text("01", max_size=20))
def test_no_text_raises_anything_but_a_pattern_error(pattern: str, address: str) -> None:
    try:
        compiled = AddressRange(pattern)
    except PatternError:
        return
    assert (address in compiled) in (True, False)


def test_the_work_for_a_hostile_pattern_grows_with_its_length_and_not_with_its_nesting() -> None:
    """Counted, not timed: a backtracking matcher would need about 2**60 steps for this one."""
    compiled = AddressRange("((((a*)*)*)*)*((((a*)*)*)*)*b$")
    steps = 0
    follow = compiled._follow

    def counted(states: list[object], start: bool, end: bool) -> set[object]:
        nonlocal steps
        reached = follow(states, start, end)
        steps += len(reached)
        return reached

    compiled._follow = counted  # type: ignore[method-assign,assignment]
    assert "a" * 64 not in compiled
    assert 64 < steps < 64 * 4 * LONGEST
