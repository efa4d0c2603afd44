"""A message that its handset takes at once comes out as one that goes the long way."""

from dataclasses import fields
from typing import Any

import pytest

from smsc_emulator.core.message import Message
from smsc_emulator.handsets.handset import Changed
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.smpp.pdus import Tlv

ROOMY = 10_000
"""A memory size sends each message the long way, and so many texts never fill it."""

MESSAGES: dict[str, dict[str, Any]] = {
    "plain": {},
    "receipt": {"registered_delivery": 1},
    "failures alone": {"registered_delivery": 2},
    "intermediate": {"registered_delivery": 0x11},
    "success in 5.0": {"registered_delivery": 3},
    "class 0": {"data_coding": 0x10, "registered_delivery": 1},
    "UCS-2": {"data_coding": 8, "text": "привет".encode("utf-16-be"), "registered_delivery": 1},
    "segment": {"esm_class": 0x40, "text": b"\5\0\3\7\2\1hello", "registered_delivery": 1},
    "payload": {"text": b"", "tlvs": [Tlv(0x0424, b"hello")], "registered_delivery": 1},
    "datagram": {"esm_class": 1, "registered_delivery": 1},
}


def told(message: Message) -> dict[str, Any]:
    return {each.name: getattr(message, each.name) for each in fields(message)}


async def story(center: Any, memory: int | None, version: int, message: dict[str, Any]) -> tuple[Any, ...]:
    """Submit one message to a handset; return all that comes of it but the numbers, which go on."""
    await center.smsc.change_handset(center.handset.number, Changed(HandsetState.ON, memory))
    peer = center.bind(version=version)
    after = center.journal.next_seq - 1
    message_id = await center.submit(peer, **message)
    known = told(center.message(message_id))
    number = known.pop("id")
    assert known.pop("message_id") == message_id
    events = [(e.at, e.type, e.subject == message_id, e.data.get("to")) for e in center.journal.since(after, 100)]
    delivered = [(pdu.esm_class, pdu.short_message.replace(message_id.encode(), b"")) for pdu in peer.delivered]
    inbox = [(text.id - number, text.text, text.message_class, text.received_at) for text in center.handset.inbox]
    center.handset.delete(number)
    center.smsc.unbound(peer, peer.account)
    return known, events, delivered, inbox


@pytest.mark.parametrize("version", [0x34, 0x50])
@pytest.mark.parametrize("name", MESSAGES)
async def test_what_is_delivered_at_once_is_what_the_long_way_makes_of_it(center: Any, name: str, version: int) -> None:
    at_once = await story(center, None, version, MESSAGES[name])
    long = await story(center, ROOMY, version, MESSAGES[name])
    assert at_once == long
    assert at_once[0]["final_at"] == center.clock.now()


async def test_a_submitted_message_is_found_and_forgotten_with_the_others_of_its_id(center: Any) -> None:
    waiting, alice = center.smsc.life.waiting, center.bind()
    first = center.message(await center.submit(alice))
    second = center.message(await center.submit(alice))
    second.message_id = first.message_id
    waiting.remember(second)
    assert waiting.get(first.message_id) == (first, second)
    waiting.forget(first)
    assert waiting.get(first.message_id) == (second,)
    waiting.forget(second)
    assert waiting.get(first.message_id) == ()
