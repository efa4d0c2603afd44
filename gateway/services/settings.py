"""The services' section of the configuration."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from gateway.services.rules import ExchangeMode, Payer
from gateway.services.standing import AgreementState, Kind, OwnMode, Residency
from smsc_emulator.base.config import Section, absent

Origin = Literal["applied", "forced"]
"""Why a name is in the public register: the service applied, or a security body had it entered (S38)."""


class FeatureSettings(Section):
    """What users can do with the service's messaging part; null: undetermined."""

    user_to_user: bool | None = True
    """Whether it is for the exchange between its users only."""
    sender_picks_recipients: bool | None = True
    """Whether the sender chooses who gets a message."""
    public_posting: bool | None = False
    """Whether a message can be posted for anybody to read."""


class AgreementSettings(Section):
    """An agreement of the service with an operator (S47)."""

    operator_id: str
    """The operator."""
    state: AgreementState = "signed"
    """Whether there is one: none, negotiating, or signed."""
    grace_until: AwareDatetime | None = None
    """The last instant of the extra time that negotiations were given; without it, none was (S46)."""
    valid_from: AwareDatetime | None = None
    """The first instant of one that is signed; without it, it always was."""
    valid_to: AwareDatetime | None = None
    """The first instant at which it is over; without it, it has no end."""
    exchange_mode: ExchangeMode | None = None
    """What the operator may be asked; without it, the profile says."""
    payer: Payer | None = None
    """Who pays; without it, the profile says."""


class ListingSettings(Section):
    """The service's entry in the public register."""

    origin: Origin = "applied"
    """Whose wish it was; both bind alike."""
    listed_from: AwareDatetime | None = None
    """Its first instant; without it, it always was there."""
    listed_to: AwareDatetime | None = None
    """The first instant at which it is there no more; without it, it has no end."""


class ServiceSettings(Section):
    """A service that confirms and identifies its users through the gateway."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    """The name in requests and in the operator's register."""
    name: str
    """The name for people, which the public register has too."""
    key: str = Field(min_length=8)
    """The API key, sent as a bearer token."""
    residency: Residency = "foreign"
    """Where its owner is: domestic or foreign (S32, S33)."""
    kind: Kind = "messenger"
    """messenger; mixed, of which the rules are for the messaging part alone; federated or p2p, which nobody runs as a
    whole; or undetermined."""
    mode: OwnMode = "operator"
    """Who identifies its users: the operator, or the service itself, which only a domestic one may (S32)."""
    features: FeatureSettings = absent()
    """What decides whether the law's definition of such services fits."""
    agreements: Annotated[list[AgreementSettings], Field(max_length=1000)] | None = None
    """Its agreements; without the list, it has one with each operator."""
    listed: ListingSettings | None = absent()
    """Its entry in the public register; null: it is not there."""

    @model_validator(mode="after")
    def _only_a_domestic_one_identifies_itself(self) -> "ServiceSettings":
        if self.mode == "self" and self.residency != "domestic":
            raise ValueError("mode: only a domestic service may identify its users itself")
        return self

    @model_validator(mode="after")
    def _one_agreement_with_each_operator(self) -> "ServiceSettings":
        operators = [each.operator_id for each in self.agreements or ()]
        if len(operators) != len(set(operators)):
            raise ValueError("agreements: there is one with each operator at most")
        return self


class BroadcastSettings(Section):
    """Emergency broadcasts to the users of a service."""

    rate: float = Field(10.0, gt=0, le=1000)
    """How many SMS are handed over in a second of lab time."""
    sender: str = Field("emergency", min_length=1, max_length=21)
    """The source address of the SMS."""
