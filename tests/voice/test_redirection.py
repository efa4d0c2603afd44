"""Phones that forward by a 3xx, and demands of a peer that are none of the caller's business."""

from typing import Any

import pytest

from smsc_emulator.sip.calls import Peer
from smsc_emulator.voice.calls import LONGEST_CALL
from smsc_emulator.voice.exchange import MOST_FORWARDS
from smsc_emulator.voice.settings import PhoneSettings, TrunkSettings, VoiceSettings

ALICE, DESK, CARRIER = "+70000000001", "+70000000050", Peer("192.0.2.6", 5060)


@pytest.fixture
async def world(make_switch: Any) -> Any:
    phone = PhoneSettings(phone_number=DESK, contact="sip:desk@192.0.2.5")
    trunk = TrunkSettings(name="carrier", host=CARRIER.host, numbers=["+7999"])
    return await make_switch(VoiceSettings(phones=[phone], trunks=[trunk]))


async def test_a_phone_that_answers_302_has_the_call_forwarded(world: Any) -> None:
    leg = world.incoming(DESK)
    await world.settled()
    world.ended("out-1", 302, moved_to="80000000001")
    assert await world.settled() == [("progress", leg, 181, False), ("progress", leg, 180, False)]
    (first,) = await world.switch.calls(DESK)
    (second,) = await world.switch.calls(ALICE)
    assert (first.outcome, first.status) == ("forwarded", 302)
    assert (second.shown, second.rang_at is not None) == ("+70001001234", True)


async def test_a_phone_may_forward_to_what_is_behind_a_trunk(world: Any) -> None:
    world.incoming(DESK)
    await world.settled()
    world.ended("out-1", 301, moved_to="+79990000001")
    *_, (verb, _, peer, invitation) = await world.settled()
    assert (verb, peer, invitation.called) == ("invite", CARRIER, "+79990000001")


async def test_a_phone_that_forwards_to_itself_ends_the_call(world: Any) -> None:
    leg = world.incoming(DESK)
    for turn in range(1, MOST_FORWARDS + 2):
        await world.settled()
        world.ended(f"out-{turn}", 302, moved_to=DESK)
    assert (await world.settled())[-1] == ("end", leg, 483, 25)
    assert len(await world.switch.calls(DESK)) == MOST_FORWARDS + 1


async def test_a_phone_that_forwards_to_nobody_is_nobody(world: Any) -> None:
    leg = world.incoming(DESK)
    await world.settled()
    world.ended("out-1", 302, moved_to="voicemail")
    assert (await world.settled())[-1] == ("end", leg, 404, 1)


@pytest.mark.parametrize("status", [300, 302, 380, 401, 407, 420])
@pytest.mark.parametrize("called", [DESK, "+79990000001"])
async def test_what_a_peer_demands_of_the_switch_is_not_passed_on(world: Any, status: int, called: str) -> None:
    leg = world.incoming(called)
    await world.settled()
    world.ended("out-1", status)
    assert await world.settled() == [("end", leg, 500, 41)]
    if called == DESK:
        (call,) = await world.switch.calls(DESK)
        assert call.status == status


async def test_a_redirection_by_a_trunk_is_not_followed(world: Any) -> None:
    leg = world.incoming("+79990000001")
    await world.settled()
    world.ended("out-1", 302, moved_to=ALICE)
    assert await world.settled() == [("end", leg, 500, 41)]


async def test_a_call_whose_parties_are_gone_for_good_is_ended(world: Any) -> None:
    leg = world.incoming(DESK)
    await world.settled()
    world.answered("out-1")
    await world.settled()
    assert await world.advance(LONGEST_CALL - 1) == []
    assert {act[1] for act in await world.advance(1)} == {leg, "out-1"}
    (call,) = await world.switch.calls(DESK)
    assert call.ended_at is not None
