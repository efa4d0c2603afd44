"""What a service is before the law, what it has agreed with operators, and whether it may identify a user. Pure.

The law is tied to a definition, its enforcement to a public register (S40); so there are two predicates, `is_im_service`
and being listed, and neither follows from the other. CHECKS is the way of a new attempt past all of them, in order.
Instants are lab time in milliseconds since 1970, UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

Residency = Literal["domestic", "foreign"]
Kind = Literal["messenger", "mixed", "federated", "p2p", "undetermined"]
Mode = Literal["operator", "self", "confirm_only", "no_procedure"]
"""How a user is identified: the operator is asked; the service does it itself (S32); the number alone is confirmed
(S27, S53); there is a duty and no procedure (S90)."""
ExchangeMode = Literal["presence", "match"]
Payer = Literal["service", "operator", "user", "split"]


class Rules(Protocol):
    """The keys of a profile that decide here; see `gateway.identification.profiles.Profile`."""

    @property
    def mode(self) -> Mode: ...  # noqa: D102 - each is a key of the profile, and described there
    @property
    def exchange_mode(self) -> ExchangeMode: ...  # noqa: D102
    @property
    def domestic_self_id(self) -> Literal["allowed", "refused"]: ...  # noqa: D102
    @property
    def agreement_required_for(self) -> Literal["foreign", "all", "none"]: ...  # noqa: D102
    @property
    def not_listed_service(self) -> Literal["pass_through", "warn", "refuse"]: ...  # noqa: D102
    @property
    def foreign_number(self) -> Literal["refuse", "confirm_only", "query_home_operator"]: ...  # noqa: D102
    @property
    def foreign_operator(self) -> Literal["none", "participates"]: ...  # noqa: D102
    @property
    def payer(self) -> Payer: ...  # noqa: D102


class Reason(StrEnum):
    """Why a service may not identify a user by a number. Each is the service's own affair but `FOREIGN_NUMBER`."""

    NO_RESPONSIBLE_PARTY = "no_responsible_party"
    """Nobody runs the service as a whole: it is federated, or its users meet without it (S83)."""
    SERVICE_BLOCKED = "service_blocked"
    """The service is blocked in the country (S79)."""
    SERVICE_NOT_LISTED = "service_not_listed"
    """It is not in the public register, and the profile refuses such services (S35)."""
    FOREIGN_NUMBER = "foreign_number"
    """The number is another country's, and the profile does not let it in (S53)."""
    NO_AGREEMENT = "no_agreement"
    """The service has no agreement in force with the operator (S33)."""


@dataclass(frozen=True, slots=True)
class Eligible:
    """The attempt may go on, and how."""

    mode: Mode
    exchange_mode: ExchangeMode = "presence"
    """What the operator may be asked, by the agreement, or else by the profile."""
    payer: Payer = "service"
    """Who pays for the attempt, by the agreement, or else by the profile (S95)."""
