"""What the settings of confirming refuse, and how they tell it."""

from typing import Any

import pytest
from pydantic import ValidationError

from confirm.settings import ConfirmationSettings


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"text": "Your code"}, "the text must hold {code}"),
        ({"text": "{code} {time}"}, "{time} stands for nothing; {code} and {brand} do"),
        ({"texts": {"ru": "Ваш код"}}, "ru: the text must hold {code}"),
        ({"texts": {"russian!": "{code}"}}, "'russian!' is no language tag such as ru or pt-BR"),
        ({"templates": {"login": {"en": "hello"}}}, "login.en: the text must hold {code}"),
        ({"templates": {"login": {"ru": "{code}"}}}, "templates.login: there is no text in 'en'"),
        ({"locale": "english please"}, "String should match pattern"),
        ({"flash_call": {"callers": ["+7000X00XXXX"]}}, "is neither a number nor a pattern"),
        ({"flash_call": {"callers": ["+7000"]}}, "is neither a number nor a pattern"),
        ({"flash_call": {"callers": ["+7000100XXXX", "+70001001234"]}}, "+70001001234 is held by +7000100XXXX already"),
        ({"flash_call": {"callers": ["+70001001234", "+70001001234"]}}, "is held by +70001001234 already"),
        ({"flash_call": {"callers": []}}, "at least 1 item"),
        ({"test_numbers": [{"first": "+70009990010", "last": "+70009990000"}]}, "not below it"),
        ({"test_numbers": [{"first": "+70009990000", "last": "+7000999000"}]}, "as many digits as +70009990000"),
        (
            {"test_numbers": [{"first": "+70009990000", "last": "+70009990009"}, {"first": "+70009990009"}]},
            "a range begins at +70009990009, but another one ends at +70009990009",
        ),
        ({"test_numbers": [{"first": "+70009990000", "until": "2027-01-01T00:00:00"}]}, "should have timezone info"),
        ({"limits": [{"per": "number", "count": 0, "within": 1}]}, "greater than or equal to 1"),
        (
            {"limits": [{"per": "country", "count": 1, "within": 1}]},
            "'number', 'prefix', 'client_address' or 'service'",
        ),
        ({"pumping": {"on_sequential": "block"}}, "'allow', 'challenge', 'deny' or 'shadow'"),
        ({"call_in": {"least_trust": "spoof_suspected"}}, "'asserted'> or <Trust.UNVERIFIED"),
        ({"mo_sms": {"least_trust": "spoof_suspected"}}, "'asserted'> or <Trust.UNVERIFIED"),
        ({"deny_prefixes": ["7"]}, "String should match pattern"),
        ({"tariffs": {"sms": "0.0000001"}}, "no more than 6 decimal places"),
        ({"tariffs": {"currency": "rub"}}, "String should match pattern"),
    ],
)
def test_a_wrong_setting_is_refused_and_says_why(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ConfirmationSettings(**settings)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"templates": {"login": {"EN": "{code}", "zh-Hant-TW": "{code}"}}},
        {"text": "{code} {brand} {}"},
        {"flash_call": {"callers": ["+7000100XXXX", "+7000101XXXX", "+70001020000", "+7000100XXX"]}},
        {"test_numbers": [{"first": "+70009990000"}, {"first": "+70009990001"}, {"first": "+7000999000"}]},
    ],
)
def test_what_is_unusual_but_right_is_taken(settings: dict[str, Any]) -> None:
    ConfirmationSettings(**settings)
