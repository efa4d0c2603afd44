"""The rules of identification as data: one YAML file for each regime, read into a Profile.

Every question that the sources leave open is a key. A key that a file leaves out, or names in `unspecified`, is not
settled by the regime's sources: its value is the lab's own choice.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args

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


RecheckCause = Literal["terminated", "ported", "data_changed", "number_changed", "existing_user", "recycled"]
"""Why a user who is identified, or was a user before the rules, is identified again."""

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Fine(Section):
    """One tier of a table of fines, in whole units of its currency."""

    part: str
    """The act, its article and part."""
    offender: Literal["citizen", "official", "legal_entity"]
    repeat: bool = False
    """Whether it is the tier for those who were fined before."""
    since: AwareDatetime | None = None
    """The first instant of the tier; null: it is as old as the rules."""
    low: int = Field(ge=0)
    high: int = Field(ge=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")


DESCRIPTION = frozenset({"name", "title", "sources", "valid_from", "valid_to", "unspecified"})
"""The keys that tell of a profile; all others are rules."""


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
    """Keys that the file writes out though the sources do not settle them: their values are the lab's choice."""

    mode: Literal["operator", "self", "confirm_only", "no_procedure"] = "operator"
    """Who identifies: the operator (basis verdict), the service by itself (self, S32), nobody beyond the confirmation
    (sms_only, S27), or nobody since the duty has no procedure yet (exempt, S90)."""
    exchange_mode: Literal["presence", "match"] = "presence"
    """What the operator is asked: whether it has the subscriber and nothing about the person (S63, S65), or whether
    what the user said of himself is what the contract says (S21)."""
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
    t0: Literal["first_try", "transport_ack"] = "first_try"
    """The answer's time runs from the first try to send the query, or from its taking; sending it again does not
    extend it."""
    deadline_basis: Literal["gateway_receive"] = "gateway_receive"
    """What is held against the deadline: the instant at which the gateway received the answer."""
    grace_ms: int = Field(0, ge=0, le=60_000)
    """What is added to the answer's time."""
    deadline_scope: Literal["operator_answer", "end_to_end"] = "operator_answer"
    """What has to happen in that time: the operator's answer alone, or all from the attempt's start (S20)."""
    silence: Literal["refuse"] = "refuse"
    """What no answer means (S04)."""
    retry_wait_s: int = Field(0, ge=0, le=604_800)
    """How long a refused user waits before he may try again; none (S93)."""
    code_assigned_by: Literal["service", "operator"] = "service"
    """Who makes the identification code: the gateway on the service's behalf, or the operator (S06)."""
    code_phase: Literal["after_positive", "with_request"] = "after_positive"
    """When the operator gets the code: after it answered PRESENT, or with the query (S07)."""
    code_usable_for_login: bool = False
    """Whether a user may log in by the code (S14)."""
    t_register_cap_s: int = Field(86_400, ge=1, le=86_400)
    """How long the attempt waits for the entry in the operator's register."""
    on_register_failure: Literal["active_entry_pending", "refuse"] = "active_entry_pending"
    """What follows without one: the binding is active and its entry pending, or the attempt is refused."""
    notice_s: int = Field(86_400, ge=1, le=2_592_000)
    """How soon the operator tells of the end of a contract (S10)."""
    t_recheck_s: int = Field(1200, ge=1, le=604_800)
    """How long the re-check may take after such a notice (S11)."""
    recheck_confirm: tuple[RecheckCause, ...] = ("number_changed", "recycled")
    """The re-checks that confirm the number again."""
    service_during_recheck: Literal["allow", "hold"] = "allow"
    """Whether the user is served during a re-check."""
    number_change_refused: Literal["keep", "suspend"] = "keep"
    """What becomes of the old number's binding when its successor is refused (S05)."""
    recycle_check: bool = False
    """Whether the operator is also asked if the number went to another person since the account's user was identified
    by it: then the account is closed to its old owner, and the new one does not get into it (S31)."""
    existing_users: Literal["new_only", "recheck_all", "exempt_if_match"] = "exempt_if_match"
    """What becomes of users from before the rules (S09, S91)."""
    existing_users_due_s: int | None = Field(None, ge=1, le=31_622_400)
    """How long they may stay unidentified; null: no time is set."""
    resolve_by: Literal["current_operator", "range_holder"] = "current_operator"
    """Whom to ask about a ported number: its present operator, or the one whose range it is of."""
    max_reroute: int = Field(1, ge=0, le=3)
    """How often a query may move on to another operator."""
    foreign_number: Literal["refuse", "confirm_only", "query_home_operator"] = "refuse"
    """What becomes of numbers of other countries (S53)."""
    foreign_operator: Literal["none", "participates"] = "none"
    """Whether operators of other countries are asked (S52)."""
    allowed_countries: Annotated[list[Country], Field(min_length=1)] | None = None
    """The countries whose numbers may be used at all, as in ISO 3166-1 alpha-2; null: any."""
    fallback_identity: Literal["none", "personal_id", "other_means"] = "none"
    """What may stand for a number: nothing; a personal id number, if the number may not be used; or any other means.
    The service sees to it, and its word is on record; the id number itself has no place here."""
    sim_in_device: bool = False
    """Whether the SIM of the number has to be in the device that uses the account (S30)."""
    web_session_s: int | None = Field(None, ge=1, le=31_622_400)
    """How long a session of a device without the SIM lasts; null: until it is ended."""
    one_number_one_account: bool = False
    """Whether a number that one account of a service has is refused to another, rather than taken over by it."""
    minor: Literal["as_owner", "absent"] = "as_owner"
    """How a user under age is treated whose parent has the contract (S56)."""
    corporate: Literal["present", "absent"] = "present"
    """What the operator answers about a line of a legal entity (S57)."""
    gray: Literal["present", "absent"] = "present"
    """What it answers about a line whose owner was not verified (S58)."""
    domestic_self_id: Literal["allowed", "denied"] = "allowed"
    """Whether domestic services may identify by themselves (S32)."""
    agreement_required_for: Literal["foreign", "all", "none"] = "foreign"
    """Which services need an agreement with the operator (S33)."""
    not_listed_service: Literal["pass_through", "warn", "refuse"] = "warn"
    """What becomes of attempts of a service that is not in the public register (S35)."""
    federated_service: Literal["refuse", "unbound"] = "refuse"
    """What becomes of attempts of a service without one responsible party (S83)."""
    check_recipient: bool = False
    """Whether the recipient of a message has to be identified too (S78)."""
    identified_badge: bool = False
    """Whether other users see that a user is identified; his number they never see (S100)."""
    broadcast_scope: Literal["active", "all"] = "active"
    """Who gets an emergency broadcast (S76)."""
    broadcast_ignores_blocklist: bool = True
    """Whether a broadcast passes the users' block lists (S76)."""
    consent_required: bool = False
    """Whether the user is asked for consent (S34)."""
    payer: Literal["service", "operator", "user", "split"] = "service"
    """Who pays (S95)."""
    t_cure_s: int = Field(1_296_000, ge=1, le=31_622_400)
    """The time between a finding against a service and its block (S81)."""
    block_needs_court: bool = True
    """Whether a court has to order the block when that time is over."""
    store_in_country: Literal[True] = True
    """Whether identification data stay in the country."""
    stat_min_cell: int = Field(10, ge=1, le=1_000_000)
    """The smallest count that a statistic shows (S71)."""
    fines: list[Fine] = []
    """What a breach may cost, for the report on exposure; no money moves (S80)."""

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

    @property
    def open_questions(self) -> frozenset[str]:
        """The keys that the sources do not settle: those that are named, and those that are left out."""
        return frozenset(self.unspecified) | (set(type(self).model_fields) - self.model_fields_set - DESCRIPTION)

    def in_force(self, now: int) -> bool:
        """Whether an attempt may start under the profile at `now`."""
        return _is_past(self.valid_from, now, True) and not _is_past(self.valid_to, now, False)


def _is_past(boundary: datetime | None, now: int, otherwise: bool) -> bool:
    return otherwise if boundary is None else instant(boundary.isoformat()) <= now


def load(path: Path) -> Profile:
    """Return the profile of a file. Raises ProfileError."""
    try:
        profile = _read(path.read_text("utf-8"))
    except ValidationError as error:
        raise ProfileError("; ".join(_mistakes(path, error))) from None
    except (OSError, YAMLError, ValueError) as error:
        raise ProfileError(f"{path}: {error}") from None
    if profile.name != path.stem:
        raise ProfileError(f"{path}: name: expected {path.stem}, as the file is called (got {profile.name})")
    return profile


@lru_cache(maxsize=64)
def _read(text: str) -> Profile:
    """Return the profile of a text. One text is read once, since the reading takes long; profiles do not change."""
    return Profile.model_validate(YAML(typ="safe", pure=True).load(text), context=WRITTEN)


class Folder(Mapping[str, Profile]):
    """The profiles of all YAML files in a folder, by name. Each is read when it is asked for, or raises ProfileError.

    A lab has one in force and the others at hand; to read all of them would take a good part of its start.
    """

    def __init__(self, folder: Path) -> None:
        self._files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
        self._read: dict[str, Profile] = {}

    def __getitem__(self, name: str) -> Profile:
        if name not in self._read:
            self._read[name] = load(self._files[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files


def load_all(folder: Path) -> dict[str, Profile]:
    """Return the profiles of all YAML files in `folder`, by name. Raises ProfileError."""
    return dict(Folder(folder))


def _mistakes(path: Path, error: ValidationError) -> list[str]:
    return [
        f"{path}: {'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}"
        for item in error.errors(include_url=False)
    ]


Plan: TypeAlias = str | Sequence[tuple[int, str]]
"""The name of the one profile, or when each begins (lab time, ms) and its name."""


class Schedule:
    """Which profile attempts start under, by the lab clock; an attempt ends under the profile of its start (S87).

    `profiles` are all that are there, by name. `plan` is one name, or steps in order of time: each begins at its
    instant in milliseconds, the first at any time. Raises ProfileError if a profile is not there or cannot be used.
    """

    def __init__(self, profiles: Mapping[str, Profile], plan: Plan) -> None:
        self.profiles = profiles
        self._steps = [(0, plan)] if isinstance(plan, str) else sorted(plan)
        for _, name in self._steps:
            if name not in profiles:
                raise ProfileError(f"there is no profile {name}; known profiles: {', '.join(sorted(profiles))}")
            _ = profiles[name]  # it is read now, and not by the first attempt

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the profiles that are ever in force, in the order of time."""
        return tuple(dict.fromkeys(name for _, name in self._steps))

    def at(self, now: int) -> Profile:
        """Return the profile that an attempt at `now` starts under; its own dates may refuse it (`in_force`)."""
        begun = [name for begins, name in self._steps if begins <= now] or [self._steps[0][1]]
        return self.profiles[begun[-1]]

    def of(self, name: str, now: int) -> Profile:
        """Return the profile that an attempt began under, or the present one if it was taken away since."""
        return self.profiles.get(name) or self.at(now)
