from typing import Any

import pytest

from smsc_emulator.base.durations import HOUR, MINUTE, SECOND
from smsc_emulator.core.mobile_plans import Planned
from smsc_emulator.handsets.script import Script
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.smpp.constants import MessageState

NUMBER = "+70000000001"


async def test_the_code_is_typed_back_after_a_delay_and_the_text_deleted(center: Any) -> None:
    peer = center.bind()
    await center.become(HandsetState.ON, script=Script("{code}", "777", 5 * SECOND, delete=True))
    await center.submit(peer, b"Your code is 123456")
    await center.submit(peer, b"no code at all")
    await center.turn(5 * SECOND - 1)
    assert (len(center.inbox()), peer.delivered) == (2, [])
    await center.turn(1)
    (typed,) = peer.delivered
    assert (typed.destination_addr, typed.short_message, typed.source_addr) == ("777", b"123456", NUMBER[1:])
    assert center.inbox() == []


async def test_an_answer_goes_to_the_sender_unless_told_otherwise(center: Any) -> None:
    bob, alice = center.bind("bob"), center.bind()
    await center.become(HandsetState.ON, script=Script("You said: {text}"))
    await center.submit(alice, b"hi", source_addr="1234")
    await center.turn(0)
    (answer,) = bob.delivered
    assert answer.short_message == b"You said: hi"


async def test_a_message_of_tomorrow_is_sent_tomorrow(center: Any) -> None:
    peer = center.bind()
    (message,) = center.smsc.mobiles.originate(NUMBER, "777", "later", center.clock.now() + 24 * HOUR)
    assert message.state == MessageState.SCHEDULED
    await center.turn(24 * HOUR - 1)
    assert peer.delivered == []
    await center.turn(1)
    assert [pdu.short_message for pdu in peer.delivered] == [b"later"]
    assert message.state == MessageState.DELIVERED


@pytest.mark.parametrize("state", [HandsetState.OFF, HandsetState.OUT_OF_COVERAGE])
async def test_a_handset_without_a_network_sends_when_it_is_back(center: Any, state: HandsetState) -> None:
    peer = center.bind()
    await center.become(state)
    center.smsc.mobiles.originate(NUMBER, "777", "at last")
    await center.turn(HOUR)
    assert peer.delivered == []
    await center.become(HandsetState.ON)
    assert [pdu.short_message for pdu in peer.delivered] == [b"at last"]


async def test_a_full_memory_takes_flash_and_replacements_and_what_there_is_room_for_again(center: Any) -> None:
    peer = center.bind()
    await center.become(HandsetState.ON, memory=2)
    await center.submit(peer, b"price 1", protocol_id=0x41)
    await center.submit(peer, b"second")
    await center.submit(peer, b"waits")
    await center.submit(peer, b"flash", data_coding=0x10)
    await center.submit(peer, b"price 2", protocol_id=0x41)
    await center.submit(peer, b"price 3", protocol_id=0x41, source_addr="shop")
    assert center.inbox() == ["second", "flash", "price 2"]
    assert center.handset.used == 2
    second = center.handset.inbox[0].id
    assert await center.smsc.delete_text(NUMBER, second)
    await center.turn(MINUTE)
    assert center.inbox() == ["flash", "price 2", "waits"]


async def test_what_handsets_are_like_and_what_they_threw_away_outlives_the_process(start: Any, database: Any) -> None:
    center = await start(database)
    peer = center.bind()
    first = await center.submit(peer, b"first")
    await center.submit(peer, b"second")
    await center.smsc.delete_text(NUMBER, int(first))
    script = Script("{code}", None, SECOND)
    await center.become(HandsetState.MEMORY_FULL, memory=5, script=script)
    waiting = await center.submit(peer, b"third", registered_delivery=1)
    await center.smsc.close()
    again = await start(database)
    assert (again.handset.state, again.handset.memory, again.handset.used) == (HandsetState.MEMORY_FULL, 5, 1)
    assert (again.handset.script, again.inbox()) == (script, ["second"])
    assert again.message(waiting).due_at == center.message(waiting).due_at
    peer = again.bind()
    await again.become(HandsetState.ON)
    assert (again.inbox(), peer.receipts()) == (["second", "third"], [("DELIVRD", "000")])


async def test_a_file_is_sent_once_on_its_schedule_and_for_handsets_that_are_there(start: Any, database: Any) -> None:
    plans = [
        Planned(NUMBER, "777", "now"),
        Planned(NUMBER, "777", "tick", after=MINUTE, every=HOUR, times=3),
        Planned("+70000000077", "777", "from nobody"),
    ]
    center = await start(database)
    peer = center.bind()
    assert await center.smsc.play(plans) == ["+70000000077"]
    await center.turn(2 * HOUR)
    assert [pdu.short_message for pdu in peer.delivered] == [b"now", b"tick", b"tick"]
    await center.smsc.close()
    again = await start(database)
    peer = again.bind()
    assert await again.smsc.play(plans) == []
    await again.turn(3 * HOUR)
    assert [pdu.short_message for pdu in peer.delivered] == [b"tick"]


async def test_a_long_text_of_a_file_goes_in_segments(center: Any) -> None:
    peer = center.bind()
    await center.smsc.play([Planned(NUMBER, "777", "x" * 200)])
    await center.settle()
    assert [pdu.esm_class for pdu in peer.delivered] == [0x40, 0x40]
