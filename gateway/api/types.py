"""Members that many models of the API share."""

from typing import Annotated

from pydantic import AfterValidator, Field

from smsc_emulator.base import durations, forms, msisdn

PhoneNumber = Annotated[str, Field(pattern=msisdn.PATTERN, examples=["+70000000001"])]
"""A number in international form."""

Duration = Annotated[str, Field(pattern=durations.PATTERN, max_length=40, examples=["20m"])]
"""A time with its unit."""

Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""An instant of the lab clock, UTC, with milliseconds."""


def _an_instant(text: str) -> str:
    durations.instant(text)
    return text


_DAYS = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])"
_OF_DAY = "([01][0-9]|2[0-3]):[0-5][0-9]"

Instant = Annotated[
    str,
    Field(
        pattern=forms.INSTANT,
        examples=["2026-01-01T12:00:00.000Z"],
        # The document names the days that every year has; the 29th of February is taken in its years.
        json_schema_extra={
            "pattern": f"^[12][0-9]{{3}}-({_DAYS})T{_OF_DAY}:[0-5][0-9]([.][0-9]{{1,6}})?(Z|[+-]{_OF_DAY})$"
        },
    ),
    AfterValidator(_an_instant),
]
"""An instant as a request names it: ISO 8601 with an offset."""

Money = Annotated[str, Field(pattern=forms.MONEY, examples=["0.05"])]
"""An amount as a decimal number in a text, so that no reader makes a binary fraction of it."""

Wait = Annotated[
    str,
    Field(
        pattern=forms.WAIT,
        max_length=7,
        description="How long the request may be held open, in real time. Up to 60s are taken.",
        examples=["1s"],
        # The document names the waits that every HTTP client sits through; many give up on an answer after 10 seconds.
        json_schema_extra={"pattern": "^([0-9]{1,3}ms|[0-9]s)$"},
    ),
]
"""How long a request may be held open, in real time: up to a minute."""

ServiceId = Annotated[str, Field(pattern=forms.SERVICE_ID, examples=["demo"])]
"""A service's name."""

UserId = Annotated[str, Field(pattern=forms.NAME, examples=["user-1"])]
"""A service's own name for one of its users: up to 128 characters, none of them a control character."""
