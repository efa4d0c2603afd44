"""Captures into named pipes: a good reader has everything, and a bad one costs packets and never the links."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tshark
from structlog.testing import capture_logs

from smsc_emulator.net import outlets
from smsc_emulator.net.capture import Bounds, Captures

LARGE = Bounds(1 << 20)
TEXT = b"x" * 100


@pytest.fixture
def captures(lab: Any) -> Captures:
    """Captures that listen to the SMSC's side of each link."""
    captures = Captures("tests", lambda _: [])
    captures.interface("smsc", "SMPP at the SMSC", "smpp")(lab.server)
    return captures


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(outlets, "LOOK_EVERY", 0.01)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


class Reader:
    """Reads a pipe when it is told to."""

    def __init__(self, pipe: Path) -> None:
        self.descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.octets = b""

    async def until(self, holds: Callable[[], bool]) -> None:
        """Read until `holds`, or to the end."""
        loop = asyncio.get_running_loop()
        while not holds():
            something = asyncio.Event()
            loop.add_reader(self.descriptor, something.set)
            async with asyncio.timeout(5):
                await something.wait()
            loop.remove_reader(self.descriptor)
            if not (read := os.read(self.descriptor, 1 << 16)):
                return
            self.octets += read

    async def rest(self) -> bytes:
        """Read to the end, and go."""
        await self.until(lambda: False)
        self.go()
        return self.octets

    def go(self) -> None:
        os.close(self.descriptor)


def commands(octets: bytes, tmp_path: Path) -> list[str]:
    """Return the commands that tshark sees in what a reader was told; it fails for a packet that is not whole."""
    tshark.present()
    (tmp_path / "read.pcapng").write_bytes(octets)
    return [line[0] for line in tshark.dissected(tmp_path / "read.pcapng", "smpp.command_id") if line[0]]


async def test_tshark_reads_a_pipe_from_the_first_packet_to_the_last(lab: Any, captures: Captures, pipe: Path) -> None:
    tshark.present()
    words = ("tshark", "-n", "-r", str(pipe), "-Y", "smpp", "-T", "fields", "-e", "smpp.command_id")
    reader = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=DEVNULL)
    with await asyncio.to_thread(pipe.open, "wb"):  # which returns once there is a reader
        capture = captures.start("c", pipe, LARGE)
    esme = await lab.bind()
    await esme.submit()
    await captures.close()
    async with asyncio.timeout(60):
        told, _ = await reader.communicate()
    assert told.split() == [b"0x00000009", b"0x80000009", b"0x00000004", b"0x80000004"]
    assert (capture.packets, capture.lost) == (3 + 4, 0)


async def test_a_reader_that_comes_late_costs_what_was_before_and_the_log_says_so_once(
    lab: Any, captures: Captures, pipe: Path, tmp_path: Path
) -> None:
    with capture_logs() as logs:
        capture = captures.start("c", pipe, LARGE)
        esme = await lab.bind()
        captures.flush()
    assert (capture.packets, capture.lost) == (0, 5)
    assert [each["reason"] for each in logs if each["event"] == "a capture loses packets"] == [
        "nobody reads the pipe yet: packets are lost until somebody does"
    ]
    reader = Reader(pipe)
    await reader.until(lambda: reader.octets != b"")
    await esme.submit()
    captures.stop(capture)
    assert commands(await reader.rest(), tmp_path) == ["0x00000004", "0x80000004"]
    assert (capture.packets, capture.lost) == (2, 5)
    assert capture.size == len(reader.octets)


async def test_a_reader_that_does_not_read_costs_packets_and_not_the_links(
    lab: Any, captures: Captures, pipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "ROOM", 1_000)
    reader = Reader(pipe)
    capture = captures.start("c", pipe, LARGE)
    esme = await lab.bind()
    with capture_logs() as logs:
        for _ in range(300):  # a pipe of Linux has room for 65,536 octets
            await esme.submit(TEXT)
        captures.flush()
    assert capture.lost > 0
    assert [each["reason"] for each in logs] == ["the reader of the pipe is too slow"]
    captures.stop(capture)
    assert len(commands(await reader.rest(), tmp_path)) + 3 == capture.packets
    assert capture.packets + capture.lost == 3 + 2 + 600


async def test_a_reader_that_goes_can_be_followed_by_another(
    lab: Any, captures: Captures, pipe: Path, tmp_path: Path
) -> None:
    first = Reader(pipe)
    capture = captures.start("c", pipe, LARGE)
    esme = await lab.bind()
    captures.flush()
    await first.until(lambda: capture.packets == 5 and first.octets != b"")
    first.go()
    await esme.submit()
    captures.flush()
    assert capture.lost == 2
    second = Reader(pipe)
    await second.until(lambda: second.octets != b"")
    await esme.submit()
    await captures.close()
    assert commands(await second.rest(), tmp_path) == ["0x00000004", "0x80000004"]
    assert (capture.packets, capture.lost) == (7, 2)


async def test_a_reader_that_does_not_read_does_not_hold_up_the_end(
    lab: Any, captures: Captures, pipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "LINGER", 0.01)
    reader = Reader(pipe)
    capture = captures.start("c", pipe, LARGE)
    esme = await lab.bind()
    for _ in range(300):
        await esme.submit(TEXT)
    async with asyncio.timeout(5):
        await captures.close()
    assert capture.packets + capture.lost == 3 + 2 + 600
    assert capture.lost > 0
    reader.go()


async def test_a_file_that_takes_the_place_of_a_pipe_is_left_alone(
    lab: Any, captures: Captures, pipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").touch()
    looks: asyncio.Queue[None] = asyncio.Queue()
    look = outlets.Pipe._look
    monkeypatch.setattr(outlets.Pipe, "_look", lambda pipe: (look(pipe), looks.put_nowait(None)))
    captures.start("c", pipe, LARGE)
    (tmp_path / "mine").replace(pipe)
    for _ in range(2):
        async with asyncio.timeout(5):
            await looks.get()
    await lab.bind()
    await captures.close()
    assert (tmp_path / "pipe").stat().st_size == 0
