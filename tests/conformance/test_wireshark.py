"""Wireshark's dissector reads every PDU that is written here: none malformed, none with an expert's error."""

import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import CommandId, Tag
from smsc_emulator.smpp.pdus import (
    PDU_TYPES,
    DistributionList,
    Pdu,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    Tlv,
    UnsuccessSme,
)

CLIENT, SERVER = (b"\x7f\0\0\1", 40000), (b"\x7f\0\0\2", 2775)
RAW_IP = 101
"""The link type of packets that begin with their IP header."""

FIELDS = {
    "system_id": "peer",
    "password": "secret",
    "message_id": "1000000001",
    "source_addr": "70000000001",
    "destination_addr": "70000000002",
    "short_message": b"hello",
    "schedule_delivery_time": "370101000000000+",
}
TLVS = [
    Tlv(Tag.USER_MESSAGE_REFERENCE, b"\0\1"),
    Tlv(Tag.SAR_MSG_REF_NUM, b"\0\1"),
    Tlv(Tag.SAR_TOTAL_SEGMENTS, b"\2"),
    Tlv(Tag.SAR_SEGMENT_SEQNUM, b"\1"),
    Tlv(Tag.RECEIPTED_MESSAGE_ID, b"1000000001\0"),
    Tlv(Tag.MESSAGE_STATE, b"\2"),
    Tlv(Tag.NETWORK_ERROR_CODE, b"\3\0\0"),
]
WITH_TLVS = {CommandId.SUBMIT_SM, CommandId.DELIVER_SM, CommandId.DATA_SM, CommandId.SUBMIT_MULTI}


class Capture:
    """A capture of one TCP connection, written packet by packet."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.sent = {CLIENT: 1, SERVER: 1}

    def add(self, octets: bytes, *, by_client: bool) -> None:
        source, target = (CLIENT, SERVER) if by_client else (SERVER, CLIENT)
        tcp = struct.pack(
            ">HHIIBBHHH", source[1], target[1], self.sent[source], self.sent[target], 0x50, 0x18, 0xFFFF, 0, 0
        )
        self.sent[source] += len(octets)
        size = 20 + len(tcp) + len(octets)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, len(self.packets), 0, 64, 6, 0, source[0], target[0])
        self.packets.append(ip + tcp + octets)

    def write(self, path: Path) -> None:
        head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, RAW_IP)
        records = (
            struct.pack("<IIII", second, 0, len(packet), len(packet)) + packet
            for second, packet in enumerate(self.packets)
        )
        path.write_bytes(head + b"".join(records))


def dissected(path: Path) -> list[list[str]]:
    """Return, for each packet, the operations in it, the experts' severities above a note, and what is malformed."""
    names = ["smpp.command_id", "_ws.expert.severity", "_ws.malformed", "_ws.expert.message"]
    fields = [argument for name in names for argument in ("-e", name)]
    command = ["tshark", "-r", str(path), "-d", "tcp.port==2775,smpp", "-T", "fields", *fields]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in run.stdout.splitlines()]


def check(path: Path, capture: Capture, operations: Iterable[int]) -> None:
    capture.write(path)
    lines = dissected(path)
    ids = [int(each, 16) for line in lines for each in line[0].split(",") if each]
    assert ids == list(operations)
    error = 0x00800000
    assert [line for line in lines if line[2] or any(int(each) >= error for each in line[1].split(",") if each)] == []


@pytest.fixture(autouse=True)
def tshark() -> None:
    if shutil.which("tshark"):
        return
    if os.environ.get("CI") == "true":
        pytest.fail("tshark is not installed")
    pytest.skip("tshark is not installed")


def sample(pdu_type: type[Pdu], number: int) -> Pdu:
    pdu = pdu_type()
    if isinstance(pdu, SubmitMulti):
        pdu.dest_address = [SmeAddress(1, 1, "70000000001"), DistributionList("friends")]
    if isinstance(pdu, SubmitMultiResp):
        pdu.unsuccess_sme = [UnsuccessSme(1, 1, "70000000001", 0x0B)]
    for name, value in FIELDS.items():
        if hasattr(pdu, name):
            setattr(pdu, name, value)
    pdu.tlvs = list(TLVS) if pdu.command_id in WITH_TLVS else []
    pdu.sequence_number = number
    return pdu


@pytest.mark.parametrize("by_client", [True, False])
def test_every_pdu_that_can_be_written_is_dissected(tmp_path: Path, by_client: bool) -> None:
    capture = Capture()
    for number, pdu_type in enumerate(PDU_TYPES.values(), 1):
        capture.add(encode(sample(pdu_type, number)), by_client=by_client)
    check(tmp_path / "pdus.pcap", capture, PDU_TYPES)


def test_a_session_with_the_smsc_is_dissected(connect: Callable[[], Any], lab: Any, tmp_path: Path) -> None:
    peer = connect()
    peer.bind("TRX", "lenient")
    for number, pdu_type in enumerate(PDU_TYPES.values(), 2):
        if not pdu_type.command_id & 0x80000000 and pdu_type.command_id != CommandId.UNBIND:
            peer.exchange(encode(sample(pdu_type, number)))
    lab.call("POST", "/lab/handsets/%2B70000000001/messages", {"to": "1234", "text": "hello"})
    peer.ask(encode(sample(PDU_TYPES[CommandId.UNBIND], 99)))
    capture = Capture()
    for octets in peer.sent:
        capture.add(octets, by_client=True)
    for octets in peer.heard:
        capture.add(octets, by_client=False)
    check(tmp_path / "session.pcap", capture, [int.from_bytes(each[4:8]) for each in (*peer.sent, *peer.heard)])
    assert {int.from_bytes(each[4:8]) for each in peer.heard} >= {CommandId.SUBMIT_SM_RESP, CommandId.DATA_SM_RESP}


def test_the_dissector_would_see_a_malformed_pdu(tmp_path: Path) -> None:
    frame = encode(sample(PDU_TYPES[CommandId.SUBMIT_SM], 1))[:-40]
    capture = Capture()
    capture.add(len(frame).to_bytes(4) + frame[4:], by_client=False)
    with pytest.raises(AssertionError):
        check(tmp_path / "malformed.pcap", capture, [CommandId.SUBMIT_SM])
