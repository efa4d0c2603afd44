"""Each mistake of an ESME as the SMSC sees it, over a real socket."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from pydantic import TypeAdapter

from smsc_emulator.core.conduct import EXAMPLES, KINDS, Severity
from smsc_emulator.core.conduct_report import Report
from smsc_emulator.core.faults.registry import AnyFault
from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import CommandId
from smsc_emulator.smpp.events import Mistake
from smsc_emulator.smpp.pdus import (
    BindTransceiver,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    GenericNack,
    Pdu,
    QuerySmResp,
    SubmitSm,
    Tlv,
    Unbind,
)

NUMBER = "70000000001"
CONCATENATED = b"\x05\x00\x03\x01\x02\x01hi"


class Peer:
    """A badly behaved ESME."""

    def __init__(self, lab: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lab, self.reader, self.writer = lab, reader, writer

    def send(self, pdu: Pdu, number: int, status: int = 0) -> None:
        pdu.sequence_number, pdu.command_status = number, status
        self.writer.write(encode(pdu))

    async def answer(self) -> tuple[int, int, int]:
        """Return command_id, command_status and sequence_number of the next PDU."""
        async with asyncio.timeout(5):
            (length,) = struct.unpack(">I", await self.reader.readexactly(4))
            rest = await self.reader.readexactly(length - 4)
        return struct.unpack_from(">III", rest)

    async def until(self, command_id: int) -> int:
        """Return the number of the next PDU of a kind."""
        while (found := await self.answer())[0] != command_id:
            pass
        return found[2]

    async def submit(self, number: int = 2, **fields: Any) -> None:
        """Submit what is in order but for `fields`, and wait for the answer."""
        fields = {"short_message": b"hello", **fields}
        proper = {"source_addr": "1234", "dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": NUMBER}
        self.send(SubmitSm(**{**proper, **fields}), number)
        await self.until(CommandId.SUBMIT_SM_RESP)

    async def deliver_sm(self) -> int:
        """Provoke a deliver_sm and return its number."""
        await self.submit(99, registered_delivery=1)
        return await self.until(CommandId.DELIVER_SM)

    async def settled(self) -> None:
        """Wait until the SMSC has worked through all that was sent."""
        self.send(EnquireLink(), 1_000_000)
        await self.until(CommandId.ENQUIRE_LINK_RESP)

    async def eof(self) -> None:
        async with asyncio.timeout(5):
            await self.reader.read()


async def bound(lab: Any, system_id: str = "alice", password: str = "secret") -> Peer:
    peer = Peer(lab, *await lab.connect())
    peer.send(BindTransceiver(system_id=system_id, password=password, interface_version=0x34), 1)
    assert (await peer.answer())[:2] == (CommandId.BIND_TRANSCEIVER_RESP, 0)
    return peer


async def framing(peer: Peer) -> None:
    peer.writer.write(b"\0\0\0\x08\0\0\0\x15")
    await peer.eof()


async def malformed(peer: Peer) -> None:
    peer.writer.write(struct.pack(">IIII", 18, CommandId.SUBMIT_SM, 0, 2) + b"\0\0")
    await peer.answer()


async def unknown_command(peer: Peer) -> None:
    peer.writer.write(struct.pack(">IIII", 16, 0x00010203, 0, 2))
    await peer.answer()


async def wrong_state(peer: Peer) -> None:
    peer.send(DeliverSm(), 2)
    await peer.answer()


async def already_bound(peer: Peer) -> None:
    peer.send(BindTransceiver(system_id="alice", password="secret"), 2)
    await peer.answer()


async def window_overrun(peer: Peer) -> None:
    texts = [SubmitSm(source_addr="1234", destination_addr=NUMBER, sequence_number=n) for n in range(2, 103)]
    peer.writer.write(b"".join(encode(pdu) for pdu in texts))
    for _ in texts:
        await peer.until(CommandId.SUBMIT_SM_RESP)


async def status_in_request(peer: Peer) -> None:
    peer.send(EnquireLink(), 2, status=8)
    await peer.answer()


async def sequence_number(peer: Peer) -> None:
    peer.send(EnquireLink(), 0)
    await peer.answer()


async def sequence_reuse(peer: Peer) -> None:
    await peer.submit(7)
    await peer.submit(7)


async def unexpected_response(peer: Peer) -> None:
    peer.send(DeliverSmResp(), 77)
    await peer.settled()


async def late_response(peer: Peer) -> None:
    number = await peer.deliver_sm()
    await peer.lab.happened("smpp.deliver_sm")
    for link in peer.lab.server.links:
        link.look_at_timers(peer.lab.server.now() + 31)
    peer.send(DeliverSmResp(), number)
    await peer.settled()


async def missing_response(peer: Peer) -> None:
    await peer.deliver_sm()
    for link in peer.lab.server.links:
        link.look_at_timers(peer.lab.server.now() + 31)


async def mismatched_response(peer: Peer) -> None:
    peer.send(QuerySmResp(), await peer.deliver_sm())
    await peer.settled()


async def nacked(peer: Peer) -> None:
    peer.send(GenericNack(), await peer.deliver_sm(), status=3)
    await peer.settled()


async def response_message_id(peer: Peer) -> None:
    peer.send(DeliverSmResp(message_id="17"), await peer.deliver_sm())
    await peer.settled()


async def no_enquire_link(peer: Peer) -> None:
    (link,) = peer.lab.server.links
    link.look_at_timers(peer.lab.server.now() + 61)
    await peer.until(CommandId.ENQUIRE_LINK)


async def enquire_link_unanswered(peer: Peer) -> None:
    await no_enquire_link(peer)
    (link,) = peer.lab.server.links
    link._session._timers.heard_at += 70
    link.look_at_timers(peer.lab.server.now() + 92)


async def closed_without_unbind(peer: Peer) -> None:
    peer.writer.close()
    await peer.lab.happened("smpp.unbound")


async def unbind_without_waiting(peer: Peer) -> None:
    await peer.deliver_sm()
    peer.send(Unbind(), 100)
    await peer.until(CommandId.UNBIND_RESP)


async def retry_storm(peer: Peer) -> None:
    throttle = {"fault": "status", "status": "ESME_RTHROTTLED"}
    peer.lab.smsc.faults.add(TypeAdapter(AnyFault).validate_python(throttle))
    for number in range(2, 6):
        await peer.submit(number)


async def long_password(peer: Peer) -> None:
    again = Peer(peer.lab, *await peer.lab.connect())
    again.send(BindTransceiver(system_id="carol", password="a password of 27 characters"), 1)
    assert (await again.answer())[1] == 0


def submitting(**fields: Any) -> Callable[[Peer], Awaitable[None]]:
    async def provoke(peer: Peer) -> None:
        await peer.submit(**fields)

    return provoke


SCENARIOS: dict[str, Callable[[Peer], Awaitable[None]]] = {
    "framing": framing,
    "malformed": malformed,
    "unknown_command": unknown_command,
    "wrong_state": wrong_state,
    "already_bound": already_bound,
    "window_overrun": window_overrun,
    "status_in_request": status_in_request,
    "sequence_number": sequence_number,
    "sequence_reuse": sequence_reuse,
    "unexpected_response": unexpected_response,
    "late_response": late_response,
    "mismatched_response": mismatched_response,
    "missing_response": missing_response,
    "nacked": nacked,
    "response_message_id": response_message_id,
    "enquire_link_unanswered": enquire_link_unanswered,
    "no_enquire_link": no_enquire_link,
    "closed_without_unbind": closed_without_unbind,
    "unbind_without_waiting": unbind_without_waiting,
    "retry_storm": retry_storm,
    "long_password": long_password,
    "alphanumeric_ton": submitting(source_addr="Shop", source_addr_ton=1),
    "digits_as_name": submitting(source_addr="1234", source_addr_ton=5),
    "alphanumeric_npi": submitting(source_addr="Shop", source_addr_ton=5, source_addr_npi=1),
    "plus_in_address": submitting(destination_addr="+" + NUMBER),
    "prefix_in_international": submitting(source_addr="0070000000002", source_addr_ton=1),
    "destination_name": submitting(destination_addr="Shop"),
    "udhi_without_udh": submitting(esm_class=0x40, short_message=b"hello"),
    "udh_without_udhi": submitting(short_message=CONCATENATED),
    "udhi_with_sar": submitting(esm_class=0x40, short_message=CONCATENATED, tlvs=[Tlv(0x020C, b"\0\1")]),
    "ucs2_as_default": submitting(short_message="привет".encode("utf-16-be")),
    "odd_ucs2": submitting(data_coding=8, short_message=b"\0h\0"),
    "cut_escape": submitting(short_message=b"hi\x1b"),
    "receipt_from_esme": submitting(esm_class=4),
    "reserved_receipt": submitting(registered_delivery=3),
    "priority": submitting(priority_flag=4),
    "replace_flag": submitting(replace_if_present_flag=2),
}

NOT_PROVOKED = {
    "crossed_close",  # no mistake of the ESME's: a request that was under way when the SMSC unbound
    "not_supported",  # every operation is served here; tests/smpp has it
}


def test_every_kind_has_a_scenario() -> None:
    assert KINDS.keys() == SCENARIOS.keys() | NOT_PROVOKED


def test_every_mistake_that_a_session_sees_is_a_kind() -> None:
    assert {mistake.value for mistake in Mistake} <= KINDS.keys()


@pytest.mark.parametrize("kind", SCENARIOS)
async def test_a_mistake_is_seen_for_what_it_is(start_lab: Any, kind: str) -> None:
    accounts = [
        AccountSettings(system_id="alice", password="secret", window=100),
        AccountSettings(system_id="carol", password="a password of 27 characters"),
    ]
    lab = await start_lab(accounts=accounts)
    peer = await bound(lab)
    await SCENARIOS[kind](peer)
    seen = lab.smsc.conduct.of("carol" if kind == "long_password" else "alice")
    assert seen[kind].count == 1
    company = {"late_response": {"missing_response"}, "enquire_link_unanswered": {"no_enquire_link"}}
    assert seen.keys() - {kind} <= company.get(kind, set())


async def test_an_esme_of_good_manners_has_nothing_to_hear(lab: Any) -> None:
    esme = await lab.bind()
    for _ in range(3):
        await esme.submit(registered_delivery=1)
        await esme.next()
    await esme.client.close()
    await lab.happened("smpp.unbound")
    assert not lab.smsc.conduct.of("alice")


async def test_many_mistakes_take_no_more_memory_than_a_few(lab: Any) -> None:
    peer = await bound(lab)
    for number in range(2, 52):
        await peer.submit(number, priority_flag=9)
    tally = lab.smsc.conduct.of("alice")["priority"]
    assert tally.count == 50
    assert len(tally.examples) == EXAMPLES


async def test_mistakes_before_a_bind_are_of_the_account_that_binds(lab: Any) -> None:
    peer = Peer(lab, *await lab.connect())
    peer.send(SubmitSm(), 1)
    await peer.answer()
    peer.send(BindTransceiver(system_id="alice", password="secret"), 2)
    assert (await peer.answer())[1] == 0
    assert lab.smsc.conduct.of("alice")["wrong_state"].count == 1


async def test_a_report_tells_people_and_tools_the_same(lab: Any) -> None:
    peer = await bound(lab)
    await peer.submit(2, destination_addr="Shop\x01", priority_flag=4)
    report = Report.of(lab.smsc.conduct, "alice")
    assert report.text().startswith("alice: 1 errors, 1 warnings\n")
    assert "destination_name: A destination address is not a number. (SMPP 3.4, 5.2.9)" in report.text()
    suite = ElementTree.fromstring(report.junit())
    assert (suite.get("tests"), suite.get("failures")) == (str(len(KINDS)), "1")
    (failure,) = suite.iter("failure")
    assert failure.get("type") == "destination_name"
    assert "2026-01-01T12:00:00.000Z Shop?" in (failure.text or "")
    (told,) = suite.iter("system-out")
    assert "priority_flag 4" in (told.text or "")
    assert report.count(Severity.INFO) == 0
    lab.smsc.conduct.reset("alice")
    assert not lab.smsc.conduct.of("alice")


async def test_an_operation_of_a_later_smpp_is_one_that_the_session_does_not_have(lab: Any) -> None:
    """3.4: data_sm came with SMPP 3.4."""
    peer = Peer(lab, *await lab.connect())
    peer.send(BindTransceiver(system_id="alice", password="secret", interface_version=0x33), 1)
    await peer.answer()
    peer.send(DataSm(destination_addr=NUMBER), 2)
    assert (await peer.answer())[0] == CommandId.GENERIC_NACK
    assert lab.smsc.conduct.of("alice")["unknown_command"].count == 1
    assert "the session's SMPP" in KINDS["unknown_command"].sentence
