"""The texts that carry codes: which one is sent, in which language, and how many SMS it takes. Pure."""

import re
from collections.abc import Mapping

from confirm.errors import UnknownTemplateError
from confirm.settings import ConfirmationSettings

_PLACE = re.compile(r"\{(code|brand)\}")

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The GSM default alphabet, 3GPP TS 23.038 clause 6.2.1: each takes a septet."""

_GSM_EXTENSION = frozenset("^{}\\[~]|€\f")
"""Its extension, clause 6.2.1.1: each takes two."""

_SINGLE_SEPTETS, _PART_SEPTETS = 160, 153
_SINGLE_UNITS, _PART_UNITS = 70, 67
"""What an SMS holds, alone and as a part of a long text, whose header takes six octets (TS 23.040, 9.2.3.24.1)."""


def render(
    settings: ConfirmationSettings, template: str | None, locale: str | None, code: str, brand: str | None
) -> str:
    """Return the text of the SMS with `code`: that of a template, or the settings' own, in the nearest language.

    Raises UnknownTemplateError for a name that the settings lack.
    """
    values = {"code": code, "brand": brand or ""}
    # In one pass: what looks like a place in a service's name is text.
    return _PLACE.sub(lambda place: values[place[1]], choose(settings, template, locale))


def choose(settings: ConfirmationSettings, template: str | None, locale: str | None) -> str:
    """Return the text in which {code} and {brand} have their places. Raises UnknownTemplateError.

    The language is looked up as in RFC 4647, 3.4: `pt-BR` takes `pt` where there is no `pt-BR`; what is in neither is
    sent in the settings' `locale`.
    """
    if template is None:
        texts: Mapping[str, str] = {**settings.texts, settings.locale: settings.text}
    elif template in settings.templates:
        texts = settings.templates[template]
    else:
        raise UnknownTemplateError(f"there is no template {template!r}")
    known = {tag.lower(): text for tag, text in texts.items()}
    tags = [*_broader(locale.lower())] if locale else []
    return next(known[tag] for tag in (*tags, settings.locale.lower()) if tag in known)


def segments(text: str) -> int:
    """Return how many SMS the text takes: those of 160 septets, or of 70 UTF-16 units if it has other characters."""
    if all(character in _GSM or character in _GSM_EXTENSION for character in text):
        costs = [2 if character in _GSM_EXTENSION else 1 for character in text]
        single, part = _SINGLE_SEPTETS, _PART_SEPTETS
    else:
        costs = [2 if character > "\uffff" else 1 for character in text]
        single, part = _SINGLE_UNITS, _PART_UNITS
    return 1 if sum(costs) <= single else _parts(costs, part)


def _parts(costs: list[int], part: int) -> int:
    """Return how many parts it takes; a character is never cut."""
    parts, left = 1, part
    for cost in costs:
        if cost > left:
            parts, left = parts + 1, part
        left -= cost
    return parts


def _broader(tag: str) -> list[str]:
    parts = tag.split("-")
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
