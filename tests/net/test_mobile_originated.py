from typing import Any

import pytest

from smsc_emulator.core.smsc import NoSuchHandsetError
from smsc_emulator.smpp import segments

NUMBER = "+70000000001"


def text_of(*pdus: Any) -> str:
    parts = segments.Reassembler()
    for pdu in pdus:
        part = segments.read_part(pdu.short_message, pdu.esm_class, pdu.data_coding, pdu.tlvs)
        text = parts.add(pdu.source_addr, pdu.destination_addr, part).text
    assert text is not None
    return text


async def test_a_message_from_a_handset_goes_to_the_account_that_serves_its_number(lab: Any) -> None:
    alice, bob = await lab.bind("alice"), await lab.bind("bob")
    await lab.smsc.send_from_handset(NUMBER, "1234", "to bob")
    await lab.smsc.send_from_handset(NUMBER, "+70000000055", "to anybody")
    served, unserved = await bob.next(), await alice.next()
    assert (served.source_addr, served.source_addr_ton, served.source_addr_npi) == (NUMBER[1:], 1, 1)
    assert (served.destination_addr, served.dest_addr_ton, text_of(served)) == ("1234", 0, "to bob")
    assert (unserved.destination_addr, unserved.dest_addr_ton, text_of(unserved)) == ("70000000055", 1, "to anybody")
    assert alice.delivered.empty()
    assert bob.delivered.empty()


async def test_what_nobody_serves_waits_for_a_receiver_that_takes_it(lab: Any) -> None:
    await lab.bind("bob")
    await lab.bind("alice", kind="tx")
    await lab.smsc.send_from_handset(NUMBER, "777", "anybody there?")
    receiver = await lab.bind("alice", kind="rx")
    assert text_of(await receiver.next()) == "anybody there?"


async def test_a_long_text_goes_in_segments(lab: Any) -> None:
    alice = await lab.bind("alice")
    text = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 4
    await lab.smsc.send_from_handset(NUMBER, "777", text)
    parts = [await alice.next() for _ in range(4)]
    assert text_of(*reversed(parts)) == text


async def test_a_message_between_esmes_is_reported_when_the_other_has_acknowledged_it(lab: Any) -> None:
    alice, bob = await lab.bind("alice"), await lab.bind("bob")
    await alice.submit(b"for bob", to="1234", registered_delivery=1)
    assert (await bob.next()).short_message == b"for bob"
    assert b"stat:DELIVRD" in (await alice.next()).short_message


async def test_a_message_that_the_other_esme_rejects_is_undeliverable(lab: Any) -> None:
    alice, bob = await lab.bind("alice"), await lab.bind("bob")
    bob.statuses.append(0x66)
    await alice.submit(b"for bob", to="1234", registered_delivery=1)
    assert b"stat:UNDELIV err:102" in (await alice.next()).short_message


async def test_only_a_handset_can_send(lab: Any) -> None:
    with pytest.raises(NoSuchHandsetError, match="`subscribers` and `handsets`"):
        await lab.smsc.send_from_handset("+70000000077", "1234", "hello")
