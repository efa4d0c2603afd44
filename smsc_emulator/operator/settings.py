"""The operators' section of the configuration."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from smsc_emulator.base.config import Duration, PhoneNumber, Section
from smsc_emulator.base.durations import DAY, MINUTE

Answer = Literal["truth", "present", "absent", "silent"]
"""How an operator answers: as its subscribers say, always PRESENT, always ABSENT, or not at all."""


RegisterState = Literal["open", "closed", "unanswered"]
"""Whether an operator takes identification codes. One whose register is closed answers 503, and is asked again; one
that leaves them unanswered enters each and breaks the connection off, so that it is handed over again."""

EndReason = Literal["ended", "ported", "reissued"]
"""Why a contract is over: it was ended; its subscriber took the number elsewhere; the number is another person's."""

SimState = Literal["active", "blocked"]
"""Whether the SIM is let into the network. A blocked one has its contract still, so its number is PRESENT."""

Owner = Literal["own", "third_person", "minor", "corporate", "unverified"]
"""Who the contract is with: the user himself, another person (S54), the parent of a minor (S56), a legal entity (S57),
or nobody whose identity was checked (S58)."""

Kyc = Literal["verified", "pending", "over_limit", "corporate_no_end_user", "suspended", "missing", "fake"]
"""How far the subscriber's identity was checked."""

Attribute = Literal["family_name", "given_name", "birth_date"]
"""An attribute of a person that an operator may compare in match mode."""


class RangeSettings(Section):
    """A block of numbering capacity, both ends included."""

    first: PhoneNumber
    """The lowest number of the block."""
    last: PhoneNumber
    """The highest number of the block."""
    subscriber_data_at: str | None = None
    """The operator that keeps the block's subscribers, where that is a virtual one on this one's network."""


class FolderSettings(Section):
    """A folder in which an operator and the gateway leave files for each other, instead of speaking HTTP."""

    path: Path
    """The folder, relative to the data folder."""
    poll: Duration = MINUTE
    """Lab time from one look into it to the next, on either side."""


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
    gateway_url: str | None = None
    """Where the gateway is that gets its notices; without it, the lab's own."""
    subscriber_data_at: str | None = None
    """The operator that keeps its subscribers' data, where it is a virtual one without a database of its own."""
    registry_names: list[str] = []
    """What the regulator's registry of numbers calls it, beside `name`."""
    agreements: list[str] = []
    """The agreements that it answers under; a query that names another one is refused. Empty: it answers anybody."""
    match_attributes: list[Attribute] = ["family_name", "given_name", "birth_date"]
    """What it compares in match mode; the rest is not_available."""
    quarantine: Duration = 60 * DAY
    """Lab time after the end of a contract in which its number is not sold to another person."""
    folder: FolderSettings | None = None
    """The folder that it exchanges files through; without it, it speaks HTTP."""


class SubscriberSettings(Section):
    """One line of an operator's subscriber database."""

    phone_number: PhoneNumber
    """The subscriber's number (MSISDN)."""
    operator_id: str
    """The operator that has the contract."""
    imsi: str | None = Field(None, pattern=r"^00101[0-9]{10}$")
    """The SIM's identity, in the test network 001 01; made from the number if absent."""
    sim: SimState = "active"
    """Whether the SIM is let into the network."""
    owner: Owner = "own"
    """Who the contract is with."""
    end_user_known: bool = False
    """Whether a legal entity has told who uses the line; the person's attributes are then that user's."""
    kyc: Kyc = "verified"
    """How far the identity was checked."""
    family_name: str | None = Field(None, max_length=128)
    """Of a made-up person; compared in match mode, and never sent anywhere."""
    given_name: str | None = Field(None, max_length=128)
    """Of the same person."""
    birth_date: str | None = Field(None, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    """Of the same person."""
