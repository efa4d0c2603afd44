"""What is written here is read by Wireshark: blocks, packets with right checksums, streams that can be followed."""

from pathlib import Path

import pytest
import tshark

from smsc_emulator.capture import pcapng
from smsc_emulator.capture.packets import End, datagram
from smsc_emulator.capture.streams import LARGEST, Stream
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.pdus import BindTransceiver, BindTransceiverResp, EnquireLink

SIP = (
    b"OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
    b"From: <sip:b@127.0.0.1>;tag=1\r\nTo: <sip:a@127.0.0.1>\r\n"
    b"Call-ID: 1@tests\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


@pytest.fixture(autouse=True)
def _tshark() -> None:
    tshark.present()


def written(path: Path, packets: list[tuple[bytes, list[str]]]) -> Path:
    head = [pcapng.section_header("tests", "a comment"), pcapng.interface_description("smsc", "at the SMSC")]
    blocks = [
        pcapng.enhanced_packet(0, 1_767_225_600_123_456 + at, packet, comments, outbound=bool(at % 2))
        for at, (packet, comments) in enumerate(packets)
    ]
    path.write_bytes(b"".join((*head, *blocks)))
    return path


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_session_on_any_port_is_known_as_smpp_and_can_be_followed(tmp_path: Path, host: str) -> None:
    stream = Stream(End(host, 38_123), End.of((f"{host}%lo" if ":" in host else host, 40_001, 0, 0)))
    bind = encode(BindTransceiver(sequence_number=1, system_id="peer", password="secret"))
    answer = encode(BindTransceiverResp(sequence_number=1, system_id="SMSC"))
    segments = [
        *stream.opened(by_peer=True),
        *stream.data(bind, outbound=False),
        *stream.data(answer, outbound=True),
        *stream.closed(broken=False),
    ]
    path = written(tmp_path / "session.pcapng", [(each.packet, []) for each in segments])
    found = tshark.dissected(path, "tcp.stream", "tcp.analysis.flags", "smpp.command_id", "tcp.flags.fin")
    assert [line[0] for line in found] == ["0"] * 8
    assert [line[1] for line in found] == [""] * 8, "no segment is lost, old or out of order"
    assert [line[2] for line in found if line[2]] == ["0x00000009", "0x80000009"]
    assert [line[3] for line in found].count("1") == 2


def test_a_connection_that_is_reset_ends_so(tmp_path: Path) -> None:
    stream = Stream(End("127.0.0.1", 2775), End("127.0.0.1", 40_001))
    segments = [*stream.opened(by_peer=False), *stream.closed(broken=True)]
    found = tshark.dissected(written(tmp_path / "reset.pcapng", [(each.packet, []) for each in segments]), "tcp.flags")
    assert [line[0] for line in found] == ["0x0002", "0x0012", "0x0010", "0x0014"]


def test_octets_beyond_one_segment_are_cut_and_put_together_again(tmp_path: Path) -> None:
    stream = Stream(End("127.0.0.1", 2775), End("127.0.0.1", 40_001))
    octets = b"".join(encode(EnquireLink(sequence_number=number)) for number in range(1, 6001))
    segments = list(stream.data(octets, outbound=True))
    assert len(segments) == -(-len(octets) // LARGEST)
    found = tshark.dissected(
        written(tmp_path / "long.pcapng", [(each.packet, []) for each in segments]), "smpp.sequence_number"
    )
    assert [int(each) for line in found for each in line[0].split("|")] == list(range(1, 6001))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_datagrams_are_sip_on_any_port_with_their_comments_interface_and_time(tmp_path: Path, host: str) -> None:
    packet = datagram(End(host, 40_001), End(host, 38_123), SIP)
    path = written(tmp_path / "sip.pcapng", [(packet, ["confirmation cnf_1", "ж" * 40_000])])
    ((method, comments, interface, at),) = tshark.dissected(
        path, "sip.Method", "frame.comment", "frame.interface_name", "frame.time_epoch"
    )
    first, _, long = comments.partition("|")
    assert (method, first, interface, at) == ("OPTIONS", "confirmation cnf_1", "smsc", "1767225600.123456000")
    assert set(long) == {"ж"}, "an option has no room for more than 65,535 octets"


def test_the_reader_would_see_a_wrong_checksum(tmp_path: Path) -> None:
    packet = bytearray(datagram(End("127.0.0.1", 40_001), End("127.0.0.1", 5060), SIP))
    packet[26] ^= 0xFF
    with pytest.raises(AssertionError):
        tshark.dissected(written(tmp_path / "wrong.pcapng", [(bytes(packet), [])]))
