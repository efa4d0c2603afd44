"""What a service is before the law, what it has agreed with operators, and how it may identify a user. Pure.

The law is tied to a definition, its enforcement to a public register (S40). So there are two predicates,
`is_im_service` and being listed, and neither follows from the other. CHECKS holds what can stand in the way of a new
attempt, in order.
Instants are lab time in milliseconds since 1970, UTC.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Literal, TypeAlias

from gateway.services.rules import ExchangeMode, Mode, Payer, Rules
from smsc_emulator.frozen import frozen

Residency = Literal["domestic", "foreign"]
Kind = Literal["messenger", "mixed", "federated", "p2p", "undetermined"]
OwnMode = Literal["operator", "self"]
AgreementState = Literal["none", "negotiating", "signed"]

WITHOUT_ORGANISER: frozenset[Kind] = frozenset({"federated", "p2p"})
"""Kinds that nobody runs as a whole: their users' servers, or devices, meet without one (S83)."""
FOREIGN = "foreign"
"""The class of numbers of other countries; the router tells it."""


@frozen
class Features:
    """What users can do with the messaging part of a service. None: nobody has found out (S42)."""

    user_to_user: bool | None = True
    """It is for the exchange between its users only."""
    sender_picks_recipients: bool | None = True
    """The sender chooses who gets a message."""
    public_posting: bool | None = False
    """A message can be posted for anybody to read."""


def is_im_service(features: Features) -> bool | None:
    """Whether the law's definition fits (149-FZ art. 10.1 p. 4.2); None if that is undetermined.

    One feature that does not fit is enough for False, whatever is not known of the others.
    """
    fits = (
        features.user_to_user,
        features.sender_picks_recipients,
        None if features.public_posting is None else not features.public_posting,
    )
    if False in fits:
        return False
    return None if None in fits else True


@frozen
class Agreement:
    """What a service and an operator have agreed on (S47)."""

    operator_id: str
    state: AgreementState
    grace_until: int | None = None
    """While they negotiate: the last instant of the time that the regulator gives (S46); None: it gives none."""
    valid_from: int | None = None
    """Once it is signed: its first instant; None: it always was."""
    valid_to: int | None = None
    """The first instant at which it is over; None: it has no end."""
    exchange_mode: ExchangeMode | None = None
    """What the operator may be asked; None: as the profile says."""
    payer: Payer | None = None
    """Who pays; None: as the profile says."""

    def in_force(self, now: int) -> bool:
        """Whether a query may be sent by it at `now`."""
        if self.state == "signed":
            begun = self.valid_from is None or self.valid_from <= now
            return begun and (self.valid_to is None or now < self.valid_to)
        return self.state == "negotiating" and self.grace_until is not None and now <= self.grace_until


@frozen
class Service:
    """What is known of a service."""

    id: str
    name: str
    """The name in the public register, compared as a whole."""
    residency: Residency = "foreign"
    kind: Kind = "messenger"
    """`mixed`: messages are a part of something larger, and the rules are for that part (S41)."""
    mode: OwnMode = "operator"
    """Whether it has the operator asked or identifies by itself, where the rules let it (S32)."""
    features: Features = Features()
    any_operator: bool = True
    """Whether it counts as having an agreement with each operator that there is no other word on."""


@frozen
class Standing:
    """All about a service that decides at one instant."""

    service: Service
    listed: bool
    """Whether the public register has its name."""
    blocked: bool
    """Whether it is blocked in the country."""
    agreements: Sequence[Agreement] = ()


class Reason(StrEnum):
    """Why a service may not identify a user by a number."""

    NO_RESPONSIBLE_PARTY = "no_responsible_party"
    """Nobody runs the service as a whole (S83)."""
    SERVICE_BLOCKED = "service_blocked"
    """The service is blocked in the country (S43, S79)."""
    SERVICE_NOT_LISTED = "service_not_listed"
    """It is not in the public register, and the profile refuses such services (S35)."""
    FOREIGN_NUMBER = "foreign_number"
    """The number is another country's, and the profile does not let it in (S53)."""
    NO_AGREEMENT = "no_agreement"
    """The service has no agreement in force with the operator (S33)."""


@frozen
class Eligible:
    """The attempt may go on, and how."""

    mode: Mode
    exchange_mode: ExchangeMode = "presence"
    """What the operator may be asked, by the agreement, or else by the profile."""
    payer: Payer = "service"
    """Who pays for the attempt, by the agreement, or else by the profile (S95)."""


@frozen
class Plan:
    """One attempt that a service wants to make; see `eligibility`."""

    standing: Standing
    rules: Rules
    number_class: str
    operator_id: str | None
    now: int

    @property
    def mode(self) -> Mode:
        """How the user is to be identified, if nothing stands in the way."""
        service, rules = self.standing.service, self.rules
        if rules.mode != "operator":
            return rules.mode
        if service.kind in WITHOUT_ORGANISER or (
            self.number_class == FOREIGN and rules.foreign_number == "confirm_only"
        ):
            return "confirm_only"
        by_itself = service.mode == "self" and service.residency == "domestic" and rules.domestic_self_id == "allowed"
        return "self" if by_itself else "operator"

    @property
    def agreement(self) -> Agreement | None:
        """The agreement that the query stands on; without an operator, any."""
        found = [each for each in self.standing.agreements if self.operator_id in (None, each.operator_id)]
        in_force = next((each for each in found if each.in_force(self.now)), None)
        known = {each.operator_id for each in found}
        if in_force is None and self.standing.service.any_operator and self.operator_id not in known:
            return Agreement(self.operator_id or "", "signed")
        return in_force


def nobody_responsible(plan: Plan) -> bool:
    """Whether there is no organiser whom a duty could bind, and the profile minds."""
    return plan.standing.service.kind in WITHOUT_ORGANISER and plan.rules.federated_service == "refuse"


def blocked(plan: Plan) -> bool:
    """Whether the service is blocked."""
    return plan.standing.blocked


def not_listed(plan: Plan) -> bool:
    """Whether the register lacks a service that the law's definition may fit: such a service is one to apply (S39)."""
    return not plan.standing.listed and is_im_service(plan.standing.service.features) is not False


def not_listed_and_refused(plan: Plan) -> bool:
    """Whether the register lacks the service, and the profile refuses it for that."""
    return not_listed(plan) and plan.rules.not_listed_service == "refuse"


def foreign_and_refused(plan: Plan) -> bool:
    """Whether the number is another country's and its home operator is not asked, or takes no part."""
    if plan.number_class != FOREIGN or plan.rules.foreign_number == "confirm_only":
        return False
    return plan.rules.foreign_number == "refuse" or plan.rules.foreign_operator == "none"


def agreement_missing(plan: Plan) -> bool:
    """Whether the operator would be asked without the agreement that such a service needs."""
    required = plan.rules.agreement_required_for
    needed = required == "all" or (required == "foreign" and plan.standing.service.residency == "foreign")
    return plan.mode == "operator" and needed and plan.agreement is None


Check: TypeAlias = Callable[[Plan], bool]

CHECKS: tuple[tuple[Check, Reason], ...] = (
    (nobody_responsible, Reason.NO_RESPONSIBLE_PARTY),
    (blocked, Reason.SERVICE_BLOCKED),
    (not_listed_and_refused, Reason.SERVICE_NOT_LISTED),
    (foreign_and_refused, Reason.FOREIGN_NUMBER),
    (agreement_missing, Reason.NO_AGREEMENT),
)
"""What can stand in the way of an attempt; the first that does is its reason."""


def decide(plan: Plan) -> Eligible | Reason:
    """Return how the attempt may go on, or why it may not."""
    for stands_in_the_way, reason in CHECKS:
        if stands_in_the_way(plan):
            return reason
    agreement, rules = plan.agreement, plan.rules
    exchange_mode = agreement.exchange_mode if agreement else None
    payer = agreement.payer if agreement else None
    return Eligible(plan.mode, exchange_mode or rules.exchange_mode, payer or rules.payer)


def leaves_finding(plan: Plan) -> bool:
    """Whether the attempt shows that the service ought to be listed and is not, and the profile minds.

    It makes a finding and never a fine: there is no sanction for not applying (S39). Of a service that nobody knows
    what to take for (S42) none is made.
    """
    fits = is_im_service(plan.standing.service.features)
    return fits is True and not plan.standing.listed and plan.rules.not_listed_service == "warn"
