"""Captures of real links: bounded, for the owner alone, TLS in clear, and nothing at all while off."""

import asyncio
import errno
import os
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
import tshark
from pydantic import TypeAdapter

from smsc_emulator.core.faults.registry import AnyFault
from smsc_emulator.core.settings import TlsSettings
from smsc_emulator.net.capture import Bounds, Capture, Captures, EndedBy
from smsc_emulator.net.outlets import File
from smsc_emulator.net.tls import server_context
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.pdus import BindTransceiver, SubmitSm

LARGE = Bounds(1 << 20)


@pytest.fixture(autouse=True)
def _tshark() -> None:
    tshark.present()


@pytest.fixture
def captures(lab: Any) -> Captures:
    """Captures that listen to the SMSC's side of each link."""
    captures = Captures("tests", lambda note: [f"known {note.id}"])
    captures.interface("smsc", "SMPP at the SMSC", "smpp")(lab.server)
    return captures


def commands(file: Path) -> list[str]:
    return [line[0] for line in tshark.dissected(file, "smpp.command_id") if line[0]]


async def ended(captures: Captures, capture: Capture) -> None:
    over = asyncio.Event()
    captures.on_running = lambda running: None if running else over.set()
    if capture.ended_by is None:
        async with asyncio.timeout(5):
            await over.wait()


async def test_a_link_is_captured_from_its_first_octet_with_what_it_is_about(
    lab: Any, captures: Captures, tmp_path: Path
) -> None:
    capture = captures.start("c", tmp_path / "c.pcapng", LARGE)
    esme = await lab.bind()
    sent = await esme.submit(b"hello")
    captures.stop(capture)
    found = tshark.dissected(capture.path, "tcp.flags.syn", "smpp.command_id", "frame.comment", "smpp.message")
    assert [line[0] for line in found[:3]] == ["1", "1", "0"]
    assert [line[1] for line in found[3:]] == ["0x00000009", "0x80000009", "0x00000004", "0x80000004"]
    about = f"message_id {sent.message_id}|known {sent.message_id}"
    assert [line[2] for line in found[3:]] == ["", "", about, about]
    assert bytes.fromhex(found[5][3].replace(":", "")) == b"hello"
    assert (capture.packets, capture.size) == (len(found), capture.path.stat().st_size)


async def test_a_file_is_for_its_owner_alone_also_where_it_was_there_before(
    lab: Any, captures: Captures, tmp_path: Path
) -> None:
    file = tmp_path / "c.pcapng"
    file.touch(mode=0o644)
    captures.start("c", file, LARGE)
    await captures.close()
    assert file.stat().st_mode & 0o777 == 0o600


async def test_nothing_listens_before_the_first_capture_and_after_the_last(
    lab: Any, captures: Captures, tmp_path: Path
) -> None:
    assert lab.server.tap is None
    one, two = (captures.start(name, tmp_path / name, LARGE) for name in ("one", "two"))
    captures.stop(one)
    assert lab.server.tap is not None
    captures.stop(two)
    assert lab.server.tap is None


async def test_a_capture_ends_before_it_is_larger_than_it_may_be(lab: Any, captures: Captures, tmp_path: Path) -> None:
    esme = await lab.bind()
    capture = captures.start("c", tmp_path / "c.pcapng", Bounds(1_000))
    for _ in range(20):
        await esme.submit(b"hello")
    captures.flush()
    assert capture.ended_by is EndedBy.SIZE
    assert capture.path.stat().st_size <= 1_000
    assert capture.packets == len(tshark.dissected(capture.path, "frame.number")) > 0


async def test_a_capture_ends_by_itself_when_its_time_is_over(lab: Any, captures: Captures, tmp_path: Path) -> None:
    capture = captures.start("c", tmp_path / "c.pcapng", Bounds(1 << 20, seconds=0.01))
    await ended(captures, capture)
    assert capture.ended_by is EndedBy.TIME


async def test_a_disk_that_is_full_ends_the_capture_and_not_the_links(
    lab: Any, captures: Captures, tmp_path: Path
) -> None:
    capture = captures.start("c", tmp_path / "c.pcapng", LARGE)
    with open("/dev/full", "wb") as full:  # noqa: ASYNC230 - a device that is there at once
        assert isinstance(capture.outlet, File)
        os.dup2(full.fileno(), capture.outlet.descriptor)
    esme = await lab.bind()
    captures.flush()
    assert capture.ended_by is EndedBy.ERROR
    assert (await esme.submit(b"hello")).message_id


async def test_a_disk_that_is_full_in_the_middle_of_a_packet_leaves_a_file_of_whole_packets(
    lab: Any, captures: Captures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = captures.start("c", tmp_path / "c.pcapng", LARGE)
    esme = await lab.bind()
    captures.flush()
    taken = iter([10])

    def write(descriptor: int, octets: bytes) -> int:
        for some in taken:
            return os.pwrite(descriptor, octets[:some], os.fstat(descriptor).st_size)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        await esme.submit(b"hello")
        captures.flush()
    assert capture.ended_by is EndedBy.ERROR
    assert capture.path.stat().st_size == capture.size
    assert capture.packets == len(tshark.dissected(capture.path, "frame.number")) > 0


async def test_a_file_that_cannot_be_written_is_refused_and_nothing_listens(
    lab: Any, captures: Captures, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match=r"c\.pcapng"):
        captures.start("c", tmp_path / "nowhere" / "c.pcapng", LARGE)
    with pytest.raises(OSError, match="No space left"):
        captures.start("c", Path("/dev/full"), LARGE)
    assert lab.server.tap is None


async def test_a_capture_that_begins_later_than_the_link_can_be_followed(
    lab: Any, captures: Captures, tmp_path: Path
) -> None:
    esme = await lab.bind()
    capture = captures.start("c", tmp_path / "c.pcapng", LARGE)
    await esme.submit(b"hello")
    captures.stop(capture)
    found = tshark.dissected(capture.path, "smpp.command_id", "tcp.analysis.flags")
    assert found == [["0x00000004", ""], ["0x80000004", ""]]


async def test_of_two_parts_that_talk_to_each_other_one_is_captured(
    lab: Any, captures: Captures, tmp_path: Path
) -> None:
    attach = captures.interface("smsc_link", "SMPP of the client", "smpp")
    capture = captures.start("c", tmp_path / "c.pcapng", LARGE)
    esme = await lab.bind()
    attach(esme.client)
    await esme.submit(b"hello")
    captures.stop(capture)
    assert commands(capture.path) == ["0x00000009", "0x80000009", "0x00000004", "0x80000004"]
    assert {line[0] for line in tshark.dissected(capture.path, "tcp.stream")} == {"0"}


async def test_the_client_s_side_is_captured_where_the_smsc_is_somebody_else_s(lab: Any, tmp_path: Path) -> None:
    captures = Captures("tests", lambda _: [])
    attach = captures.interface("smsc_link", "SMPP of the client", "smpp")
    capture = captures.start("c", tmp_path / "c.pcapng", LARGE)
    esme = await lab.bind()
    attach(esme.client)
    await esme.submit(b"hello")
    captures.stop(capture)
    found = tshark.dissected(capture.path, "smpp.command_id", "frame.packet_flags_direction")
    assert found == [["0x00000004", "0x00000002"], ["0x80000004", "0x00000001"]]


async def test_a_session_over_tls_is_captured_in_clear(lab: Any, captures: Captures, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "smsc.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    await lab.server.start_tls("127.0.0.1", 0, server_context(TlsSettings(port=0, certificate=tmp_path / "smsc.pem")))
    capture = captures.start("c", tmp_path / "c.pcapng", LARGE)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", lab.server.tls_port, ssl=context, server_hostname="localhost"
    )
    lab.writers.append(writer)
    writer.write(encode(BindTransceiver(sequence_number=1, system_id="alice", password="secret")))
    await reader.readexactly(16)
    captures.stop(capture)
    assert commands(capture.path) == ["0x00000009", "0x80000009"]
    ports = {port for line in tshark.dissected(capture.path, "tcp.port") for port in line[0].split("|")}
    assert str(lab.server.tls_port) in ports


async def test_what_a_fault_makes_of_a_pdu_is_what_is_captured(lab: Any, captures: Captures, tmp_path: Path) -> None:
    esme = await lab.bind()
    capture = captures.start("c", tmp_path / "c.pcapng", LARGE)
    twice = {"fault": "duplicate_answer", "when": {"command": "submit_sm"}}
    lab.smsc.faults.add(TypeAdapter(AnyFault).validate_python(twice))
    await esme.submit(b"hello")
    captures.stop(capture)
    assert [each for line in commands(capture.path) for each in line.split("|")] == [
        "0x00000004",
        "0x80000004",
        "0x80000004",
    ]


async def test_a_link_that_ends_is_seen_to_end(lab: Any, captures: Captures, tmp_path: Path) -> None:
    capture = captures.start("c", tmp_path / "c.pcapng", LARGE)
    esme = await lab.bind()
    await esme.client.close()
    await lab.happened("smpp.unbound")
    captures.stop(capture)
    found = tshark.dissected(capture.path, "smpp.command_id", "tcp.flags.fin")
    assert [line[0] for line in found if line[0]][-2:] == ["0x00000006", "0x80000006"]
    assert [line[1] for line in found][-3:] == ["1", "1", "0"]


async def test_garbage_on_a_link_is_captured_as_it_is(lab: Any, captures: Captures, tmp_path: Path) -> None:
    capture = captures.start("c", tmp_path / "c.pcapng", LARGE)
    reader, writer = await lab.connect()
    writer.write(b"GET / HTTP/1.0\r\n\r\n" + encode(SubmitSm(sequence_number=1)))
    async with asyncio.timeout(5):
        await reader.read()
    captures.stop(capture)
    payloads = [bytes.fromhex(line[0]) for line in tshark.dissected(capture.path, "tcp.payload") if line[0]]
    assert payloads[0].startswith(b"GET / HTTP/1.0")
