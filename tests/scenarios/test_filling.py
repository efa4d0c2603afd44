"""Values that are known later."""

import pytest

from gateway.scenarios.filling import UnknownNameError, filled

KNOWN = {"delay": "3s", "none": None, "ann": {"id": "idn_1", "bindings": [{"id": "bnd_1"}]}, "late run": 5}


def test_a_text_that_is_nothing_else_becomes_the_value_itself() -> None:
    told = {"a": "${late run}", "b": ["${none}"], "c": "${ann.bindings.0.id}", "d": 1, "${delay}": True}
    assert filled(told, KNOWN) == {"a": 5, "b": [None], "c": "bnd_1", "d": 1, "3s": True}


def test_within_a_text_the_value_is_written_out() -> None:
    assert filled("/v1/identifications/${ann.id}/check", KNOWN) == "/v1/identifications/idn_1/check"


@pytest.mark.parametrize("text", ["${bob}", "${ann.state}", "${ann.bindings.7.id}", "x${bob.id}"])
def test_what_is_not_known_is_told(text: str) -> None:
    with pytest.raises(UnknownNameError, match=r"nothing is known as \$\{"):
        filled(text, KNOWN)


def test_a_name_may_be_left_for_later() -> None:
    assert filled("${bob.id}", KNOWN, strict=False) == "${bob.id}"
