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
EITHER = ["sip.Method", "sip.Status-Code"]
NEEDED = [
    *("sip.Via.branch", "sip.Via.sent-by.address", "sip.from.tag", "sip.from.host", "sip.to.host"),
    *("sip.Call-ID", "sip.CSeq.seq", "sip.CSeq.method", "sip.Content-Length"),
]
"""What each request and each response must hold (RFC 3261, 8.1.1 and 8.2.6.2), as the dissector calls it."""
COMPLAINTS = ["_ws.malformed", "_ws.expert.message"]
"""What the dissector says when it is not content: unknown headers, wrong addresses and so on."""


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


def dissected(path: Path) -> list[dict[str, str]]:
    """Return of each packet what the dissector found in it."""
    names = [*EITHER, *NEEDED, *COMPLAINTS]
    fields = [argument for name in names for argument in ("-e", name)]
    command = ["tshark", "-r", str(path), "-T", "fields", "-E", "separator=\t", *fields]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [dict(zip(names, line.split("\t"), strict=True)) for line in run.stdout.splitlines()]


def check(path: Path, wire: list[tuple[bool, bytes]]) -> set[str]:
    """Demand that each packet is whole and nothing is wrong with it; return the methods and statuses among them."""
    write(path, wire)
    packets = dissected(path)
    assert len(packets) == len(wire)
    assert [packet for packet in packets if not all(packet[name] for name in NEEDED)] == []
    assert [packet for packet in packets if any(packet[name] for name in COMPLAINTS)] == []
    return {packet[EITHER[0]] or packet[EITHER[1]] for packet in packets}


def test_what_the_lab_sends_is_dissected(configured: Callable[..., Serving], phones: Phones, tmp_path: Path) -> None:
    phones.conduct = {BUSY: Conduct((), 486, 17), ANSWERED: Conduct((180,), 200)}
    numbers = (RINGING, BUSY, ANSWERED, SUBSCRIBER)
    lab = configured(
        {"voice": {"phones": [{"phone_number": each, "contact": phones.contact(each)} for each in numbers]}}
    )
    started = [lab.confirm(number, "flash_call") for number in (RINGING, BUSY, ANSWERED)]
    for each in started[::2]:
        lab.watch(f"/v1/confirmations/{each['id']}", lambda shown: shown["code_sent"]["state"] == "sent")
    lab.advance("10s")
    call_in = lab.confirm(SUBSCRIBER, "call_in")
    phones.call(lab.at("sip"), call_in["instructions"]["access_number"], SUBSCRIBER)
    phones.wait(lambda: all(call.over for call in phones.calls.values()) and len(phones.calls) == 4)
    theirs = [(ours, octets) for ours, octets in phones.wire if not ours]
    assert check(tmp_path / "lab.pcap", theirs) >= {"INVITE", "CANCEL", "ACK", "BYE", "100", "486"}


SOUND = (
    "OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:b@127.0.0.1>;tag=1\r\n"
    "To: <sip:a@127.0.0.1>\r\nCall-ID: 1@tests\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize(
    ("sound", "not_so"),
    [("CSeq: 1 OPTIONS\r\n", ""), (";branch=z9hG4bK1", ""), ("Call-ID:", "Call-ID"), ("\r\nTo: <sip:a@127.0.0.1>", "")],
)
def test_the_dissector_would_see_what_is_malformed(tmp_path: Path, sound: str, not_so: str) -> None:
    assert check(tmp_path / "sound.pcap", [(True, SOUND.encode())]) == {"OPTIONS"}
    with pytest.raises(AssertionError):
        check(tmp_path / "malformed.pcap", [(True, SOUND.replace(sound, not_so).encode())])
