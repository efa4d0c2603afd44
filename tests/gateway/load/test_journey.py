"""Requests as templates."""

import pytest

from gateway.load.journey import START, Journey, Template, member

VALUES = {"user": 'a"b', "number": "+70000000001", "id": "x/y", "code": "123456", "state": "NEW"}


def test_the_places_of_a_request_are_filled_so_that_they_stay_what_they_are() -> None:
    assert Template.read(START).filled(VALUES) == (
        "POST",
        "/v1/identifications",
        b'{"user_id": "a\\"b", "phone_number": "+70000000001"}',
    )
    assert Template.read("get /x/{id}?n={number}&other={other}").filled(VALUES) == (
        "GET",
        "/x/x%2Fy?n=%2B70000000001&other={other}",
        None,
    )


@pytest.mark.parametrize("text", ["", "GET", "GET v1/x", "POST /x {not json"])
def test_what_is_no_request_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no request|is no JSON"):
        Template.read(text)


def test_members_are_found_inside_one_another() -> None:
    answer = {"data": {"attempt": {"id": 5}}, "state": None}
    assert member(answer, "data.attempt.id") == 5
    assert member(answer, "data.other.id") is None
    assert member([], "id") is None


def test_what_is_not_said_is_the_labs_own() -> None:
    journey = Journey.read_options((None, None, "GET /{id}"), ("data.id", "state"), (["DONE", "FINE"], ()))
    assert (journey.start.path, journey.read.path) == ("/v1/identifications", "/{id}")
    assert (journey.success, journey.failure) == ({"DONE", "FINE"}, {"REFUSED"})
    assert (journey.id_of({"data": {"id": 7}}), journey.state_of({"state": "DONE"}), journey.id_of({})) == (
        "7",
        "DONE",
        "",
    )
