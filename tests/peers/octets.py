"""A bound ESME that sees octets, and the rules of faults that it meets."""

import asyncio
import struct
from typing import Any

from pydantic import TypeAdapter

from smsc_emulator.core.faults.registry import AnyFault
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import CommandId
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
