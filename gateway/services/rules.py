"""The keys of a profile that decide about services, by their shape: the profiles themselves stand above this package.

Each is described at `gateway.identification.profiles.Profile`.
"""

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

Mode = Literal["operator", "self", "confirm_only", "no_procedure"]
"""How a user is identified: the operator is asked; the service does it itself (S32); the number alone is confirmed
(S27, S53); there is a duty and no procedure yet (S90)."""
ExchangeMode = Literal["presence", "match"]
Payer = Literal["service", "operator", "user", "split"]
Scope = Literal["active", "all"]


class Rules(Protocol):
    """A profile, as this package reads it."""

    # Read-only, as a profile is; a plain member of a protocol could be set.
    @property
    def mode(self) -> Mode:
        """How users are identified."""

    @property
    def exchange_mode(self) -> ExchangeMode:
        """What operators are asked where the agreement does not say."""

    @property
    def domestic_self_id(self) -> Literal["allowed", "denied"]:
        """S32."""

    @property
    def agreement_required_for(self) -> Literal["foreign", "all", "none"]:
        """S33."""

    @property
    def not_listed_service(self) -> Literal["pass_through", "warn", "refuse"]:
        """S35."""

    @property
    def federated_service(self) -> Literal["refuse", "unbound"]:
        """S83."""

    @property
    def foreign_number(self) -> Literal["refuse", "confirm_only", "query_home_operator"]:
        """S53."""

    @property
    def foreign_operator(self) -> Literal["none", "participates"]:
        """S52."""

    @property
    def check_recipient(self) -> bool:
        """S78."""

    @property
    def identified_badge(self) -> bool:
        """S100."""

    @property
    def broadcast_scope(self) -> Scope:
        """S76."""

    @property
    def broadcast_ignores_blocklist(self) -> bool:
        """S76."""

    @property
    def payer(self) -> Payer:
        """S95."""

    @property
    def t_cure_s(self) -> int:
        """S81."""

    @property
    def block_needs_court(self) -> bool:
        """149-FZ art. 15.4."""


RulesAt: TypeAlias = Callable[[int], Rules]
"""Returns the profile in force at an instant of lab time."""
