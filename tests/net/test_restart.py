import asyncio
import os
import random
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
from array import array
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from termios import FIONREAD
from typing import Any

import pytest

from smsc_emulator.net.esme import AnswerLostError, EsmeClient, LinkDownError
from smsc_emulator.smpp import receipts
from smsc_emulator.smpp.codec import decode, encode
from smsc_emulator.smpp.config import MAX_LENGTH
from smsc_emulator.smpp.framing import Framer
from smsc_emulator.smpp.pdus import BindReceiver, BindTransmitter, DeliverSm, SubmitSm

NUMBER = "+70000000001"
ON, OFF = "70000000001", "70000000002"
VALIDITY = "000000000004000R"  # of what waits for the handset that is off


async def test_receipts_and_inboxes_outlive_the_process(start_lab: Any, tmp_path: Path) -> None:
    lab = await start_lab(tmp_path)
    sender = await lab.bind(kind="tx")
    ids = [(await sender.submit(b"%d" % n, registered_delivery=1)).message_id for n in range(3)]
    await lab.stop()
    again = await start_lab(tmp_path)
    assert [m.text for m in again.smsc.handset_messages(NUMBER)] == ["0", "1", "2"]
    esme = await again.bind()
    told = [receipts.parse((await esme.next()).short_message.decode()).message_id for _ in ids]
    assert told == ids
    assert (await esme.submit()).message_id not in ids


async def test_an_acknowledged_receipt_is_not_sent_after_a_restart(start_lab: Any, tmp_path: Path) -> None:
    lab = await start_lab(tmp_path)
    esme = await lab.bind()
    await esme.submit(b"old", registered_delivery=1)
    await esme.next()
    await esme.client.close()
    await lab.stop()
    again = await start_lab(tmp_path)
    esme = await again.bind()
    await esme.submit(b"new", registered_delivery=1)
    assert (await esme.next()).short_message.endswith(b"text:new")


async def test_messages_of_handsets_that_no_account_has_taken_outlive_the_process(
    start_lab: Any, tmp_path: Path
) -> None:
    lab = await start_lab(tmp_path)
    await lab.smsc.send_from_handset(NUMBER, "1234", "for bob")
    await lab.smsc.send_from_handset(NUMBER, "777", "for anybody")
    await lab.stop()
    again = await start_lab(tmp_path)
    alice, bob = await again.bind("alice"), await again.bind("bob")
    assert (await alice.next()).short_message == b"for anybody"
    assert (await bob.next()).short_message == b"for bob"
    assert alice.delivered.empty()


async def test_a_retry_keeps_its_instant_over_a_restart(start_lab: Any, tmp_path: Path) -> None:
    lab = await start_lab(tmp_path)
    esme = await lab.bind()
    esme.statuses.append(0x64)
    await esme.submit(registered_delivery=1)
    await esme.next()
    async with asyncio.timeout(5):
        await lab.woken.wait()
    due = await lab.smsc.delivery.next_due()
    await lab.stop()
    again = await start_lab(tmp_path)
    esme = await again.bind()
    assert await again.smsc.delivery.next_due() == due
    await again.smsc.delivery.fire(due)
    assert b"stat:DELIVRD" in (await esme.next()).short_message


class Killable:
    """The process, and a client that counts what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acknowledged: list[str] = []
        self.told: dict[str | None, list[int | None]] = defaultdict(list)
        self.grown = asyncio.Event()

    async def start(self, *arguments: str, **bind: Any) -> None:
        command = [Path(__file__).with_name("smsc_process.py"), self.folder, *arguments]
        self.process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(await self.process.stdout.readline())
        self.client = EsmeClient(
            "127.0.0.1", self.port, "alice", "secret", window=5000, reconnect=False, on_deliver=self.deliver, **bind
        )
        self.client.start()
        await self.client.bound(10)

    async def kill(self) -> None:
        """Kill the process as it stands, and read all that it has written.

        It is stopped first: what a client has not read is lost to it as soon as it writes to the dead.
        """
        self.process.send_signal(signal.SIGSTOP)
        while self.client.is_bound and self._unread():  # noqa: ASYNC110 - of octets that are read nobody tells
            await asyncio.sleep(0)
        self.process.kill()
        await self.process.wait()
        with suppress(AnswerLostError, LinkDownError):  # raised when the link is over
            while True:
                await self.client.submit(SubmitSm(destination_addr=NUMBER[1:]))
        await self.client.close()

    def _unread(self) -> int:
        """Return how many octets wait in the client's socket."""
        assert self.client._link is not None
        count = array("i", [0])
        ioctl(self.client._link._transport.get_extra_info("socket").fileno(), FIONREAD, count)
        return count[0]

    def deliver(self, pdu: DeliverSm) -> int:
        receipt = receipts.parse(pdu.short_message.decode())
        self.told[receipt.message_id].append(receipt.message_state)
        self.grown.set()
        return 0

    async def submit(self, number: str) -> None:
        pdu = SubmitSm(destination_addr=number, short_message=b"hi", registered_delivery=1, validity_period=VALIDITY)
        self.acknowledged.append((await self.client.submit(pdu)).message_id)
        self.grown.set()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not done():
                self.grown.clear()
                await self.grown.wait()

    async def everything_told(self) -> None:
        await self.until(lambda: all(message_id in self.told for message_id in self.acknowledged))


@pytest.fixture
async def killable(tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Killable]]]:
    started = []

    async def start(*arguments: str, **bind: Any) -> Killable:
        started.append(Killable(tmp_path))
        await started[-1].start(*arguments, **bind)
        return started[-1]

    yield start
    for each in started:
        await each.kill()


@pytest.mark.parametrize("seed", range(int(os.environ.get("KILLS", "3"))))
async def test_killed_at_any_moment_each_acknowledged_message_has_one_end_and_one_receipt(
    killable: Any, seed: int
) -> None:
    smsc = await killable()
    load = [asyncio.create_task(smsc.submit(ON if n % 2 else OFF)) for n in range(5000)]
    enough = random.Random(seed).randrange(50, 6000)
    await smsc.until(lambda: len(smsc.acknowledged) + len(smsc.told) >= enough)
    await smsc.kill()
    for task in load:
        with suppress(AnswerLostError, LinkDownError):
            await task
    await smsc.start()
    await smsc.everything_told()
    await smsc.submit(ON)  # its receipt comes after any that is left
    await smsc.everything_told()
    with sqlite3.connect(smsc.folder / "lab.db") as db:
        states = dict(db.execute("SELECT message_id, state FROM smsc_messages"))
    db.close()
    assert {message_id: told for message_id, told in smsc.told.items() if told != [states[message_id]]} == {}
    assert {states[message_id] for message_id in smsc.acknowledged} <= {2, 3}


class SlowReceiver:
    """A receiver that reads nothing until it is asked to, with as small a buffer as the kernel gives."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        self._socket.settimeout(10)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(encode(BindReceiver("alice", "secret", sequence_number=1)))
        (length,) = struct.unpack(">I", self._socket.recv(4, socket.MSG_WAITALL))
        self._socket.recv(length - 4, socket.MSG_WAITALL)

    def read_all(self) -> list[str | None]:
        """Read to the end; return the ids of the receipts that came whole."""
        with self._socket, self._socket.makefile("rb") as stream:
            octets = stream.read()
        framer = Framer(MAX_LENGTH)
        pdus = [decode(frame) for frame in framer.cut(octets)]
        return [receipts.parse(pdu.short_message.decode()).message_id for pdu in pdus if isinstance(pdu, DeliverSm)]


async def test_receipts_that_the_kernel_of_a_slow_peer_has_not_taken_are_sent_after_the_death(killable: Any) -> None:
    smsc = await killable("10000", bind_type=BindTransmitter)
    receiver = SlowReceiver(smsc.port)
    await asyncio.gather(*(smsc.submit(ON) for _ in range(3000)))
    await smsc.submit(ON)  # by now all that the kernel takes of the others is written
    await smsc.kill()
    read = await asyncio.to_thread(receiver.read_all)
    assert 0 < len(read) < 3000
    await smsc.start()
    await smsc.until(lambda: len(smsc.told) + len(read) >= len(smsc.acknowledged))
    await smsc.submit(ON)
    await smsc.until(lambda: smsc.acknowledged[-1] in smsc.told)
    assert sorted([*read, *smsc.told]) == sorted(smsc.acknowledged)
