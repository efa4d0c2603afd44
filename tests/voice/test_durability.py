"""Rows before acts, and what a restart finds."""

from typing import Any

import pytest
from sqlalchemy import func, select

from smsc_emulator.handsets.voice import CallBehaviour, Voice
from smsc_emulator.voice import store
from smsc_emulator.voice.calls import KEPT
from smsc_emulator.voice.exchange import Dialling, Habits
from smsc_emulator.voice.settings import FirewallRuleSettings, VoiceSettings

ALICE, BOB, ACCESS, CALLER = "+70000000001", "+70000000002", "+70002000001", "+70001001234"


async def test_a_call_is_in_the_log_before_anybody_is_told_that_it_rings(world: Any) -> None:
    committed: list[str] = []
    world.database.observers.append(lambda _tx, event: committed.append(event.type))
    leg = world.incoming()
    told: list[list[str]] = []
    note = world.control._note
    world.control._note = lambda *act: (told.append(list(committed)), note(*act))
    assert await world.settled() == [("progress", leg, 180, False)]
    assert told == [["call.started", "call.ringing"]]


async def test_nobody_is_told_of_a_call_that_cannot_be_stored(world: Any) -> None:
    def fail(_tx: Any, _event: Any) -> None:
        raise OSError("the disk is full")

    world.database.observers.append(fail)
    leg = world.incoming()
    assert await world.settled() == [("end", leg, 503, 41)]
    world.database.observers.clear()
    assert await world.switch.calls(ALICE) == []
    assert [act[0] for act in await call_again(world)] == ["progress"]


async def call_again(world: Any) -> Any:
    world.incoming()
    return await world.settled()


async def test_calls_that_were_under_way_are_ended_at_the_next_start(make_switch: Any) -> None:
    first = await make_switch()
    first.incoming()
    await first.switch.call_from(BOB, Dialling(ACCESS))
    await first.settled()
    second = await make_switch()
    for number in (ALICE, BOB):
        call = await second.last(number)
        assert (call.outcome, call.state, call.ended_at) == ("lab_restarted", "ended", second.clock.now())
        assert second.events(number)[-1] == "call.ended"
    second.incoming()
    await second.settled()
    assert [call.id for call in await second.switch.calls(ALICE)] == [1, 3]


async def test_what_was_set_outlives_a_restart(make_switch: Any) -> None:
    first = await make_switch()
    voice = Voice(CallBehaviour.FORWARDED, after=5, forward_to=BOB, transit="00", call_waiting=False)
    rule = FirewallRuleSettings(name="one", decision="log", callers=["+7000100"])
    await first.switch.set_voice(ALICE, voice)
    await first.switch.set_habits(Habits(1_000, False, "plus"), [rule])
    second = await make_switch(VoiceSettings(transit="8"))
    assert second.switch.voice(ALICE) == voice
    assert second.switch.habits == Habits(1_000, False, "plus")
    assert second.switch.firewall.rules == [rule]


async def test_a_log_keeps_the_newest_calls(make_switch: Any, database: Any) -> None:
    world = await make_switch()
    await world.switch.set_voice(ALICE, Voice(CallBehaviour.BUSY))
    for n in range(KEPT + 5):
        world.incoming(caller=f"+7000100{n:04d}")
    await world.settled()
    world.incoming(caller="+70001009999")
    await world.settled()
    calls = await world.switch.calls(ALICE)
    assert (len(calls), calls[0].shown, calls[-1].shown) == (KEPT, "+70001000006", "+70001009999")
    assert await database.run(lambda tx: tx.conn.scalar(select(func.count()).select_from(store.calls))) == KEPT


async def test_calls_of_one_turn_share_a_commit(world: Any) -> None:
    batches: list[int] = []
    release = world.database.journal.release
    world.database.journal.release = lambda events: (batches.append(len(events)), release(events))
    for n in range(50):
        world.incoming(caller=f"+7000100{n:04d}")
    await world.settled()
    assert batches == [100]


async def test_what_became_of_a_call_while_the_store_failed_is_stored_when_it_works_again(world: Any) -> None:
    leg = world.incoming()
    await world.settled()

    def fail(_tx: Any, _event: Any) -> None:
        raise OSError("the disk is full")

    world.database.observers.append(fail)
    world.ended(leg)
    world.incoming(BOB)
    await world.settled()
    world.database.observers.clear()
    assert (await world.last()).ended_at is None
    world.incoming(BOB, caller=ALICE)
    await world.settled()
    assert (await world.last()).outcome == "cancelled"
    assert world.events() == ["call.started", "call.ringing", "call.ended"]
    assert [call.shown for call in await world.switch.calls(BOB)] == [ALICE], "what was never told is not made up"


async def test_a_row_that_the_store_never_takes_does_not_stop_the_calls_that_follow(world: Any) -> None:
    leg = world.incoming()
    await world.settled()

    def fail(_tx: Any, event: Any) -> None:
        if event.type == "call.ended":
            raise OSError("not this one")

    world.database.observers.append(fail)
    world.ended(leg)
    await world.settled()
    for _ in range(3):
        world.incoming(BOB)
        assert [act[0] for act in await world.settled()] == ["progress"]


@pytest.mark.parametrize("behaviour", [CallBehaviour.BUSY, CallBehaviour.ANSWERED])
async def test_a_call_that_ends_while_an_act_on_it_is_being_stored_is_not_waited_for(
    world: Any, behaviour: CallBehaviour
) -> None:
    await world.switch.set_voice(ALICE, Voice(behaviour, after=0))
    world.control.tell = lambda _event: None  # a user agent says nothing of a call that is over already
    leg = world.incoming()
    world.ended(leg)
    await world.settled()
    assert await world.activity.settled(2**62, patience=0.01)
