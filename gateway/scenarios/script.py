"""The language of scenarios: what a file may say. docs/scenarios.md explains it with examples.

A step turns the clock (`at`, `after`), then does something (`when`), then looks (`then`). One line of `When` and of
`Then` is one word of the language; `acting` and `seeing` have the code behind each.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from smsc_emulator.base import durations
from smsc_emulator.base.config import Section

RULES = "rules"
"""The key of `given` that is no section of the settings: keys of the profile in force that differ from its file."""

_OFFSET = re.compile(r"\+(?:(\d+):)?(\d{1,2}):(\d{2}(?:\.\d{1,3})?)")

OFFSET = r"^\+(?:(?:\d+:)?\d{1,2}:\d{2}(?:\.\d{1,3})?|(?:[0-9.]+(?:ms|s|m|h|d)){1,5})$"
"""`+19:59.000` is minutes, seconds and milliseconds; `+24:00:01` has hours before them; `+3s` is a duration."""

Offset = Annotated[str, Field(pattern=OFFSET)]
Span = Annotated[str, Field(pattern=durations.PATTERN)]
Text = Annotated[str, Field(min_length=1)]
Jump = Annotated[str, Field(pattern=r"^[+-](?:[0-9.]+(?:ms|s|m|h|d)){1,5}$")]
Number = Annotated[str, Field(pattern=r"^\+[0-9]{6,15}$")]
Expected = dict[str, Any]
"""Members that are expected; see `matching`."""


def offset(text: str) -> int:
    """Return the milliseconds of an offset."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        return durations.parse(text.removeprefix("+"))
    hours, minutes, seconds = found.groups()
    whole = int(hours or 0) * durations.HOUR + int(minutes) * durations.MINUTE
    return whole + round(float(seconds) * durations.SECOND)


class Identify(Section):
    """A service starts to identify a user. The answer is known as `name`, by default the user's."""

    user: Text
    number: str | None = None
    """Null: none is given."""
    service: str | None = None
    """Null: the first one of the lab."""
    methods: list[str] | None = None
    name: str | None = None
    more: dict[str, Any] = {}
    """Other members of the request."""


class Crowd(Section):
    """Many users, each with a number of his own, join several services."""

    first: Number
    """The first user's number; the others' follow it."""
    users: Annotated[int, Field(ge=1, le=1000)]
    shares: dict[Text, Annotated[float, Field(ge=0, le=100)]]
    """How many of a hundred users each service has. Each begins with the user after the last one of the service before,
    so that shares which sum up to 183 leave 83 of a hundred users with two services, and 17 with one."""


class TypeCode(Section):
    """A user gives back the code that his handset got."""

    user: Text
    """The name of the identification."""
    code: str = "newest"
    """newest, oldest, wrong, or the code itself."""
    seen_in: Literal["sms", "call"] = "sms"
    """In a text, or in the number of who called."""


class MakeCall(Section):
    """A handset calls."""

    handset: Number
    to: str | None = None
    user: str | None = None
    """Instead of `to`: the identification that told which number to call."""
    shown: str | None = None
    """Another number to claim, or `withheld`."""
    asserted: bool = True


class SendSms(Section):
    """A handset sends an SMS."""

    handset: Number
    to: str | None = None
    text: str | None = None
    user: str | None = None
    """Instead of `to` and `text`: the identification that told what to send where."""


class Verdict(Section):
    """An operator answers a query by itself, whatever its behaviour."""

    operator: Text
    user: str | None = None
    """The identification whose newest query is answered."""
    result: str = "PRESENT"
    number: str | None = None
    """Null: the number that was asked about."""
    request_id: str | None = None
    """Null: the id of the query."""
    as_of: str | None = None
    """An offset, or an instant; null: now."""
    signed_by: str | None = None
    """Null: the operator. Another operator's name, or `nobody`."""
    more: dict[str, Any] = {}


class Message(Section):
    """An operator sends the gateway a signed message."""

    operator: Text
    to: Text
    """The last part of the path: verdicts, notices."""
    id: str
    """The message's id."""
    body: dict[str, Any]
    signed_by: str | None = None


class Sale(Section):
    """An operator sells a number."""

    number: Number
    operator: Text
    more: dict[str, Any] = {}
    """Other members of the request, such as {owner: corporate}."""


class Porting(Section):
    """A subscriber moves to another operator with his number."""

    number: Number
    to: Text


class Request(Section):
    """Anything that the HTTP API takes."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: Text
    body: Any = None
    service: str | None = None
    """Whose key is sent; null: the first service's."""
    name: str | None = None
    """The answer is known by this name afterwards: ${name.member}."""


class When(Section):
    """What happens: exactly one of these."""

    identify: Identify | None = None
    join: Identify | None = None
    """The service starts to identify a user, and he types the code of his SMS."""
    crowd: Crowd | None = None
    type_code: TypeCode | None = None
    resend_code: str | None = None
    next_method: str | None = None
    cancel: str | None = None
    call: MakeCall | None = None
    send_sms: SendSms | None = None
    operator: dict[str, dict[str, Any]] | None = None
    """What operators do from now on, by their ids: {alpha: {answer: silent}}."""
    handset: dict[str, dict[str, Any]] | None = None
    """What handsets are like from now on, by their numbers: {"+70000000001": {state: off}}."""
    voice: dict[str, dict[str, Any]] | None = None
    """What handsets do with calls from now on, by their numbers."""
    verdict: Verdict | None = None
    message: Message | None = None
    sell: Sale | None = None
    end_contract: Number | None = None
    """The contract of a number ends."""
    port: Porting | None = None
    request: Request | None = None
    kill: Span | None = None
    """The lab dies as by kill -9, and is started again so much later."""
    restart: Span | None = None
    """The lab is stopped, and started again so much later."""
    wall_clock: Jump | None = None
    """The machine's own clock jumps by this, while the lab runs: +30m, -10m."""

    @model_validator(mode="after")
    def _does_one_thing(self) -> "When":
        if len(self.model_fields_set) != 1:
            raise ValueError(f"expected exactly one act, such as identify (got {len(self.model_fields_set)})")
        return self

    @property
    def act(self) -> tuple[str, Any]:
        """The word, and what stands behind it."""
        (word,) = self.model_fields_set
        return word, getattr(self, word)


class Events(Section):
    """What is expected of the events since the scenario's beginning. A type matches by its beginning."""

    order: list[str | dict[str, Any]] | None = None
    """These come in this order, with any others between them: types, or members such as {type: ..., subject: ...}."""
    never: list[str] | None = None
    """None of these types is there."""
    count: dict[str, Any] | None = None
    """How many there are, by type."""


class Then(Section):
    """What is to be seen: all of these."""

    answer: Expected | None = None
    """Members of the answer to the last act; `status` is its HTTP status."""
    identifications: dict[str, Expected] | None = None
    """By their names, as GET shows them."""
    may_send: dict[str, Any] | None = None
    """By user: true, false, or members of the answer such as {reason: suspended}."""
    bindings: dict[str, list[Expected]] | None = None
    """All of a user, the newest first."""
    register_: dict[str, list[Expected]] | None = Field(None, alias="register")
    """All entries of an operator, the oldest first."""
    journal: Events | None = None
    webhooks: Events | None = None
    wire: dict[str, Expected] | None = None
    """What went out to an operator: {queries: 1, codes: 1, voids: 0, repeats: 0}; repeats are further tries."""
    texts: dict[str, Any] | None = None
    """How many texts a handset has got, by its number."""
    calls: dict[str, Any] | None = None
    """How many calls a handset has in its log, by its number."""
    pages: dict[str, Expected] | None = None
    """Members of what a GET of these paths answers."""
    rules: dict[str, Any] | None = None
    """What the report on conformance says of rules, by their rows: pass, fail or not_exercised."""

    @model_validator(mode="after")
    def _looks_at_something(self) -> "Then":
        if not self.model_fields_set:
            raise ValueError("expected something to look at, such as identifications")
        return self


class Step(Section):
    """One step: the clock is turned, something happens, something is seen; each of the three may be left out."""

    say: str | None = None
    """Words for people."""
    only: list[str] | None = None
    """The runs that have this step; null: all."""
    at: Offset | None = None
    """The clock is turned to this instant after `mark`, or after the beginning."""
    after: Span | None = None
    """The clock is turned on by this."""
    when: When | None = None
    mark: Literal["t0"] | None = None
    """Offsets count from this instant, once `when` has happened."""
    then: Then | None = None

    @model_validator(mode="after")
    def _turns_the_clock_once(self) -> "Step":
        if self.at is not None and self.after is not None:
            raise ValueError("expected one of at and after, not both")
        return self


class Script(Section):
    """A whole file."""

    name: Text
    """A sentence."""
    rows: list[Annotated[str, Field(pattern=r"^S[0-9]{2,3}$")]]
    """The rules that it plays, by their rows in the specification."""
    clock: AwareDatetime
    """Where the lab clock starts, and stands still."""
    given: dict[str, Any] = {}
    """Sections of the settings that differ from the default lab's, and `rules`."""
    runs: dict[str, dict[str, Any]] = {}
    """Several plays of the same steps: names, each with the values that ${...} stands for."""
    steps: Annotated[list[Step], Field(min_length=1)]
