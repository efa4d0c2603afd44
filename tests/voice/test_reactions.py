"""What each behaviour and each state of a handset does with a call: SIP answers, causes, log, on the lab clock."""

from typing import Any

import pytest

from smsc_emulator.base.durations import SECOND
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.handsets.voice import OF_STATE, REACTIONS, CallBehaviour, Voice
from smsc_emulator.voice.exchange import Dialling

ALICE, BOB, CAROL = "+70000000001", "+70000000002", "+70000000003"
CALLER = "+70001001234"

RINGS, HEARD = ("progress", 180, False), ("progress", 183, True)
ROWS: dict[CallBehaviour, tuple[list[Any], int, list[Any], str]] = {
    # what is told at once; after how many seconds the rest follows; the rest; the outcome in the log
    CallBehaviour.RINGING: ([RINGS], 60, [("end", 480, 19)], "no_answer"),
    CallBehaviour.BUSY: ([("end", 486, 17)], 0, [], "busy"),
    CallBehaviour.REJECTED: ([RINGS], 5, [("end", 603, 21)], "rejected"),
    CallBehaviour.REJECTED_AT_ONCE: ([("end", 603, 21)], 0, [], "rejected"),
    CallBehaviour.NO_ANSWER: ([], 60, [("end", 480, 18)], "no_answer"),
    CallBehaviour.ANSWERED: ([RINGS], 5, [("answer",)], "answered"),
    CallBehaviour.VOICEMAIL: ([HEARD], 2, [("answer",)], "answered"),
    CallBehaviour.ANNOUNCEMENT: ([HEARD], 10, [("end", 480, 20)], "unreachable"),
    CallBehaviour.FORWARDED: ([("progress", 181, False), RINGS], 60, [("end", 480, 19)], "forwarded"),
    CallBehaviour.OFF: ([("end", 480, 20)], 0, [], "unreachable"),
    CallBehaviour.OUT_OF_COVERAGE: ([], 4, [("end", 480, 20)], "unreachable"),
    CallBehaviour.BARRED: ([("end", 403, 55)], 0, [], "barred"),
    CallBehaviour.UNKNOWN: ([("end", 404, 1)], 0, [], "nobody"),
    CallBehaviour.PORTED_OUT: ([("end", 410, 22)], 0, [], "number_changed"),
    CallBehaviour.CONGESTED: ([("end", 503, 42)], 0, [], "congested"),
}


def told(acts: list[Any]) -> list[Any]:
    """Return the acts without the names of the legs."""
    return [(name, *rest) for name, _leg, *rest in acts]


def test_the_rows_of_this_test_are_those_of_the_table() -> None:
    assert set(ROWS) == set(REACTIONS) == set(CallBehaviour)


@pytest.mark.parametrize("behaviour", ROWS, ids=str)
async def test_a_handset_reacts_to_a_call_as_its_behaviour_says(world: Any, behaviour: CallBehaviour) -> None:
    at_once, seconds, later, outcome = ROWS[behaviour]
    await world.switch.set_voice(ALICE, Voice(behaviour, forward_to=BOB))
    leg = world.incoming()
    assert told(await world.settled()) == at_once
    if seconds:
        assert told(await world.advance(seconds * SECOND - 1)) == []
        assert told(await world.advance(1)) == later
    if outcome == "answered":
        world.ended(leg, 200, answered=True)
        await world.settled()
    call = await world.last()
    assert (call.outcome, call.shown, call.state.value) == (outcome, CALLER, "ended")
    assert (call.rang_at is not None) == (RINGS in at_once and behaviour is not CallBehaviour.FORWARDED)


@pytest.mark.parametrize("state", OF_STATE, ids=str)
async def test_a_handset_that_has_no_choice_reacts_as_its_state_says(world: Any, state: HandsetState) -> None:
    at_once, seconds, later, outcome = ROWS[OF_STATE[state]]
    await world.switch.set_voice(ALICE, Voice(CallBehaviour.ANSWERED, after=1))
    world.handsets[ALICE].state = state
    world.incoming()
    assert told(await world.settled()) == at_once
    assert told(await world.advance(seconds * SECOND)) == later
    assert (await world.last()).outcome == outcome


@pytest.mark.parametrize("state", [HandsetState.ON, HandsetState.ROAMING, HandsetState.MEMORY_FULL], ids=str)
async def test_a_handset_that_can_be_reached_rings(world: Any, state: HandsetState) -> None:
    world.handsets[ALICE].state = state
    world.incoming()
    assert told(await world.settled()) == [RINGS]


async def test_a_time_of_its_own_takes_the_place_of_the_reactions_time(world: Any) -> None:
    await world.switch.set_voice(ALICE, Voice(CallBehaviour.ANSWERED, after=2 * SECOND, delay=SECOND))
    world.incoming()
    assert told(await world.settled()) == []
    assert told(await world.advance(SECOND)) == [RINGS]
    assert told(await world.advance(2 * SECOND)) == [("answer",)]


async def test_an_answer_at_once_follows_its_ringing(world: Any) -> None:
    await world.switch.set_voice(ALICE, Voice(CallBehaviour.ANSWERED, after=0))
    world.incoming()
    assert told(await world.settled()) == [RINGS, ("answer",)]


async def test_a_forwarded_call_is_decided_by_the_other_handset(world: Any) -> None:
    await world.switch.set_voice(ALICE, Voice(CallBehaviour.FORWARDED, forward_to=BOB))
    await world.switch.set_voice(BOB, Voice(CallBehaviour.REJECTED))
    world.incoming()
    assert told(await world.settled()) == [("progress", 181, False), RINGS]
    assert told(await world.advance(5 * SECOND)) == [("end", 603, 21)]
    assert (await world.last(ALICE)).outcome == "forwarded"
    second = await world.last(BOB)
    assert (second.outcome, second.shown, second.to) == ("rejected", CALLER, ALICE)


async def test_a_call_that_is_forwarded_in_a_circle_comes_to_an_end(world: Any) -> None:
    await world.switch.set_voice(ALICE, Voice(CallBehaviour.FORWARDED, forward_to=BOB))
    await world.switch.set_voice(BOB, Voice(CallBehaviour.FORWARDED, forward_to=ALICE))
    world.incoming()
    assert told(await world.settled()) == [("progress", 181, False)] * 6 + [("end", 483, 25)]


async def test_a_call_that_is_forwarded_to_nobody_finds_nobody(world: Any) -> None:
    await world.switch.set_voice(ALICE, Voice(CallBehaviour.FORWARDED, forward_to="+70009999999"))
    world.incoming()
    assert told(await world.settled()) == [("progress", 181, False), ("end", 404, 1)]


async def test_a_number_that_is_nobodys_is_answered_404(world: Any) -> None:
    world.incoming("+70009999999")
    assert told(await world.settled()) == [("end", 404, 1)]


async def test_a_second_call_rings_too_where_calls_wait(world: Any) -> None:
    first, second = world.incoming(caller=CALLER), world.incoming(caller="+70001005678")
    assert await world.settled() == [("progress", first, 180, False), ("progress", second, 180, False)]


async def test_a_second_call_finds_the_number_busy_where_calls_do_not_wait(world: Any) -> None:
    await world.switch.set_voice(ALICE, Voice(call_waiting=False))
    first, second = world.incoming(caller=CALLER), world.incoming(caller="+70001005678")
    assert await world.settled() == [("progress", first, 180, False), ("end", second, 486, 17)]
    world.ended(first)
    third = world.incoming(caller="+70001009999")
    assert await world.settled() == [("progress", third, 180, False)]


async def test_a_flood_of_calls_leaves_each_in_the_log(world: Any) -> None:
    legs = [world.incoming(caller=f"+7000100{n:04d}") for n in range(200)]
    assert len(await world.settled()) == 200
    for leg in legs:
        world.ended(leg)
    assert await world.settled() == []
    calls = await world.switch.calls(ALICE)
    assert [call.shown for call in calls] == [f"+7000100{n:04d}" for n in range(200)]
    assert {call.outcome for call in calls} == {"cancelled"}


async def test_a_call_that_is_taken_back_is_a_missed_call(world: Any) -> None:
    leg = world.incoming()
    await world.settled()
    await world.advance(10 * SECOND)
    world.ended(leg, 487, 16)
    assert await world.settled() == []
    call = await world.last()
    assert (call.outcome, call.status, call.cause) == ("cancelled", 487, 16)
    assert call.ended_at - call.rang_at == 10 * SECOND
    assert world.events() == ["call.started", "call.ringing", "call.ended"]
    assert await world.advance(60 * SECOND) == []


async def test_a_handset_answers_when_it_is_told_to_and_hangs_up(world: Any) -> None:
    leg = world.incoming()
    await world.settled()
    call = await world.last()
    assert (await world.switch.answer(ALICE, call.id)).state == "answered"
    assert (await world.switch.hang_up(ALICE, call.id)).outcome == "answered"
    assert [act[:2] for act in await world.settled()] == [("answer", leg), ("end", leg)]
    assert world.events() == ["call.started", "call.ringing", "call.answered", "call.ended"]


async def test_a_handset_rejects_when_it_is_told_to(world: Any) -> None:
    leg = world.incoming()
    await world.settled()
    rejected = await world.switch.hang_up(ALICE, (await world.last()).id)
    assert (rejected.outcome, rejected.status) == ("rejected", 603)
    assert await world.settled() == [("end", leg, 603, 21)]


async def test_handsets_call_each_other_without_sip(world: Any) -> None:
    await world.switch.set_voice(BOB, Voice(CallBehaviour.ANSWERED))
    made = await world.switch.call_from(ALICE, Dialling("8 000 000-00-02", hang_up_after=20 * SECOND))
    assert (made.direction, made.to, made.state) == ("out", BOB, "ringing")
    assert await world.advance(20 * SECOND) == []
    out, came = await world.last(ALICE), await world.last(BOB)
    assert (out.outcome, came.outcome, came.shown) == ("answered", "answered", ALICE)
    assert came.ended_at - came.answered_at == 15 * SECOND
    assert await world.switch.calls(CAROL) == []
