"""How a caller is shown: as transit spells him, or not at all."""

from typing import Any

import pytest

from smsc_emulator.base.msisdn import DialPlan, from_dialled
from smsc_emulator.handsets.voice import Voice
from smsc_emulator.voice.exchange import Dialling
from smsc_emulator.voice.settings import VoiceSettings
from smsc_emulator.voice.spelling import spell

ALICE, BOB, ACCESS, CALLER = "+70000000001", "+70000000002", "+70002000001", "+70001001234"
SPELLED = {
    "keep": CALLER,
    "plus": "+70001001234",
    "digits": "70001001234",
    "00": "0070001001234",
    "8": "80001001234",
    "national": "0001001234",
    "withheld": None,
}


@pytest.mark.parametrize(("spelling", "shown"), SPELLED.items())
async def test_the_switch_spells_callers(make_switch: Any, spelling: Any, shown: str | None) -> None:
    world = await make_switch(VoiceSettings(transit=spelling))
    world.incoming()
    await world.settled()
    assert (await world.last()).shown == shown


@pytest.mark.parametrize("spelling", [one for one in SPELLED if one != "withheld"])
def test_every_spelling_can_be_read_back(spelling: Any) -> None:
    plan = DialPlan()
    assert from_dialled(spell(CALLER, spelling, plan) or "", plan) == CALLER


@pytest.mark.parametrize(
    ("spelling", "spelled"), [("8", "0099912345678"), ("national", "0099912345678"), ("digits", "99912345678")]
)
def test_a_foreign_number_has_no_national_form(spelling: Any, spelled: str) -> None:
    assert spell("+99912345678", spelling, DialPlan()) == spelled


def test_a_caller_who_is_no_number_is_left_as_he_is() -> None:
    assert spell("bank", "national", DialPlan()) == "bank"


async def test_a_handsets_own_transit_goes_before_the_switchs(make_switch: Any) -> None:
    world = await make_switch(VoiceSettings(transit="00"))
    await world.switch.set_voice(ALICE, Voice(transit="national"))
    world.incoming()
    world.incoming(BOB)
    await world.settled()
    assert [(await world.last(number)).shown for number in (ALICE, BOB)] == ["0001001234", "0070001001234"]


async def test_transit_spells_the_caller_on_his_way_out_too(make_switch: Any) -> None:
    world = await make_switch()
    await world.switch.set_voice(ALICE, Voice(transit="8"))
    await world.switch.call_from(ALICE, Dialling(ACCESS))
    invitation = (await world.settled())[0][3]
    assert (invitation.caller, invitation.asserted) == ("80000000001", ALICE)


async def test_a_private_caller_is_not_shown(make_switch: Any) -> None:
    world = await make_switch()
    world.incoming(private=True)
    world.incoming(caller="anonymous", asserted=CALLER)
    await world.settled()
    assert [call.shown for call in await world.switch.calls(ALICE)] == [None, None]
