"""Each fault as an ESME meets it, over a real socket."""

import asyncio
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from octets import Peer, bound, rule, texts

from smsc_emulator.core.faults.registry import REGISTRY
from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.smpp.constants import CommandId, CommandStatus
from smsc_emulator.smpp.pdus import BindTransceiver, EnquireLink

# The answer.


async def test_status_refuses_what_fits_and_nothing_else(lab: Any) -> None:
    lab.smsc.faults.add(rule("status", {"destination": "+7000", "every": 2}, status="ESME_RTHROTTLED"))
    peer = await bound(lab)
    for number in range(2, 6):
        peer.submit(number, b"%d" % number)
    peer.submit(6, to="+79990000000")
    answers = {number: status for _, status, number, _ in [await peer.answer() for _ in range(5)]}
    throttled = CommandStatus.ESME_RTHROTTLED
    assert answers == {2: 0, 3: throttled, 4: 0, 5: throttled, 6: 0}
    assert texts(lab) == ["2", "4"]


async def test_status_can_be_a_lie_about_an_accepted_message(lab: Any) -> None:
    lab.smsc.faults.add(rule("status", status="0x428", accepted=True))
    peer = await bound(lab)
    peer.submit(2)
    assert await peer.answer() == (CommandId.SUBMIT_SM_RESP, 0x428, 2, b"")
    assert texts(lab) == ["hi"]


async def test_status_refuses_binds_and_enquire_link_where_the_rule_says_so(lab: Any) -> None:
    lab.smsc.faults.add(rule("status", {"command": "bind_transceiver", "times": 1}, status="ESME_RBINDFAIL"))
    lab.smsc.faults.add(rule("status", {"command": "enquire_link"}, status="ESME_RSYSERR"))
    peer = Peer(*await lab.connect())
    for number, status in ((1, CommandStatus.ESME_RBINDFAIL), (2, 0)):
        peer.send(BindTransceiver(system_id="alice", password="secret"), number)
        assert (await peer.answer())[:3] == (CommandId.BIND_TRANSCEIVER_RESP, status, number)
    peer.send(EnquireLink(), 3)
    assert await peer.answer() == (CommandId.ENQUIRE_LINK_RESP, CommandStatus.ESME_RSYSERR, 3, b"")


async def test_latency_delays_one_answer_while_others_come(lab: Any) -> None:
    lab.smsc.faults.add(rule("latency", {"text": "slow*"}, delay="100ms"))
    peer = await bound(lab)
    peer.submit(2, b"Slowly")
    peer.submit(3, b"fast")
    peer.send(EnquireLink(), 4)
    answered = [(await peer.answer())[2] for _ in range(3)]
    assert answered[-1] == 2
    assert texts(lab) == ["fast", "Slowly"]


async def test_silence_accepts_and_says_nothing(lab: Any) -> None:
    lab.smsc.faults.add(rule("silence", {"nth": 2}))
    peer = await bound(lab)
    for number in (2, 3, 4):
        peer.submit(number, b"%d" % number)
    assert [(await peer.answer())[2] for _ in range(2)] == [2, 4]
    await peer.nothing_more()
    assert texts(lab) == ["2", "3", "4"]


async def test_wrong_sequence_answers_another_number(lab: Any) -> None:
    lab.smsc.faults.add(rule("wrong_sequence", by=5))
    peer = await bound(lab)
    peer.submit(2)
    assert (await peer.answer())[:3] == (CommandId.SUBMIT_SM_RESP, 0, 7)


async def test_wrong_response_answers_by_another_operation(lab: Any) -> None:
    lab.smsc.faults.add(rule("wrong_response", response="deliver_sm_resp"))
    peer = await bound(lab)
    peer.submit(2)
    assert (await peer.answer())[:3] == (CommandId.DELIVER_SM_RESP, 0, 2)


async def test_duplicate_answer_comes_so_many_times(lab: Any) -> None:
    lab.smsc.faults.add(rule("duplicate_answer", copies=3))
    peer = await bound(lab)
    peer.submit(2)
    first, *others = [await peer.answer() for _ in range(3)]
    assert others == [first, first]
    await peer.nothing_more()
    assert texts(lab) == ["hi"]


# The link.


@pytest.mark.parametrize(("at", "accepted", "octets"), [("request", 0, 0), ("answer", 1, 0), ("after", 1, 27)])
async def test_drop_ends_the_connection_at_its_moment(lab: Any, at: str, accepted: int, octets: int) -> None:
    lab.smsc.faults.add(rule("drop", at=at))
    peer = await bound(lab)
    peer.submit(2)
    assert len(await peer.rest()) == octets
    await lab.happened("smpp.unbound")
    assert len(texts(lab)) == accepted


async def test_drop_can_be_a_reset(lab: Any) -> None:
    lab.smsc.faults.add(rule("drop", reset=True))
    peer = await bound(lab)
    peer.submit(2)
    with pytest.raises(ConnectionResetError):
        await peer.rest()


async def test_half_open_links_accept_and_then_neither_answer_nor_close(start_lab: Any) -> None:
    lab = await start_lab(enquire_link_interval=100, response_timeout=100)
    lab.smsc.faults.add(rule("half_open", {"text": "*"}))
    peer = await bound(lab)
    peer.submit(2)
    await lab.happened("smpp.unbound")  # the SMSC's own enquire_link was not answered
    assert texts(lab) == ["hi"]
    peer.send(EnquireLink(), 3)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await peer.reader.read(1)
    lab.smsc.faults.clear()
    with pytest.raises(ConnectionResetError):
        await peer.rest()


async def test_half_open_links_are_reset_after_their_time(lab: Any) -> None:
    lab.smsc.faults.add(rule("half_open", {"command": "enquire_link"}, lasts="50ms"))
    peer = await bound(lab)
    peer.send(EnquireLink(), 2)
    assert await peer.rest() == b""


async def test_slow_writes_come_a_few_octets_at_a_time(lab: Any) -> None:
    lab.smsc.faults.add(rule("slow_writes", octets=5, pause="20ms"))
    peer = await bound(lab)
    peer.submit(2)
    chunks = list[bytes]()
    async with asyncio.timeout(5):
        while len(b"".join(chunks)) < 27:
            chunks.append(await peer.reader.read(100))
    assert [len(chunk) for chunk in chunks] == [5, 5, 5, 5, 5, 2]
    lab.smsc.faults.clear()
    await peer.nothing_more()


async def test_slow_writes_do_not_lose_the_end(lab: Any) -> None:
    lab.smsc.faults.add(rule("slow_writes", octets=4, pause="5ms"))
    esme = await lab.bind()
    await esme.submit(registered_delivery=1)
    assert b"stat:DELIVRD" in (await esme.next()).short_message
    await esme.client.close()
    await lab.happened("smpp.unbound")


async def test_one_octet_writes_are_segments_of_their_own(lab: Any) -> None:
    lab.smsc.faults.add(rule("one_octet_writes"))
    peer = await bound(lab)
    peer.submit(2)
    async with asyncio.timeout(5):
        assert len(await peer.reader.read(100)) == 1
    assert len(await peer.octets(26)) == 26


async def test_bad_length_says_what_the_rule_wants(lab: Any) -> None:
    lab.smsc.faults.add(rule("bad_length", length=7))
    peer = await bound(lab)
    peer.submit(2)
    assert struct.unpack(">IIII", await peer.octets(16)) == (7, CommandId.SUBMIT_SM_RESP, 0, 2)


@pytest.mark.parametrize(("framed", "length"), [(True, 24), (False, 27)])
async def test_truncated_answers_lack_their_end(lab: Any, framed: bool, length: int) -> None:
    lab.smsc.faults.add(rule("truncated", octets=3, framed=framed))
    peer = await bound(lab)
    peer.submit(2)
    assert struct.unpack(">I", (await peer.octets(24))[:4]) == (length,)
    await peer.nothing_more()


async def test_truncated_can_hit_what_the_smsc_sends_itself(lab: Any) -> None:
    lab.smsc.faults.add(rule("truncated", {"command": "deliver_sm", "destination": "4477"}, octets=1, framed=True))
    peer = await bound(lab)
    for number, source in ((2, "4477"), (3, "4488")):
        peer.submit(number, source_addr=source, registered_delivery=1)
    bodies = [body for command_id, _, _, body in [await peer.answer() for _ in range(4)] if command_id == 5]
    assert [body.endswith(b"\x04\x27\x00\x01\x02") for body in bodies] == [False, True]


@pytest.mark.parametrize("before", [False, True])
async def test_garbage_comes_instead_of_the_answer_or_before_it(lab: Any, before: bool) -> None:
    lab.smsc.faults.add(rule("garbage", octets=40, before=before))
    peer = await bound(lab)
    peer.submit(2)
    assert (await peer.octets(40)).startswith(b"\xff\xff\xff\xff")
    if before:
        assert (await peer.answer())[:3] == (CommandId.SUBMIT_SM_RESP, 0, 2)
    await peer.nothing_more()


async def test_faults_of_one_request_add_up_in_the_order_of_their_rules(lab: Any) -> None:
    for each in (
        rule("wrong_sequence", by=1),
        rule("duplicate_answer"),
        rule("garbage", octets=4),
        rule("wrong_response"),
    ):
        lab.smsc.faults.add(each)
    peer = await bound(lab)
    peer.submit(2)
    assert await peer.octets(4) == b"\xff\xff\xff\xff"
    await peer.nothing_more()


# The network.


@pytest.mark.parametrize(
    ("told", "stat"), [("undeliverable", "UNDELIV"), ("rejected", "REJECTD"), ("delivered", "DELIVRD")]
)
async def test_filtered_lets_no_handset_see_what_fits_whatever_the_sender_is_told(
    lab: Any, told: str, stat: str
) -> None:
    lab.smsc.faults.add(rule("filtered", {"text": "*brand*"}, told=told, error=21))
    peer = await bound(lab)
    peer.submit(2, b"brand: 1234", registered_delivery=1)
    assert (await peer.answer())[1] == 0
    receipt = await peer.receipt()
    assert f"stat:{stat} err:".encode() in receipt
    assert (b"err:021" in receipt) is (told != "delivered")
    peer.submit(3, b"another: 1234", registered_delivery=1)
    await peer.answer()
    assert b"stat:DELIVRD" in await peer.receipt()
    handset = lab.smsc.handset("+70000000001")
    assert [message.text for message in handset.inbox] == ["another: 1234"]


# Rules.


async def test_a_run_replays_and_no_account_disturbs_another(start_lab: Any) -> None:
    accounts = [AccountSettings(system_id=name, password="secret", window=100) for name in ("alice", "bob")]
    faults = [rule("status", {"probability": 0.4}, status="ESME_RSYSERR")]

    async def statuses(peer: Peer, numbers: Iterator[int]) -> list[int]:
        found = []
        for number in numbers:
            peer.submit(number)
            found.append((await peer.answer())[1])
        return found

    alone = await start_lab(accounts=accounts, faults=faults)
    expected = await statuses(await bound(alone), iter(range(2, 42)))
    assert 5 < sum(status != 0 for status in expected) < 35
    busy = await start_lab(accounts=accounts, faults=faults)
    peers = [await bound(busy), await bound(busy, "bob")]
    found = await asyncio.gather(*(statuses(peer, iter(range(2, 42))) for peer in peers))
    assert found[0] == expected
    assert found[1] != expected


async def test_each_firing_is_counted_and_told(lab: Any) -> None:
    added = lab.smsc.faults.add(rule("status", {"service_type": "CMT", "data_coding": 8}, status="ESME_RSYSERR"))
    peer = await bound(lab)
    peer.submit(2, service_type="CMT", data_coding=8, text=b"\0h\0i")
    peer.submit(3, service_type="CMT")
    assert [(await peer.answer())[1] for _ in range(2)] == [CommandStatus.ESME_RSYSERR, 0]
    (event,) = lab.journal.since(0, 10, lambda event: event.type == "fault.fired")
    assert event.subject == added.id
    assert event.data == {"fault": "status", "account": "alice", "command": "submit_sm"}
    assert (added.fitted, added.fired) == (1, 1)


async def test_a_link_without_rules_is_as_it_was(lab: Any) -> None:
    peer = await bound(lab)
    lab.smsc.faults.add(rule("silence"))
    peer.submit(2)
    await peer.nothing_more()
    lab.smsc.faults.clear()
    peer.submit(3)
    assert (await peer.answer())[:3] == (CommandId.SUBMIT_SM_RESP, 0, 3)


@pytest.mark.parametrize("fault", REGISTRY)
def test_every_fault_has_a_scenario(fault: str) -> None:
    scenarios = "".join(
        Path(__file__).with_name(name).read_text() for name in ("test_faults.py", "test_receipt_faults.py")
    )
    assert f"\nasync def test_{fault}_" in scenarios
