"""The operators' section of the configuration."""

from typing import Literal

from pydantic import Field

from smsc_emulator.base.config import Duration, PhoneNumber, Section

Answer = Literal["truth", "present", "absent", "silent"]
"""How an operator answers: as its subscribers say, always PRESENT, always ABSENT, or not at all."""


RegisterState = Literal["open", "closed"]
"""Whether an operator takes identification codes; one whose register is closed answers 503, and is asked again."""


class RangeSettings(Section):
    """A block of numbering capacity, both ends included."""

    first: PhoneNumber
    """The lowest number of the block."""
    last: PhoneNumber
    """The highest number of the block."""


class OperatorSettings(Section):
    """A mobile operator."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    """The name in addresses and answers."""
    name: str
    """The name for people."""
    secret: str = Field(pattern=r"^whsec_[A-Za-z0-9+/=]{32,}$")
    """The key that signs what the gateway and this operator send each other."""
    ranges: list[RangeSettings] = []
    """The numbers that were given to this operator."""
    url: str | None = None
    """Where the operator's HTTP face is; without it, the lab plays the operator."""
    answer: Answer = "truth"
    """How it answers at first; `PUT /lab/operators/{id}/behaviour` changes it."""
    delay: Duration = 0
    """Lab time it takes to answer."""


class SubscriberSettings(Section):
    """One line of an operator's subscriber database."""

    phone_number: PhoneNumber
    """The subscriber's number (MSISDN)."""
    operator_id: str
    """The operator that has the contract."""
    imsi: str | None = Field(None, pattern=r"^00101[0-9]{10}$")
    """The SIM's identity, in the test network 001 01; made from the number if absent."""
