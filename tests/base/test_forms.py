"""What is told of a wrong request names its place and, in words, what was expected there."""

from ipaddress import IPv4Address, IPv6Address
from typing import Annotated

import pytest
from pydantic import AfterValidator, Field, ValidationError

from smsc_emulator.base import durations, forms, msisdn
from smsc_emulator.base.web import Model


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("an even number is wanted")
    return number


class Part(Model):
    word: str = ""


class Wish(Model):
    number: Annotated[str, Field(pattern=msisdn.PATTERN)] = "+70000000001"
    tag: Annotated[str, Field(pattern="^x+$")] = "x"
    address: IPv4Address | IPv6Address | None = None
    even: Annotated[int, AfterValidator(_even)] = 0
    part: Part | None = None
    from_: str = Field("", alias="from")


def told(body: str) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        Wish.model_validate_json(body, strict=True)
    return {each["field"]: each["problem"] for each in forms.mistakes("body", Wish, caught.value)}


@pytest.mark.parametrize(
    "number",
    [
        "8 (700) 000-00-01",
        "00 7000 0000001",
        "+700",
        "+70000000001234567890",
        "+7\\u0660\\u0660\\u0660\\u0660\\u0660\\u0660",
    ],
)
def test_a_number_in_another_spelling_is_answered_with_the_right_one(number: str) -> None:
    problem = told(f'{{"number": "{number}"}}')["body.number"]
    assert problem.startswith("expected a number in international form")


def test_a_form_without_words_is_told_by_its_pattern() -> None:
    assert told('{"tag": "y"}') == {"body.tag": "expected a text of the form ^x+$"}


def test_an_unknown_member_is_answered_with_the_known_ones() -> None:
    problem = told('{"phone": 1}')["body.phone"]
    assert problem == "there is no such member; known members: number, tag, address, even, part, from"
    assert told('{"part": {"phone": 1}}') == {"body.part.phone": "there is no such member"}
    assert list(told('{"a[b]": 1}')) == ["body.a[b]"]


def test_a_place_has_no_names_of_validators_in_it() -> None:
    assert set(told('{"address": "nowhere"}')) == {"body.address"}


def test_what_a_check_says_is_told_without_the_kind_of_its_exception() -> None:
    assert told('{"even": 3}') == {"body.even": "an even number is wanted"}


@pytest.mark.parametrize("example", ["250ms", "10s", "20m", "1h30m", "2d"])
def test_the_examples_of_a_duration_are_durations(example: str) -> None:
    assert example in forms.in_words(durations.PATTERN)
    assert durations.parse(example)
