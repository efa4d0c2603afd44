"""The operator's firewall: each condition, each decision, and that those who call honestly get through."""

from typing import Any

import pytest

from smsc_emulator.base.durations import MINUTE
from smsc_emulator.handsets.voice import CallBehaviour, Voice
from smsc_emulator.voice.exchange import Dialling
from smsc_emulator.voice.settings import FirewallRuleSettings, VoiceSettings

ALICE, BOB, ACCESS, CALLER = "+70000000001", "+70000000002", "+70002000001", "+70001001234"


async def call(world: Any, caller: str = CALLER, *, give_up: bool = True) -> Any:
    """Let somebody call Alice, and give up if it rings; return the first act."""
    leg = world.incoming(caller=caller)
    acts = await world.settled()
    if give_up and acts[0][0] == "progress":
        world.ended(leg)
        await world.settled()
    return acts[0][0], *acts[0][2:]


async def with_rule(make_switch: Any, **rule: Any) -> Any:
    rules = [FirewallRuleSettings(name="one", **rule)]
    return await make_switch(VoiceSettings(firewall=rules), assigned=lambda number: number.startswith("+7000"))


RINGS = ("progress", 180, False)


async def test_a_range_of_callers_is_blocked_and_others_are_not(make_switch: Any) -> None:
    world = await with_rule(make_switch, callers=["+7000100"])
    assert await call(world) == ("end", 403, 55)
    assert await call(world, "+70005550000") == RINGS
    assert [c.shown for c in await world.switch.calls(ALICE)] == ["+70005550000"]


@pytest.mark.parametrize(("status", "cause"), [(403, 55), (603, 21), (607, 21), (608, 21)])
async def test_a_blocked_call_is_refused_as_the_rule_says(make_switch: Any, status: Any, cause: int) -> None:
    world = await with_rule(make_switch, status=status)
    assert await call(world) == ("end", status, cause)


async def test_a_caller_whose_number_nobody_was_given_is_blocked(make_switch: Any) -> None:
    world = await with_rule(make_switch, unassigned=True)
    assert await call(world, "+99912345678") == ("end", 403, 55)
    assert await call(world, "bank") == ("end", 403, 55)
    assert await call(world) == RINGS


async def test_callers_of_one_range_who_call_too_fast_are_blocked_until_time_has_passed(make_switch: Any) -> None:
    world = await with_rule(make_switch, velocity=3, within=MINUTE)
    assert [await call(world, f"+7000100000{n}") for n in range(3)] == [RINGS] * 3
    assert await call(world, "+70001000003") == ("end", 403, 55)
    assert await call(world, "+70005550000") == RINGS
    await world.advance(MINUTE)
    assert await call(world, "+70001000004") == RINGS


async def test_a_range_whose_calls_are_never_answered_is_blocked(make_switch: Any) -> None:
    world = await with_rule(make_switch, zero_duration=0.9, of_calls=10)
    assert [await call(world, f"+7000100000{n}") for n in range(10)] == [RINGS] * 10
    assert await call(world) == ("end", 403, 55)


async def test_a_range_whose_calls_are_answered_now_and_then_gets_through(make_switch: Any) -> None:
    world = await with_rule(make_switch, zero_duration=0.9, of_calls=10)
    await world.switch.set_voice(ALICE, Voice(CallBehaviour.ANSWERED, after=0))
    for _ in range(2):
        world.ended(world.incoming(), 200, answered=True)
    await world.switch.set_voice(ALICE, Voice())
    assert [await call(world) for _ in range(20)] == [RINGS] * 18 + [("end", 403, 55)] * 2


async def test_the_firewall_answers_a_call_itself_and_the_handset_never_hears_of_it(make_switch: Any) -> None:
    world = await with_rule(make_switch, decision="answer")
    leg = world.incoming()
    assert await world.settled() == [("answer", leg)]
    assert await world.switch.calls(ALICE) == []
    assert await world.advance(MINUTE) == [("end", leg, 487, 16)]


async def test_what_is_only_logged_goes_on(make_switch: Any) -> None:
    world = await with_rule(make_switch, decision="log")
    assert await call(world) == RINGS
    told = [event for event in world.database.journal.since(0, 100) if event.type == "call.filtered"]
    assert [(event.subject, dict(event.data)) for event in told] == [(ALICE, {"rule": "one", "decision": "log"})]


async def test_the_lab_handsets_own_calls_pass(make_switch: Any) -> None:
    world = await with_rule(make_switch)
    await world.switch.call_from(BOB, Dialling(ALICE))
    assert (await world.last()).rang_at is not None
    await world.switch.call_from(BOB, Dialling(ACCESS))
    assert [act[0] for act in await world.settled()] == ["invite"]


async def test_no_event_tells_who_calls(make_switch: Any) -> None:
    world = await with_rule(make_switch, decision="log")
    await call(world)
    assert CALLER[1:] not in repr(world.database.journal.since(0, 100))
