"""Each fault as an ESME meets it, over a real socket."""

import asyncio
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from smsc_emulator.core.faults.registry import REGISTRY, AnyFault
from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus, MessageState, Tag
from smsc_emulator.smpp.pdus import BindTransceiver, DeliverSmResp, EnquireLink, Pdu, SubmitSm

NUMBER = "+70000000001"
Answer = tuple[int, int, int, bytes]


class Peer:
    """An ESME that sees octets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, pdu: Pdu, number: int) -> None:
        pdu.sequence_number = number
        self.writer.write(encode(pdu))

    def submit(self, number: int, text: bytes = b"hi", to: str = NUMBER, **more: Any) -> None:
        self.send(SubmitSm(destination_addr=to[1:], short_message=text, **more), number)

    async def octets(self, count: int) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readexactly(count)

    async def answer(self) -> Answer:
        """Return command_id, command_status, sequence_number and body of the next PDU."""
        (length,) = struct.unpack(">I", await self.octets(4))
        rest = await self.octets(length - 4)
        command_id, status, number = struct.unpack_from(">III", rest)
        return command_id, status, number, rest[12:]

    async def receipt(self) -> bytes:
        """Return the body of the next deliver_sm, acknowledged."""
        command_id, _, number, body = await self.answer()
        assert command_id == CommandId.DELIVER_SM
        self.send(DeliverSmResp(), number)
        return body

    async def nothing_more(self) -> None:
        """Show that nothing has come before the answer to an enquire_link."""
        self.send(EnquireLink(), 0x7000_0000)
        assert (await self.answer())[:3] == (CommandId.ENQUIRE_LINK_RESP, 0, 0x7000_0000)

    async def rest(self) -> bytes:
        """Return what comes until the connection ends."""
        async with asyncio.timeout(5):
            return await self.reader.read()


async def bound(lab: Any, system_id: str = "alice") -> Peer:
    peer = Peer(*await lab.connect())
    peer.send(BindTransceiver(system_id=system_id, password="secret", interface_version=0x34), 1)
    assert (await peer.answer())[:2] == (CommandId.BIND_TRANSCEIVER_RESP, 0)
    return peer


def rule(fault: str, when: dict[str, Any] | None = None, **keys: Any) -> Any:
    return TypeAdapter(AnyFault).validate_python({"fault": fault, "when": when or {}, **keys})


def texts(lab: Any) -> list[str]:
    return [message.text for message in lab.smsc.handset_messages(NUMBER)]


async def turn(lab: Any, millis: int) -> None:
    """Turn the lab clock, with the retries of delivery on the way."""
    lab.clock.move_to(lab.clock.now() + millis)
    await lab.smsc.delivery.fire(lab.clock.now())


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


# Receipts.


async def test_lost_receipt_never_comes(lab: Any) -> None:
    lab.smsc.faults.add(rule("lost_receipt", {"times": 1}))
    peer = await bound(lab)
    peer.submit(2, b"one", registered_delivery=1)
    await peer.answer()
    peer.submit(3, b"two", registered_delivery=1)
    await peer.answer()
    assert b"text:two" in await peer.receipt()
    await peer.nothing_more()


async def test_duplicate_receipt_comes_again_by_the_lab_clock(lab: Any) -> None:
    lab.smsc.faults.add(rule("duplicate_receipt", after="10m"))
    peer = await bound(lab)
    peer.submit(2, registered_delivery=1)
    await peer.answer()
    first = await peer.receipt()
    await peer.nothing_more()
    await turn(lab, 600_000)
    assert await peer.receipt() == first
    await peer.nothing_more()


async def test_receipt_storm_comes_as_fast_as_the_window_lets_it(lab: Any) -> None:
    lab.smsc.faults.add(rule("receipt_storm", copies=250))
    peer = await bound(lab)
    peer.submit(2, registered_delivery=1)
    await peer.answer()
    assert len({await peer.receipt() for _ in range(250)}) == 1
    await peer.nothing_more()


async def test_early_receipt_overtakes_its_answer(lab: Any) -> None:
    lab.smsc.faults.add(rule("early_receipt"))
    peer = await bound(lab)
    peer.submit(2, registered_delivery=1)
    receipt = await peer.receipt()
    command_id, _, _, body = await peer.answer()
    assert command_id == CommandId.SUBMIT_SM_RESP
    assert b"id:" + body.rstrip(b"\0") in receipt


async def test_late_receipt_waits_for_the_lab_clock(lab: Any) -> None:
    lab.smsc.faults.add(rule("late_receipt", delay="2h"))
    peer = await bound(lab)
    peer.submit(2, registered_delivery=1)
    await peer.answer()
    await turn(lab, 7_199_999)
    await peer.nothing_more()
    await turn(lab, 1)
    assert b"stat:DELIVRD" in await peer.receipt()


async def test_wrong_receipt_id_names_a_message_that_nobody_sent(lab: Any) -> None:
    lab.smsc.faults.add(rule("wrong_receipt_id", {"times": 1}))
    lab.smsc.faults.add(rule("wrong_receipt_id", {"nth": 2}, message_id="0"))
    esme = await lab.bind()
    for told in (None, b"0"):
        answer = await esme.submit(registered_delivery=1)
        receipt = await esme.next()
        named = receipt.tlv(Tag.RECEIPTED_MESSAGE_ID).rstrip(b"\0")
        assert receipt.short_message.startswith(b"id:" + named + b" sub:001")
        assert named != answer.message_id.encode()
        assert named == told if told else len(named) == len(answer.message_id)


async def test_other_bind_avoids_the_one_that_the_message_came_by(lab: Any) -> None:
    lab.smsc.faults.add(rule("other_bind"))
    sender, other = await bound(lab), await bound(lab)
    for number in range(2, 8):
        sender.submit(number, registered_delivery=1)
        await sender.answer()
        assert b"stat:DELIVRD" in await other.receipt()
    await sender.nothing_more()


async def test_other_bind_can_be_another_account(lab: Any) -> None:
    lab.smsc.faults.add(rule("other_bind", account="bob"))
    sender, stranger = await bound(lab), await bound(lab, "bob")
    sender.submit(2, registered_delivery=1)
    await sender.answer()
    assert b"stat:DELIVRD" in await stranger.receipt()
    await sender.nothing_more()


async def test_reordered_receipts_come_after_the_next_one(lab: Any) -> None:
    lab.smsc.faults.add(rule("reordered_receipts", {"text": "one"}))
    peer = await bound(lab)
    for number, text in ((2, b"one"), (3, b"two"), (4, b"one")):
        peer.submit(number, text, registered_delivery=1)
        await peer.answer()
        if number == 3:
            assert [(await peer.receipt()).count(b"text:two") for _ in range(2)] == [1, 0]
    await peer.nothing_more()
    await turn(lab, 60_000)
    assert b"text:one" in await peer.receipt()
    await turn(lab, 60_000)
    await peer.nothing_more()


async def test_late_intermediate_follows_the_final_receipt(lab: Any) -> None:
    lab.smsc.faults.add(rule("late_intermediate"))
    esme = await lab.bind()
    await esme.submit(registered_delivery=1)
    final, late = await esme.next(), await esme.next()
    assert (final.esm_class, late.esm_class) == (0x04, 0x20)
    assert b"dlvrd:000" in late.short_message
    assert b"stat:ENROUTE" in late.short_message
    assert late.tlv(Tag.MESSAGE_STATE) == bytes([MessageState.ENROUTE])


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
    assert any(name.startswith(f"test_{fault}_") for name in globals())
