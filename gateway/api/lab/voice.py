"""The voice switch: how it spells callers, its firewall, its trunks, and which phones have registered."""

from typing import Annotated

from pydantic import Field

from gateway.api.errors import RULES_OF_ONE_NAME
from gateway.api.types import Duration
from smsc_emulator.base import durations
from smsc_emulator.base.config import Whole
from smsc_emulator.base.web import Body, Call, Model, ProblemError, Reply, Routes
from smsc_emulator.handsets.voice import Spelling
from smsc_emulator.voice.exchange import Habits
from smsc_emulator.voice.routing import Phone, Trunk
from smsc_emulator.voice.settings import BlockStatus, Decision, FirewallRuleSettings, Prefix
from smsc_emulator.voice.switch import Switch

_VOICE = "/lab/voice"
_LONGEST = 30 * durations.DAY
_TRANSIT = "How callers are spelled on their way through, where a handset says nothing else."


class RuleBody(Model):
    """A rule against flash calls. It holds for a call from outside that meets every condition which the rule has."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    decision: Decision = Field(
        "block",
        description="block: the call is refused. answer: the operator answers it himself, so that it costs money. "
        "log: it goes on, and the journal has an event call.filtered. The first rule that does not only log decides.",
    )
    status: Annotated[BlockStatus, Whole] = Field(403, description="The answer to a call that is blocked.")
    callers: Annotated[list[Prefix], Field(max_length=100)] = Field(
        default=[], description="Beginnings of the callers' numbers; without any, all."
    )
    unassigned: bool = Field(False, description="Whether the caller's number must be one that nobody was given.")
    velocity: Annotated[int, Field(ge=1, le=1_000_000), Whole] | None = Field(
        None, description="How many calls a range of callers may make in the time `within`."
    )
    zero_duration: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="The share of a range's calls that nobody answered, from which on the condition is met."
    )
    of_calls: Annotated[int, Field(ge=1, le=10_000), Whole] = Field(
        20, description="How many calls of a range must have ended before their share says something."
    )
    within: Duration = Field("1h", description="The lab time that is looked back over.")
    range_digits: Annotated[int, Field(ge=0, le=10), Whole] = Field(
        4, description="How many last digits the numbers of one range differ in."
    )


class SwitchBody(Model):
    """What the switch is to do with the calls that come from now on. What is left out stays as it is."""

    transit: Spelling | None = Field(None, description=_TRANSIT)
    no_answer_after: Duration | None = Field(None, description="Lab time that a call may ring.")
    call_waiting: bool | None = Field(None, description="Whether a second call to a number rings too.")
    firewall: Annotated[list[RuleBody], Field(max_length=100)] | None = Field(
        None, description="The rules of the firewall, in their order; they take the place of those before."
    )


class TrunkShown(Body):
    """A link to another switch or gateway."""

    name: str
    host: str
    port: int
    transport: str
    numbers: list[str] = Field(description="Numbers, or their beginnings, that calls are passed on to it for.")
    trusted: bool = Field(description="Whether what it asserts of its callers counts.")


class PhoneShown(Body):
    """A SIP phone with a number of the lab."""

    phone_number: str
    contact: str | None = Field(description="Its address as a sip: URI; null if it has not registered.")
    registered_until: str | None = Field(description="When its registration ends, in real time; null without one.")


class SwitchShown(Body):
    """The voice switch."""

    transit: Spelling
    no_answer_after: str
    call_waiting: bool
    firewall: list[RuleBody]
    trunks: list[TrunkShown]
    phones: list[PhoneShown]


def routes(switch: Switch) -> Routes:
    """Return the routes of the voice switch."""
    group = Routes("lab: voice switch")

    @group.add("GET", _VOICE, "Show the voice switch, its trunks and its phones", answers={200: SwitchShown})
    async def show(_call: Call) -> Reply:
        return Reply(_switch(switch))

    @group.add(
        "PUT",
        _VOICE,
        "Say what the switch does with the calls that come from now on",
        body=SwitchBody,
        answers={200: SwitchShown},
        problems=(RULES_OF_ONE_NAME,),
    )
    async def change(call: Call) -> Reply:
        body: SwitchBody = call.body
        rules = switch.firewall.rules if body.firewall is None else [_rule(rule) for rule in body.firewall]
        names = [rule.name for rule in rules]
        if len(set(names)) < len(names):
            raise ProblemError(RULES_OF_ONE_NAME, "body.firewall: two rules have one name")
        await switch.set_habits(_habits(switch.habits, body), rules)
        return Reply(_switch(switch))

    return group


def _habits(habits: Habits, body: SwitchBody) -> Habits:
    ring = habits.no_answer_after if body.no_answer_after is None else durations.parse(body.no_answer_after)
    return Habits(
        min(max(ring, 1), _LONGEST),
        habits.call_waiting if body.call_waiting is None else body.call_waiting,
        habits.transit if body.transit is None else body.transit,
    )


def _rule(body: RuleBody) -> FirewallRuleSettings:
    return FirewallRuleSettings(**{**body.model_dump(), "within": max(durations.parse(body.within), 1)})


def _switch(switch: Switch) -> SwitchShown:
    habits, routing = switch.habits, switch.routing
    return SwitchShown(
        transit=habits.transit,
        no_answer_after=durations.spell(habits.no_answer_after),
        call_waiting=habits.call_waiting,
        firewall=[
            RuleBody(**{**rule.model_dump(), "within": durations.spell(rule.within)}) for rule in switch.firewall.rules
        ],
        trunks=[_trunk(trunk) for trunk in routing.trunks.values()],
        phones=[_phone(phone) for phone in routing.phones.values()],
    )


def _trunk(trunk: Trunk) -> TrunkShown:
    peer = trunk.peer
    return TrunkShown(
        name=trunk.name,
        host=peer.host,
        port=peer.port,
        transport=peer.transport,
        numbers=list(trunk.numbers),
        trusted=trunk.trusted,
    )


def _phone(phone: Phone) -> PhoneShown:
    until = phone.registered_until
    return PhoneShown(
        phone_number=phone.number,
        contact=None if phone.contact is None else str(phone.contact),
        registered_until=None if until is None else durations.iso(until),
    )
