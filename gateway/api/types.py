"""Members that many models of the API share."""

from typing import Annotated

from pydantic import Field

from smsc_emulator.base import durations, msisdn

PhoneNumber = Annotated[str, Field(pattern=msisdn.PATTERN, examples=["+70000000001"])]
"""A number in international form."""

Duration = Annotated[str, Field(pattern=durations.PATTERN, max_length=40, examples=["20m"])]
"""A time with its unit."""

Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""An instant of the lab clock, UTC, with milliseconds."""

Money = Annotated[str, Field(pattern=r"^[0-9]+([.][0-9]{1,6})?$", examples=["0.05"])]
"""An amount as a decimal number in a text, so that no reader makes a binary fraction of it."""

Wait = Annotated[
    str,
    Field(
        pattern=r"^([0-9]{1,5}ms|[0-5]?[0-9]s|60s|1m)$",
        max_length=7,
        description="How long the request may be held open, in real time. Up to 60s are taken.",
        examples=["1s"],
        # The document names the waits that every HTTP client sits through; many give up on an answer after 10 seconds.
        json_schema_extra={"pattern": "^([0-9]{1,3}ms|[0-9]s)$"},
    ),
]
"""How long a request may be held open, in real time: up to a minute."""

ServiceId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", examples=["demo"])]
"""A service's name."""

UserId = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,128}$", examples=["user-1"])]
"""A service's own name for one of its users: up to 128 characters, none of them a control character."""
