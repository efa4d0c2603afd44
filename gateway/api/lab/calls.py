"""The calls of virtual handsets: read their logs, wait for a missed call and its code, call, answer, hang up."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from gateway.api.errors import CALL_OVER, HANDSET_CANNOT_CALL, as_problems
from gateway.api.lab.handsets import Short
from gateway.api.types import Duration, PhoneNumber, Timestamp, Wait
from smsc_emulator.base import durations
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.watch import read_until
from smsc_emulator.base.web import BAD_REQUEST, NOT_FOUND, Body, Call, Model, ProblemError, Reply, Routes
from smsc_emulator.handsets.voice import OF_STATE, REACTIONS, CallBehaviour, Spelling, Voice
from smsc_emulator.voice.calls import CallState, Entry
from smsc_emulator.voice.exchange import Dialling
from smsc_emulator.voice.switch import Switch

_CALLS = "/lab/handsets/{number}/calls"
_CALL = "/lab/handsets/{number}/calls/{call}"
_VOICE = "/lab/handsets/{number}/voice"
_PATTERNS = {"number": r"^\+?[1-9][0-9]{6,14}$"}
_CALL_PATTERNS = {**_PATTERNS, "call": r"^[0-9]{1,18}$"}
_BEHAVIOURS = "; ".join(f"{behaviour.value}: {reaction.meaning}" for behaviour, reaction in REACTIONS.items())
_STATES = ", ".join(state.value for state in OF_STATE)
_LONGEST = 30 * durations.DAY


class CallsQuery(Model):
    """Which calls to return, and whether to wait for one."""

    after: Annotated[str, Field(pattern=r"^[0-9]{0,18}$", max_length=18)] = Field(
        "", description="The id of the last call seen; only later ones are returned."
    )
    digits: Annotated[int, Field(ge=1, le=15)] = Field(
        4, description="How many last digits of the caller's number are the code."
    )
    wait: Wait | None = Field(None, description="Waits until a call to the handset has rung, or is over.")


class CallShown(Body):
    """A call in a handset's log. All instants are of the lab clock."""

    id: str
    direction: Literal["in", "out"]
    from_: str | None = Field(serialization_alias="from", description="The caller as shown; null if withheld.")
    to: str
    state: CallState
    outcome: str | None = Field(
        description="What became of it, when it is over: answered, cancelled, no_answer, busy, rejected, unreachable, "
        "barred, nobody, number_changed, forwarded, congested, blocked, failed, or lab_restarted."
    )
    sip_status: int | None = Field(description="The final SIP status.")
    q850_cause: int | None = Field(description="The cause by ITU-T Q.850, as far as one was told.")
    started_at: Timestamp
    rang_at: Timestamp | None = Field(description="When it rang; null if it did not, so that nobody saw who called.")
    answered_at: Timestamp | None
    ended_at: Timestamp | None


class CallLog(Body):
    """Calls, oldest first."""

    calls: list[CallShown]
    code: str | None = Field(
        description="The last digits of the number that the newest call to the handset showed; null if it showed none."
    )


class OneQuery(Model):
    """Whether to wait."""

    wait: Wait | None = Field(None, description="Waits until the call is over.")


class NewCall(Model):
    """A call to make from the handset."""

    to: Short = Field(description="The number to call, in any spelling that a phone takes.")
    shown: Literal["withheld"] | PhoneNumber | None = Field(
        None,
        description="Another number to claim, or `withheld`. The network asserts the handset's own number beside it.",
    )
    asserted: bool = Field(True, description="Whether the network vouches for the handset's number at all.")
    hang_up_after: Duration | None = Field(
        None, description="Lab time after which the handset hangs up by itself, up to 30 days."
    )


class VoiceBody(Model):
    """What the handset is to do with calls. What is left out stays as it is."""

    behaviour: CallBehaviour | None = Field(
        None, description=f"{_BEHAVIOURS}. A handset that is {_STATES} has no choice."
    )
    after: Duration | None = Field(
        None, description="Lab time from the beginning to the final answer; null: the behaviour's own."
    )
    delay: Duration | None = Field(None, description="Lab time that a call needs to reach the handset at all.")
    forward_to: PhoneNumber | None = Field(None, description="Where calls are forwarded to.")
    transit: Spelling | None = Field(
        None, description="How callers are spelled in its calls; null: as the switch spells them."
    )
    call_waiting: bool | None = Field(
        None, description="Whether a second call rings too; if not, it finds the number busy. null: as with the switch."
    )


class VoiceShown(Body):
    """What a handset does with calls."""

    behaviour: CallBehaviour
    after: str | None
    delay: str
    forward_to: str | None
    transit: Spelling | None
    call_waiting: bool | None


def routes(switch: Switch, journal: Journal) -> Routes:
    """Return the routes of the handsets' calls."""
    group = Routes("lab: calls")
    _add_log(group, switch, journal)
    _add_acts(group, switch)
    _add_voice(group, switch)
    return group


def _add_log(group: Routes, switch: Switch, journal: Journal) -> None:
    @group.add(
        "GET",
        _CALLS,
        "Read a handset's calls; with `wait`, wait for a call to it",
        query=CallsQuery,
        answers={200: CallLog},
        patterns=_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def read(call: Call) -> Reply:
        number, query = _number(call), call.query
        with as_problems():
            calls = await read_until(
                journal,
                _about(number),
                _seconds(query.wait),
                lambda: switch.calls(number, int(query.after or 0)),
                _has_come,
            )
        return Reply(CallLog(calls=[_shown(entry) for entry in calls], code=_code(calls, query.digits)))

    @group.add(
        "GET",
        _CALL,
        "Show a call; with `wait`, wait for its end",
        query=OneQuery,
        answers={200: CallShown},
        patterns=_CALL_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def show(call: Call) -> Reply:
        number, entry_id = _number(call), int(call.path["call"])
        with as_problems():
            entry = await read_until(
                journal,
                _about(number),
                _seconds(call.query.wait),
                lambda: switch.call(number, entry_id),
                lambda entry: entry.ended_at is not None,
            )
        return Reply(_shown(entry))


def _add_acts(group: Routes, switch: Switch) -> None:
    @group.add(
        "POST",
        _CALLS,
        "Call from a handset",
        body=NewCall,
        answers={202: CallShown},
        patterns=_PATTERNS,
        problems=(NOT_FOUND, HANDSET_CANNOT_CALL),
    )
    async def dial(call: Call) -> Reply:
        new: NewCall = call.body
        withheld = new.shown == "withheld"
        after = None if new.hang_up_after is None else min(durations.parse(new.hang_up_after), _LONGEST)
        dialling = Dialling(new.to, None if withheld else new.shown, withheld, new.asserted, after)
        with as_problems():
            return Reply(_shown(await switch.call_from(_number(call), dialling)), 202)

    @group.add(
        "DELETE",
        _CALL,
        "Reject a call, take it back, or hang up; one that is over is left as it is",
        answers={200: CallShown},
        patterns=_CALL_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def hang_up(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(await switch.hang_up(_number(call), int(call.path["call"]))))

    @group.add(
        "POST",
        _CALL + "/answer",
        "Answer a call to the handset",
        answers={200: CallShown},
        patterns=_CALL_PATTERNS,
        problems=(NOT_FOUND, CALL_OVER),
    )
    async def answer(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(await switch.answer(_number(call), int(call.path["call"]))))


def _add_voice(group: Routes, switch: Switch) -> None:
    @group.add(
        "GET",
        _VOICE,
        "Show what a handset does with calls",
        answers={200: VoiceShown},
        patterns=_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def show(call: Call) -> Reply:
        with as_problems():
            return Reply(_voice(switch.voice(_number(call))))

    @group.add(
        "PUT",
        _VOICE,
        "Say what a handset does with the calls that come from now on",
        body=VoiceBody,
        answers={200: VoiceShown},
        patterns=_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def change(call: Call) -> Reply:
        number = _number(call)
        with as_problems():
            voice = _changed(switch.voice(number), call.body)
            if voice.behaviour is CallBehaviour.FORWARDED and voice.forward_to is None:
                raise ProblemError(BAD_REQUEST, "body.forward_to: a handset that forwards needs a number to forward to")
            await switch.set_voice(number, voice)
        return Reply(_voice(voice))


def _number(call: Call) -> str:
    return "+" + call.path["number"].removeprefix("+")


def _changed(voice: Voice, body: VoiceBody) -> Voice:
    """Return what the handset is to do, members that were left out being as they are."""
    given = body.model_fields_set
    after = None if body.after is None else min(durations.parse(body.after), _LONGEST)
    return Voice(
        body.behaviour or voice.behaviour,
        after if "after" in given else voice.after,
        voice.delay if body.delay is None else min(durations.parse(body.delay), _LONGEST),
        body.forward_to if "forward_to" in given else voice.forward_to,
        body.transit if "transit" in given else voice.transit,
        body.call_waiting if "call_waiting" in given else voice.call_waiting,
    )


def _voice(voice: Voice) -> VoiceShown:
    return VoiceShown(
        behaviour=voice.behaviour,
        after=None if voice.after is None else durations.spell(voice.after),
        delay=durations.spell(voice.delay),
        forward_to=voice.forward_to,
        transit=voice.transit,
        call_waiting=voice.call_waiting,
    )


def _shown(entry: Entry) -> CallShown:
    return CallShown(
        id=str(entry.id),
        direction=entry.direction,
        from_=entry.shown,
        to=entry.to,
        state=entry.state,
        outcome=entry.outcome,
        sip_status=entry.status,
        q850_cause=entry.cause,
        started_at=durations.iso(entry.started_at),
        rang_at=_iso(entry.rang_at),
        answered_at=_iso(entry.answered_at),
        ended_at=_iso(entry.ended_at),
    )


def _iso(instant: int | None) -> str | None:
    return None if instant is None else durations.iso(instant)


def _has_come(calls: list[Entry]) -> bool:
    return any(call.direction == "in" and (call.rang_at or call.ended_at) is not None for call in calls)


def _code(calls: list[Entry], digits: int) -> str | None:
    """Return the last digits of the newest caller that was to be seen; None if he withheld his number."""
    newest = next((call for call in reversed(calls) if call.direction == "in" and call.rang_at is not None), None)
    if newest is None or newest.shown is None:
        return None
    number = "".join(filter(str.isdigit, newest.shown))
    return number[-digits:] if len(number) >= digits else None


def _seconds(wait: str | None) -> float:
    return durations.parse(wait) / 1000 if wait else 0.0


def _about(number: str) -> Callable[[Event], bool]:
    return lambda event: event.subject == number and event.type.startswith("call.")
