"""Two legs joined by the switch: what one side does is told to the other, with its status and its cause."""

from typing import Any

import pytest

from smsc_emulator.base.durations import SECOND
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.handsets.voice import CallBehaviour, Voice
from smsc_emulator.sip.calls import Invitation, Peer
from smsc_emulator.voice.errors import HandsetCannotCallError, NoLineError
from smsc_emulator.voice.exchange import Dialling
from smsc_emulator.voice.routing import Trunk
from smsc_emulator.voice.settings import PhoneSettings, TrunkSettings, VoiceSettings

ALICE, PHONE, AWAY = "+70000000001", "+70000000050", "+70000000051"
ACCESS, CALLER = "+70002000001", "+70001001234"
GATEWAY, SOFTPHONE, OTHER = Peer("127.0.0.1", 15060), Peer("127.0.0.5", 5070, "tcp"), Peer("127.0.0.6", 5060)
SETTINGS = VoiceSettings(
    phones=[
        PhoneSettings(phone_number=PHONE, contact="sip:bob@127.0.0.5:5070;transport=tcp"),
        PhoneSettings(phone_number=AWAY),
    ],
    trunks=[TrunkSettings(name="other", host="127.0.0.6", numbers=["+7999"])],
)


@pytest.fixture
async def world(make_switch: Any) -> Any:
    return await make_switch(SETTINGS)


async def invited(world: Any) -> tuple[str, Peer, Invitation]:
    """Return the leg, the peer and the invitation of the one call that the switch has made."""
    acts = [act for act in await world.settled() if act[0] == "invite"]
    assert len(acts) == 1
    return acts[0][1:]


async def test_a_call_to_a_sip_phone_goes_to_its_contact(world: Any) -> None:
    world.incoming(PHONE)
    _leg, peer, invitation = await invited(world)
    assert peer == SOFTPHONE
    assert (invitation.called, invitation.caller, invitation.asserted) == ("bob", CALLER, CALLER)


async def test_progress_the_answer_and_the_end_are_passed_on(world: Any) -> None:
    leg = world.incoming(PHONE)
    out, _, _ = await invited(world)
    world.progress(out, 183, early_media=True)
    world.progress(out, 180)
    world.answered(out)
    assert await world.settled() == [("progress", leg, 183, True), ("progress", leg, 180, False), ("answer", leg)]
    world.ended(out, 200, 16, answered=True)
    assert await world.settled() == [("end", leg, 200, 16)]
    assert world.events(PHONE) == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert (await world.last(PHONE)).outcome == "answered"


@pytest.mark.parametrize(
    ("status", "cause", "outcome"),
    [(486, 17, "busy"), (603, None, "rejected"), (404, 1, "nobody"), (503, 42, "congested"), (499, None, "failed")],
)
async def test_a_refusal_is_passed_on_with_its_cause(world: Any, status: int, cause: int | None, outcome: str) -> None:
    leg = world.incoming(PHONE)
    out, _, _ = await invited(world)
    world.ended(out, status, cause)
    assert await world.settled() == [("end", leg, status, cause)]
    assert (await world.last(PHONE)).outcome == outcome


async def test_a_caller_who_gives_up_cancels_the_other_leg(world: Any) -> None:
    leg = world.incoming(PHONE)
    out, _, _ = await invited(world)
    world.progress(out, 180)
    world.ended(leg, 487, None)
    assert [act for act in await world.settled() if act[0] == "end"] == [("end", out, 487, 16)]
    assert (await world.last(PHONE)).outcome == "cancelled"


async def test_a_phone_that_rings_too_long_is_given_up(world: Any) -> None:
    leg = world.incoming(PHONE)
    out, _, _ = await invited(world)
    world.progress(out, 180)
    await world.settled()
    assert await world.advance(60 * SECOND) == [("end", leg, 480, 19), ("end", out, 480, 19)]
    assert (await world.last(PHONE)).outcome == "no_answer"


async def test_a_call_that_was_answered_lasts_as_long_as_its_parties_like(world: Any) -> None:
    world.incoming(PHONE)
    out, _, _ = await invited(world)
    world.answered(out)
    await world.settled()
    assert await world.advance(3600 * SECOND) == []
    assert (await world.last(PHONE)).state == "answered"


async def test_a_call_that_is_over_leaves_nothing_to_be_done(world: Any) -> None:
    leg = world.incoming(PHONE)
    out, _, _ = await invited(world)
    world.ended(out, 486, 17)
    await world.switch.call_from(ALICE, Dialling(ACCESS, hang_up_after=5 * SECOND))
    out, _, _ = await invited(world)
    assert await world.switch.next_due() is not None
    world.ended(out, 486, 17)
    assert await world.switch.next_due() is None
    assert leg != out


async def test_a_phone_that_has_not_registered_is_unreachable(world: Any) -> None:
    leg = world.incoming(AWAY)
    assert await world.settled() == [("end", leg, 480, 20)]
    assert (await world.last(AWAY)).outcome == "unreachable"


async def test_the_longest_beginning_of_a_number_chooses_the_trunk(world: Any) -> None:
    world.switch.add_trunk(Trunk("near", Peer("127.0.0.7", 5060), ("+79990",)))
    world.incoming("+79991000000")
    assert (await invited(world))[1] == OTHER
    world.incoming("8 999 000-00-00")
    _, peer, invitation = await invited(world)
    assert (peer.host, invitation.called) == ("127.0.0.7", "+79990000000")


async def test_what_a_trusted_trunk_asserts_counts_and_what_others_assert_does_not(world: Any) -> None:
    world.incoming(ACCESS, "+70000000077", peer=OTHER, asserted="+70000000077")
    _, peer, invitation = await invited(world)
    assert (peer, invitation.caller, invitation.asserted) == (GATEWAY, "+70000000077", None)
    world.incoming(PHONE, CALLER, asserted="+70001009999")
    assert (await invited(world))[2].asserted == "+70001009999"


async def test_a_phone_is_known_by_where_it_calls_from_and_the_switch_vouches_for_its_number(world: Any) -> None:
    world.incoming(ACCESS, "+70000000001", peer=SOFTPHONE, asserted="+70000000001")
    _, _, invitation = await invited(world)
    assert (invitation.caller, invitation.asserted) == ("+70000000001", PHONE)
    assert (await world.last(PHONE)).direction == "out"


async def test_a_withheld_caller_is_asserted_to_those_who_are_trusted_alone(world: Any) -> None:
    world.incoming(ACCESS, PHONE, peer=SOFTPHONE, private=True)
    _, _, invitation = await invited(world)
    assert (invitation.caller, invitation.private, invitation.asserted) == ("anonymous", True, PHONE)
    world.incoming(PHONE, CALLER, private=True, display_name="Somebody")
    _, _, invitation = await invited(world)
    assert (invitation.caller, invitation.asserted, invitation.display_name) == ("anonymous", None, "")


async def test_an_act_that_fails_ends_the_call_on_the_other_side(world: Any) -> None:
    leg = world.incoming(PHONE)
    world.control.failure = OSError("no way")
    await world.settled()
    world.control.failure = None
    assert (await world.last(PHONE)).outcome == "congested"
    world.ended(leg)
    assert await world.settled() == []


# Calls that handsets make.


async def test_a_handsets_call_is_asserted_by_its_network(world: Any) -> None:
    call = await world.switch.call_from(ALICE, Dialling(ACCESS))
    out, peer, invitation = await invited(world)
    assert (peer, invitation.called) == (GATEWAY, ACCESS)
    assert (invitation.caller, invitation.asserted, invitation.private) == (ALICE, ALICE, False)
    world.ended(out, 486, 17)
    await world.settled()
    ended = await world.switch.call(ALICE, call.id)
    assert (ended.direction, ended.outcome, ended.cause, ended.rang_at) == ("out", "busy", 17, None)


async def test_a_spoofed_caller_still_has_his_true_number_asserted(world: Any) -> None:
    await world.switch.call_from(ALICE, Dialling(ACCESS, shown=PHONE))
    invitation = (await invited(world))[2]
    assert (invitation.caller, invitation.asserted) == (PHONE, ALICE)


async def test_a_handset_withholds_its_number(world: Any) -> None:
    await world.switch.call_from(ALICE, Dialling(ACCESS, withheld=True))
    invitation = (await invited(world))[2]
    assert (invitation.caller, invitation.private, invitation.asserted) == ("anonymous", True, ALICE)


async def test_a_network_may_vouch_for_nobody(world: Any) -> None:
    await world.switch.call_from(ALICE, Dialling(ACCESS, asserted=False))
    assert (await invited(world))[2].asserted is None


async def test_a_handset_hangs_up_by_itself(world: Any) -> None:
    await world.switch.call_from(ALICE, Dialling(ACCESS, hang_up_after=5 * SECOND))
    out, _, _ = await invited(world)
    world.progress(out, 180)
    await world.settled()
    assert await world.advance(5 * SECOND) == [("end", out, 487, 16)]
    assert (await world.last(ALICE)).outcome == "cancelled"


@pytest.mark.parametrize("state", [HandsetState.OFF, HandsetState.OUT_OF_COVERAGE])
async def test_a_handset_without_a_network_cannot_call(world: Any, state: HandsetState) -> None:
    world.handsets[ALICE].state = state
    with pytest.raises(HandsetCannotCallError):
        await world.switch.call_from(ALICE, Dialling(ACCESS))
    assert await world.settled() == []


async def test_only_a_handset_can_be_called_from(world: Any) -> None:
    with pytest.raises(NoLineError):
        await world.switch.call_from("+70009999999", Dialling(ACCESS))


async def test_a_handset_forwards_to_a_phone(world: Any) -> None:
    await world.switch.set_voice(ALICE, Voice(CallBehaviour.FORWARDED, forward_to=PHONE))
    leg = world.incoming(ALICE)
    acts = await world.settled()
    assert [act[0] for act in acts] == ["progress", "invite"]
    world.progress(acts[1][1], 180)
    assert await world.settled() == [("progress", leg, 180, False)]
    assert (await world.last(PHONE)).rang_at is not None
