"""The attempt to identify a user by his number: what it is, what can happen to it, and what each of its ends means.

An attempt is told of what happens by an input; `machine` says what follows. All of this is pure. Instants are lab time
in milliseconds since 1970, UTC.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Literal, TypeAlias

from smsc_emulator.frozen import frozen


class State(StrEnum):
    """Where an attempt stands."""

    NEW = "NEW"
    """Number and service are known; whether the attempt may go on is being decided."""
    CONFIRMING = "CONFIRMING"
    """Waiting for the user's action with the number."""
    ROUTING = "ROUTING"
    """Finding out which operator is to be asked."""
    PENDING = "PENDING"
    """The operator was asked; its time to answer runs."""
    REGISTERING = "REGISTERING"
    """The identification code is being handed over to the operator."""
    IDENTIFIED = "IDENTIFIED"
    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"
    SUPERSEDED = "SUPERSEDED"

    @property
    def over(self) -> bool:
        """Whether the state is terminal."""
        return self in TERMINAL


TERMINAL = frozenset({State.IDENTIFIED, State.REFUSED, State.CANCELLED, State.SUPERSEDED})


class Reason(StrEnum):
    """Why an attempt was refused."""

    CONFIRM_FAILED = "confirm_failed"
    """The tries to confirm the number are used up."""
    CONFIRM_EXPIRED = "confirm_expired"
    """The number was not confirmed in time (T_confirm)."""
    NO_ANSWER = "no_answer"
    """The operator did not answer in time (T_answer): silence is refusal (S04)."""
    ABSENT = "absent"
    """The operator has no such subscriber (S03)."""
    MISMATCH = "mismatch"
    """The operator has the subscriber, and what the user said of himself is not what the contract says (S21)."""
    NO_AGREEMENT = "no_agreement"
    """The service has no agreement with the operator (S33)."""
    UNROUTABLE = "unroutable"
    """No operator is known for the number."""
    FOREIGN_NUMBER = "foreign_number"
    """The number is another country's, and the profile does not let it in (S53)."""
    SERVICE_BLOCKED = "service_blocked"
    """The service is blocked in the country (S79)."""
    SERVICE_NOT_LISTED = "service_not_listed"
    """The service is not in the public register, and the profile refuses such services (S35)."""
    NO_RESPONSIBLE_PARTY = "no_responsible_party"
    """Nobody runs the service as a whole (S83)."""
    TERMINATED_DURING = "terminated_during"
    """The contract ended while the attempt was under way."""
    REGISTER_FAILED = "register_failed"
    """The operator did not enter the code in its register in time."""
    POLICY_HOLD = "policy_hold"
    """A condition of the profile is not met: it is not in force, or asks for what is not there."""


Party = Literal["service", "operator", "user"]
"""Who has to do something about it. That the service is liable before the law, whoever it was, is another matter (S17).
"""

RESPONSIBLE: Mapping[Reason, Party] = {
    Reason.CONFIRM_FAILED: "user",
    Reason.CONFIRM_EXPIRED: "user",
    Reason.NO_ANSWER: "operator",
    Reason.ABSENT: "user",
    Reason.MISMATCH: "user",
    Reason.NO_AGREEMENT: "service",
    Reason.UNROUTABLE: "user",
    Reason.FOREIGN_NUMBER: "user",
    Reason.SERVICE_BLOCKED: "service",
    Reason.SERVICE_NOT_LISTED: "service",
    Reason.NO_RESPONSIBLE_PARTY: "service",
    Reason.TERMINATED_DURING: "user",
    Reason.REGISTER_FAILED: "operator",
    Reason.POLICY_HOLD: "service",
}
"""Whose doing each refusal is (I9)."""

HINTS: Mapping[Reason, str] = {
    Reason.CONFIRM_FAILED: "try_again",
    Reason.CONFIRM_EXPIRED: "try_again",
    Reason.NO_ANSWER: "try_again",
    Reason.ABSENT: "sign_a_contract",
    Reason.MISMATCH: "change_number",
    Reason.FOREIGN_NUMBER: "change_number",
    Reason.UNROUTABLE: "change_number",
    Reason.TERMINATED_DURING: "sign_a_contract",
    Reason.REGISTER_FAILED: "try_again",
}
"""What the user may do about it. Whose SIM is a third person's needs another number (S55)."""


class Cause(StrEnum):
    """Why an attempt is made."""

    NEW = "new"
    """The user asks for it."""
    TERMINATED = "terminated"
    """The operator told that his contract ended (S11)."""
    PORTED = "ported"
    """The operator told that his number moved to another one (S16)."""
    DATA_CHANGED = "data_changed"
    """What is known of him changed (S05)."""
    NUMBER_CHANGED = "number_changed"
    """He wants to go on with another number (S05)."""
    EXISTING_USER = "existing_user"
    """He was there before the rules (S09)."""
    RECYCLED = "recycled"
    """The operator told that his number was given to somebody else."""


Result = Literal["PRESENT", "ABSENT"]
"""What an operator says of a number."""

Match = Mapping[str, Literal["true", "false", "not_available"]]
"""What an operator says of each attribute of a person that it was asked about, in match mode."""

Mode = Literal["operator", "self", "confirm_only", "no_procedure", "personal_id", "other_means"]
"""Who identifies: the operator, the service itself, or nobody beyond the confirmation (profile key `mode`); or the
service, by what stands for the number (key `fallback_identity`)."""

StandIn = Literal["personal_id", "other_means"]
"""By what else than a number a service may have verified a user; what it was he showed stays with the service."""


@frozen
class Attempt:
    """One attempt."""

    id: str
    service_id: str
    user_id: str
    phone_number: str
    profile: str
    """The name of the profile in force at the start; the attempt ends under it (S87)."""
    created_at: int
    updated_at: int
    state: State = State.NEW
    reason: Reason | None = None
    due_at: int | None = None
    """The deadline of the present state."""
    confirmation_id: str | None = None
    operator_id: str | None = None
    request_id: str | None = None
    """The latest query to an operator."""
    result: Result | None = None
    """The verdict that was accepted."""
    answered_at: int | None = None
    """When that verdict was received."""
    as_of: int | None = None
    """The operator's own time stamp: on record, never used for a deadline."""
    identification_code: str | None = None
    entry_id: str | None = None
    """The line in the operator's register; None while it is not acknowledged."""
    binding_id: str | None = None
    cause: Cause = Cause.NEW
    mode: Mode = "operator"
    exchange_mode: Literal["presence", "match"] = "presence"
    payer: str = "service"
    """Who pays for it, by the agreement or the profile (S95)."""
    rechecks: str | None = None
    """The binding whose user is identified again, if it is a re-check."""
    until: int | None = None
    """The deadline of the whole: no state may wait longer. T_recheck, or the service's time end to end (S20)."""
    fresh_queries: int = 0
    """How often another query followed an answer that was out of date."""
    ended_at: int | None = None
    """When, by the operator's clock, the contract ended that a notice during the attempt told of."""
    matched: bool = False
    """Whether the operator found an attribute of the user as he said, and none otherwise."""
    hint: str | None = None
    """What the user may do about a refusal."""


# The inputs.


@frozen
class Eligible:
    """The attempt may go on; the confirmation of its number has begun, unless none is needed."""

    confirmation_id: str | None
    mode: Mode = "operator"
    exchange_mode: Literal["presence", "match"] = "presence"
    payer: str = "service"


@frozen
class Ineligible:
    """It may not."""

    reason: Reason
    hint: str | None = None


@frozen
class Confirmed:
    """The user did the action with the number."""


@frozen
class ConfirmationFailed:
    """The tries are used up."""


@frozen
class Routed:
    """The operator to ask was found, and the service may ask it, as their agreement says."""

    operator_id: str
    exchange_mode: Literal["presence", "match"] = "presence"
    payer: str = "service"


@frozen
class Taken:
    """The operator has taken the query."""


@frozen
class Verdict:
    """The operator's answer, stamped at the gateway's socket before its body was read."""

    result: Result
    received_at: int
    as_of: int
    match: Match | None = field(default=None, hash=False)
    entry_id: str | None = None
    """The line in the register, where the code went along with the query."""
    recycled: bool = False
    """Whether another person has the number since it was last known to be its user's, where that was asked (S31)."""
    inherits: bool = False
    """Whether this attempt's user is the one who had it before: then he is another person by the same account."""
    elsewhere: bool = False
    """Whether another operator than the one that was asked has the number by now."""


@frozen
class Noticed:
    """The operator told that the number's contract ended at `ended_at`, by its clock."""

    ended_at: int


@frozen
class Corrected:
    """A review found that the operator should have answered PRESENT (S94)."""

    operator_id: str


@frozen
class Registered:
    """The operator entered the code in its register."""

    entry_id: str
    code: str | None = None
    """The code, where the operator makes it."""


@frozen
class TimeUp:
    """The deadline of the present state may have passed; `step` compares."""


@frozen
class Cancel:
    """The service wants the attempt no more."""


@frozen
class Supersede:
    """A newer attempt for the same service and number has begun."""


Input: TypeAlias = (
    Eligible
    | Ineligible
    | Confirmed
    | ConfirmationFailed
    | Routed
    | Taken
    | Verdict
    | Noticed
    | Corrected
    | Registered
    | TimeUp
    | Cancel
    | Supersede
)


class Outcome(StrEnum):
    """What became of a verdict; the operator is told."""

    ACCEPTED = "accepted"
    """It decides the attempt, or brings it on."""
    LATE = "late"
    """Nothing waits for it any more."""
    REPEATED = "repeated"
    """The request has been answered already."""
    FOREIGN = "foreign"
    """This operator was not asked this about this number."""
