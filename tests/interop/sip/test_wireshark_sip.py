"""Wireshark's dissector reads every SIP datagram that the lab sends: none malformed, none with an expert's error."""

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from serving import Serving
from sip_phone import Conduct, Phones

RINGING, BUSY, ANSWERED, SUBSCRIBER = "+70003000001", "+70003000002", "+70003000003", "+70003000004"
RAW_IP = 101
"""The link type of packets that begin with their IP header."""
SIP_PORT = 5060
ERROR = 0x00800000
"""The severity of what the dissector calls an error."""


@pytest.fixture(autouse=True)
def tshark(needed: Callable[..., None]) -> None:
    needed(shutil.which("tshark"), "tshark is not installed")


def write(path: Path, wire: list[tuple[bool, bytes]]) -> None:
    """Write datagrams as a capture between two hosts that both use the SIP port."""
    packets = []
    for ours, octets in wire:
        source, target = (b"\x7f\0\0\1", b"\x7f\0\0\2") if ours else (b"\x7f\0\0\2", b"\x7f\0\0\1")
        udp = struct.pack(">HHHH", SIP_PORT, SIP_PORT, 8 + len(octets), 0) + octets
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), len(packets), 0, 64, 17, 0, source, target)
        packets.append(head + udp)
    records = (struct.pack("<IIII", n, 0, len(packet), len(packet)) + packet for n, packet in enumerate(packets))
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, RAW_IP) + b"".join(records))


def dissected(path: Path) -> list[list[str]]:
    """Return of each packet its method or status, the experts' severities, and what is malformed."""
    names = ["sip.Method", "sip.Status-Code", "_ws.expert.severity", "_ws.malformed", "_ws.expert.message"]
    fields = [argument for name in names for argument in ("-e", name)]
    command = ["tshark", "-r", str(path), "-T", "fields", "-E", "separator=|", *fields]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [line.split("|") for line in run.stdout.splitlines()]


def check(path: Path, wire: list[tuple[bool, bytes]]) -> set[str]:
    """Demand that each packet is SIP and sound; return the methods and statuses among them."""
    write(path, wire)
    lines = dissected(path)
    assert len(lines) == len(wire)
    assert [line for line in lines if not (line[0] or line[1])] == []
    wrong = [line for line in lines if line[3] or any(int(each) >= ERROR for each in line[2].split(",") if each)]
    assert wrong == []
    return {line[0] or line[1] for line in lines}


def test_what_the_lab_sends_is_dissected(serve: Callable[..., Serving], phones: Phones, tmp_path: Path) -> None:
    phones.conduct = {BUSY: Conduct((), 486, 17), ANSWERED: Conduct((180,), 200)}
    numbers = (RINGING, BUSY, ANSWERED, SUBSCRIBER)
    lab = serve({"voice": {"phones": [{"phone_number": each, "contact": phones.contact(each)} for each in numbers]}})
    started = [lab.confirm(number, "flash_call") for number in (RINGING, BUSY, ANSWERED)]
    for each in started[::2]:
        lab.watch(f"/v1/confirmations/{each['id']}", lambda shown: shown["code_sent"]["state"] == "sent")
    lab.advance("10s")
    call_in = lab.confirm(SUBSCRIBER, "call_in")
    phones.call(lab.at("sip"), call_in["instructions"]["access_number"], SUBSCRIBER)
    phones.wait(lambda: all(call.over for call in phones.calls.values()) and len(phones.calls) == 4)
    theirs = [(ours, octets) for ours, octets in phones.wire if not ours]
    assert check(tmp_path / "lab.pcap", theirs) >= {"INVITE", "CANCEL", "ACK", "BYE", "100", "486"}


def test_the_dissector_would_see_what_is_malformed(tmp_path: Path) -> None:
    malformed = b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP\r\nCSeq: x INVITE\r\n\r\n"
    with pytest.raises(AssertionError):
        check(tmp_path / "malformed.pcap", [(True, malformed)])
