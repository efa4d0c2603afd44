"""The texts that carry codes: their language, their places, and how many SMS they take."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from confirm import texts
from confirm.errors import UnknownTemplateError
from confirm.settings import ConfirmationSettings
from smsc_emulator.smpp import segments

SETTINGS = ConfirmationSettings(
    templates={
        "login": {"en": "{code} lets you in to {brand}.", "ru": "{code}: вход в {brand}.", "pt-BR": "{code}: {brand}"}
    }
)


@pytest.mark.parametrize(
    ("template", "locale", "text"),
    [
        (None, None, "123456 is your confirmation code."),
        (None, "en", "123456 is your confirmation code."),
        (None, "ru", "Ваш код подтверждения: 123456."),
        (None, "RU-ru", "Ваш код подтверждения: 123456."),
        (None, "ru-Cyrl-RU", "Ваш код подтверждения: 123456."),
        (None, "fr", "123456 is your confirmation code."),
        ("login", None, "123456 lets you in to Shop."),
        ("login", "ru", "123456: вход в Shop."),
        ("login", "pt-BR", "123456: Shop"),
        ("login", "pt-br-x-y", "123456: Shop"),
        ("login", "pt", "123456 lets you in to Shop."),
        ("login", "fr", "123456 lets you in to Shop."),
    ],
)
def test_a_text_is_in_the_nearest_language_that_there_is(template, locale, text):
    assert texts.render(SETTINGS, template, locale, "123456", "Shop") == text


def test_the_settings_own_language_is_the_last_resort():
    russian = ConfirmationSettings(locale="ru", text="Код {code}", texts={"en": "Code {code}"})
    assert texts.render(russian, None, "fr", "1234", None) == "Код 1234"
    assert texts.render(russian, None, "en-GB", "1234", None) == "Code 1234"


def test_a_template_that_is_not_there_is_no_text():
    with pytest.raises(UnknownTemplateError, match="there is no template 'logout'"):
        texts.choose(SETTINGS, "logout", "en")


def test_a_brand_that_looks_like_a_place_stays_as_it_is():
    assert texts.render(SETTINGS, "login", "en", "123456", "{code}{brand}") == "123456 lets you in to {code}{brand}."


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
@example("a" * 160)
@example("a" * 161)
@example("€" * 80)
@example("a" * 152 + "€" * 100)
@example("я" * 70)
@example("я" * 71)
@example("я" * 66 + "😀" * 40)
def test_a_text_is_charged_as_many_sms_as_it_is_sent_in(text):
    assert texts.segments(text) == len(segments.split(text))


@given(st.text("a€^\n\x1b", min_size=140, max_size=500))
def test_a_text_of_the_default_alphabet_is_charged_as_it_is_sent_too(text):
    assert texts.segments(text) == len(segments.split(text))
