"""Finding the confirmation code in the text of a message.

The rule: phone numbers, dates and amounts are set aside. Of the rest, the code is the first run of 4 to 8 digits that
stands alone; failing that, the first run of 4 to 10 digits, whatever it touches. A run stands alone unless it touches
a Latin or Cyrillic letter, or follows `/`, `=`, `*` or a bullet: then it is likelier a piece of a link or a masked
card. Only ASCII digits count, and a run is a maximal one: the middle of a longer number is no code.
"""

import re
from typing import Final

_MONTH: Final = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек"
_CURRENCY: Final = r"(?:(?<![^\W\d])(?:rub|usd|eur|gbp|руб|рубл(?:ь|я|ей)|р)(?![^\W\d])|[₽$€£])"  # noqa: RUF001
_SUM: Final = r"(?:[0-9]{1,3}(?:[ \u00a0][0-9]{3}){1,4}|[0-9]{1,12})"  # bounded, so that no text takes long

_NO_CODE: Final = re.compile(
    "|".join(
        rf"(?<![0-9]){shape}(?![0-9])"
        for shape in (
            r"\+[0-9]{7,15}",
            r"(?:\+[0-9]{1,3}|8)[ -]?\(?[0-9]{3}\)?[ -]?[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{2}",
            r"(?:\([0-9]{3}\) ?|[0-9]{3}-)[0-9]{3}-[0-9]{2}-?[0-9]{2}",
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
            r"[0-9]{1,2}([./-])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})",
            rf"(?:[0-9]{{1,2}} )?\b(?:{_MONTH})[^\W\d]*\.?(?: [0-9]{{1,2}},)? (?:19|20)[0-9]{{2}}",
            rf"{_CURRENCY} ?{_SUM}(?:[.,][0-9]{{1,2}})?",
            rf"{_SUM}(?:[.,][0-9]{{1,2}})? ?{_CURRENCY}",
            rf"{_SUM}[.,][0-9]{{2}}",
        )
    ),
    re.IGNORECASE,
)
"""Phone numbers, dates and amounts, a line for each shape."""

_ALONE: Final = re.compile(r"(?<![0-9A-Za-zА-Яа-яЁё/=*•])[0-9]{4,8}(?![0-9A-Za-zА-Яа-яЁё])")  # noqa: RUF001
_ANY: Final = re.compile(r"(?<![0-9])[0-9]{4,10}(?![0-9])")


def find_code(text: str) -> str | None:
    """Return the confirmation code in `text`, or None if there is none."""
    rest = _NO_CODE.sub(" ", text)
    match = _ALONE.search(rest) or _ANY.search(rest)
    return match[0] if match else None
