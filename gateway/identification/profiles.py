"""The rules of identification as data: one YAML file for each regime, read into a Profile.

Every question that the sources leave open is a key. A key whose other values are not built takes only the one that
is, so that no file can promise what is not done; the keys that a regime's sources do not settle are named in
`unspecified`, and their values are the lab's own choice.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from confirm.settings import MethodName, StepSettings
from smsc_emulator.base.config import WRITTEN, Section
from smsc_emulator.base.durations import instant


class ProfileError(Exception):
    """A profile's file cannot be used; the message names the file, the key and what is wrong with it."""


def _as_step(value: Any) -> Any:
    """Return a step's members; a method's name alone is a step of that method's own time."""
    return {"method": value} if isinstance(value, str) else value


class Profile(Section):
    """One set of rules. Keys that end in `_s` are seconds of lab time."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    """The name of the file, without its ending."""
    title: str
    """The name for people."""
    sources: list[str] = []
    """The acts and reports that the rules are taken from."""
    valid_from: AwareDatetime | None = None
    """The first instant at which an attempt may start under the profile."""
    valid_to: AwareDatetime | None = None
    """The first instant at which none may any more."""
    unspecified: list[str] = []
    """Keys that the sources do not settle: their values are the lab's choice."""

    exchange_mode: Literal["presence"] = "presence"
    """What the operator is asked: whether it has the subscriber, and nothing about the person (S63, S65)."""
    confirm_first: Literal[True] = True
    """The number is confirmed before the operator is asked (S18)."""
    methods: Annotated[list[Annotated[StepSettings, BeforeValidator(_as_step)]], Field(min_length=1, max_length=8)] = [
        StepSettings(method="sms_code")
    ]
    """How a number is confirmed: the steps of the workflow, each a method's name or {method, time} (S23, S24, S25)."""
    permitted_methods: Annotated[list[MethodName], Field(min_length=1)] = list(get_args(MethodName))
    """The methods that a service may ask for instead (S26)."""
    t_confirm_s: int = Field(900, ge=1, le=86_400)
    """How long the user may take to confirm, over all codes."""
    t_answer_s: int = Field(1200, ge=1, le=604_800)
    """How long the operator may take to answer (S02)."""
    t0: Literal["first_try"] = "first_try"
    """The answer's time runs from the first try to send the query; sending it again does not extend it."""
    deadline_basis: Literal["gateway_receive"] = "gateway_receive"
    """What is held against the deadline: the instant at which the gateway received the answer."""
    grace_ms: Literal[0] = 0
    """What is added to the answer's time."""
    deadline_scope: Literal["operator_answer"] = "operator_answer"
    """What has to happen in that time: the operator's answer alone (S20)."""
    silence: Literal["refuse"] = "refuse"
    """What no answer means (S04)."""
    code_assigned_by: Literal["service"] = "service"
    """Who makes the identification code: the gateway on the service's behalf."""
    code_phase: Literal["after_positive"] = "after_positive"
    """When the operator gets the code: after it answered PRESENT."""
    code_usable_for_login: Literal[False] = False
    """Whether a user may log in by the code (S14)."""
    t_register_cap_s: int = Field(86_400, ge=1, le=86_400)
    """How long the attempt waits for the entry in the operator's register."""
    on_register_failure: Literal["active_entry_pending", "refuse"] = "active_entry_pending"
    """What follows without one: the binding is active and its entry pending, or the attempt is refused."""
    notice_s: Literal[86_400] = 86_400
    """How soon the operator tells of the end of a contract (S10)."""
    t_recheck_s: Literal[1200] = 1200
    """How long the re-check may take after such a notice (S11)."""
    recheck_confirm: tuple[Literal["number_changed"], Literal["recycled"]] = ("number_changed", "recycled")
    """The re-checks that confirm the number again."""
    service_during_recheck: Literal["allow"] = "allow"
    """Whether the user is served during a re-check."""
    existing_users: Literal["exempt_if_match"] = "exempt_if_match"
    """What becomes of users from before the rules (S09, S91)."""
    resolve_by: Literal["current_operator"] = "current_operator"
    """Whom to ask about a ported number: its present operator."""
    max_reroute: Literal[1] = 1
    """How often a query may move on to another operator."""
    foreign_number: Literal["refuse"] = "refuse"
    """What becomes of numbers of no known operator (S53)."""
    foreign_operator: Literal["none"] = "none"
    """Whether operators of other countries are asked (S52)."""
    minor: Literal["as_owner"] = "as_owner"
    """How a user under age is treated whose parent has the contract (S56)."""
    corporate: Literal["present"] = "present"
    """What the operator answers about a line of a legal entity (S57)."""
    gray: Literal["present"] = "present"
    """What it answers about a line whose owner was not verified (S58)."""
    domestic_self_id: Literal["allowed"] = "allowed"
    """Whether domestic services may identify by themselves (S32)."""
    agreement_required_for: Literal["foreign"] = "foreign"
    """Which services need an agreement with the operator (S33)."""
    not_listed_service: Literal["warn"] = "warn"
    """What becomes of attempts of a service that is not in the public register (S35)."""
    check_recipient: Literal[False] = False
    """Whether the recipient of a message has to be identified too (S78)."""
    broadcast_scope: Literal["active"] = "active"
    """Who gets an emergency broadcast (S76)."""
    broadcast_ignores_blocklist: Literal[True] = True
    """Whether a broadcast passes the users' block lists (S76)."""
    consent_required: Literal[False] = False
    """Whether the user is asked for consent (S34)."""
    payer: Literal["service"] = "service"
    """Who pays (S95)."""
    t_cure_s: Literal[1_296_000] = 1_296_000
    """The time between a finding against a service and its block (S81)."""
    store_in_country: Literal[True] = True
    """Whether identification data stay in the country."""
    stat_min_cell: Literal[10] = 10
    """The smallest count that a statistic shows (S71)."""

    @model_validator(mode="after")
    def _names_its_keys(self) -> "Profile":
        unknown = sorted(set(self.unspecified) - set(type(self).model_fields))
        if unknown:
            raise ValueError(f"unspecified names what is no key: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _permits_its_own_methods(self) -> "Profile":
        others = sorted({step.method for step in self.methods} - set(self.permitted_methods))
        if others:
            raise ValueError(f"methods names what permitted_methods does not: {', '.join(others)}")
        return self

    def in_force(self, now: int) -> bool:
        """Whether an attempt may start under the profile at `now`."""
        return _is_past(self.valid_from, now, True) and not _is_past(self.valid_to, now, False)


def _is_past(boundary: datetime | None, now: int, otherwise: bool) -> bool:
    return otherwise if boundary is None else instant(boundary.isoformat()) <= now


def load(path: Path) -> Profile:
    """Return the profile of a file. Raises ProfileError."""
    try:
        read = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
        profile = Profile.model_validate(read, context=WRITTEN)
    except ValidationError as error:
        raise ProfileError("; ".join(_mistakes(path, error))) from None
    except (OSError, YAMLError, ValueError) as error:
        raise ProfileError(f"{path}: {error}") from None
    if profile.name != path.stem:
        raise ProfileError(f"{path}: name: expected {path.stem}, as the file is called (got {profile.name})")
    return profile


def load_all(folder: Path) -> dict[str, Profile]:
    """Return the profiles of all YAML files in `folder`, by name. Raises ProfileError."""
    return {path.stem: load(path) for path in sorted(folder.glob("*.yaml"))}


def _mistakes(path: Path, error: ValidationError) -> list[str]:
    return [
        f"{path}: {'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}"
        for item in error.errors(include_url=False)
    ]
