"""Where phones are that register, refresh, move, sit behind a NAT, and go."""

from itertools import count
from typing import Any

import pytest

from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.registering import Registering
from smsc_emulator.voice.routing import Contact
from smsc_emulator.voice.settings import PhoneSettings, VoiceSettings

PHONE, DESK = "+70000000050", Peer("192.0.2.9", 5062)
numbers = count()


@pytest.fixture
async def world(make_switch: Any) -> Any:
    return await make_switch(VoiceSettings(phones=[PhoneSettings(phone_number=PHONE, username="bob")]))


async def register(world: Any, contact: str | None, *, expires: int = 600, peer: Peer = DESK, nat: bool = False) -> Any:
    """Send a REGISTER; return what it was answered with."""
    name = f"r{next(numbers)}"
    world.switch.on_register(Registering(name, "bob", contact, expires, peer, None, nat))
    for task in list(world.switch._registrar._working):
        await task
    (act,) = await world.settled()
    assert act[1] == name
    return (act[0], *act[2:])


def at(world: Any) -> Contact | None:
    contact: Contact | None = world.switch.routing.phones[PHONE].contact
    return contact


HERE, THERE = "sip:bob@192.0.2.9:5062", "sip:bob@192.0.2.9:5099"


async def test_a_registration_is_refreshed_asked_for_and_taken_away(world: Any) -> None:
    assert await register(world, HERE) == ("accept", HERE, 600)
    assert await register(world, HERE, expires=7200) == ("accept", HERE, 3600)
    verb, contact, left = await register(world, None)
    assert (verb, contact) == ("accept", HERE)
    assert 3590 <= left <= 3600
    assert await register(world, HERE, expires=0) == ("accept", None, 0)
    assert at(world) is None


async def test_all_registrations_are_taken_away_at_once(world: Any) -> None:
    await register(world, HERE)
    assert await register(world, "*", expires=0) == ("accept", None, 0)
    assert at(world) is None


async def test_an_old_place_that_is_taken_away_late_leaves_the_new_one(world: Any) -> None:
    await register(world, HERE)
    await register(world, THERE)
    verb, contact, left = await register(world, HERE, expires=0)
    assert (verb, contact) == ("accept", THERE)
    assert left > 590
    assert at(world) == Contact.parse(THERE)


async def test_a_phone_behind_a_nat_is_called_where_its_register_came_from(world: Any) -> None:
    outside = Peer("198.51.100.1", 40_000)
    await register(world, "sip:bob@10.0.0.2:5060", peer=outside, nat=True)
    assert at(world) == Contact("bob", outside)
    assert await register(world, "sip:bob@10.0.0.2:5060", peer=outside, nat=True, expires=0) == ("accept", None, 0)


async def test_a_phone_that_wants_its_calls_elsewhere_is_believed(world: Any) -> None:
    await register(world, "sip:bob@192.0.2.77:5060")
    assert at(world) == Contact("bob", Peer("192.0.2.77", 5060))


async def test_a_phone_over_tcp_takes_itself_away_over_another_connection(world: Any) -> None:
    await register(world, "sip:bob@192.0.2.9:5060;transport=tcp", peer=Peer("192.0.2.9", 40_001, "tcp"))
    assert at(world) == Contact("bob", Peer("192.0.2.9", 40_001, "tcp"))
    later = Peer("192.0.2.9", 40_002, "tcp")
    assert await register(world, "sip:bob@192.0.2.9:5060;transport=tcp", peer=later, expires=0) == ("accept", None, 0)


async def test_a_contact_that_nobody_can_read_is_refused(world: Any) -> None:
    assert await register(world, "urn:nobody") == ("refuse", 400)
    assert at(world) is None
