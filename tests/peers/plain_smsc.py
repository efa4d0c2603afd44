"""An SMSC that does what a test tells it, for the load tool: it answers, refuses, stalls, keeps silent or hangs up."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import cast

from smsc_emulator.smpp import codec
from smsc_emulator.smpp.constants import RESPONSE_BIT, CommandStatus
from smsc_emulator.smpp.framing import Framer
from smsc_emulator.smpp.pdus import (
    PDU_TYPES,
    Bind,
    DeliverSm,
    EnquireLinkResp,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    UnbindResp,
)


@dataclass
class PlainSmsc:
    """What it is to do, and what it has seen."""

    bind_status: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    """The command_status of some submits, by their place, the first being 1."""
    silent: frozenset[int] = frozenset()
    """The submits that are not answered."""
    receipt: str | None = None
    """The text of receipts, with {id}; None: there are none."""
    receipts_first: bool = False
    stall_at: int | None = None
    """The submit at which it stops to answer anything, for `stall` seconds."""
    stall: float = 0.0
    hang_up_at: int | None = None
    then_refuse: bool = False
    """Whether nobody may bind after that."""
    submits: list[SubmitSm] = field(default_factory=list)
    binds: list[Bind] = field(default_factory=list)
    answered: list[Pdu] = field(default_factory=list)
    """The answers to our deliver_sm."""
    most_open: int = 0
    """The most submits that waited for their answers at once."""
    port: int = 0


class _Link(asyncio.Protocol):
    def __init__(self, smsc: PlainSmsc) -> None:
        self.smsc = smsc
        self.framer = Framer(70_000)
        self.held: list[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for frame in self.framer.cut(data):
            pdu = codec.decode(frame)
            if isinstance(pdu, Bind):
                self.bind(pdu)
            elif isinstance(pdu, SubmitSm):
                self.submit(pdu)
            elif type(pdu).__name__ == "Unbind":
                self.write(UnbindResp(sequence_number=pdu.sequence_number))
                self.transport.close()
            elif type(pdu).__name__ == "EnquireLink":
                self.write(EnquireLinkResp(sequence_number=pdu.sequence_number))
            else:
                self.smsc.answered.append(pdu)

    def bind(self, pdu: Bind) -> None:
        self.smsc.binds.append(pdu)
        answer = PDU_TYPES[pdu.command_id | RESPONSE_BIT]
        self.write(answer(command_status=self.smsc.bind_status, sequence_number=pdu.sequence_number))

    def submit(self, pdu: SubmitSm) -> None:
        smsc = self.smsc
        smsc.submits.append(pdu)
        place = len(smsc.submits)
        if place == smsc.stall_at:
            self.held = []
            asyncio.get_running_loop().call_later(smsc.stall, self.release)
        if place == smsc.hang_up_at:
            self.transport.abort()
            smsc.bind_status = CommandStatus.ESME_RBINDFAIL if smsc.then_refuse else smsc.bind_status
        if place in smsc.silent:
            return
        status, number = smsc.statuses.get(place, 0), pdu.sequence_number
        answers: list[Pdu] = [SubmitSmResp(message_id=str(place), command_status=status, sequence_number=number)]
        if smsc.receipt is not None and pdu.registered_delivery and not status:
            text = smsc.receipt.format(id=place).encode()
            answers.append(DeliverSm(esm_class=4, short_message=text, sequence_number=place))
        for answer in reversed(answers) if smsc.receipts_first else answers:
            self.write(answer)

    def write(self, pdu: Pdu) -> None:
        octets = codec.encode(pdu)
        if self.held is None:
            self.transport.write(octets)
        else:
            self.held.append(octets)
            self.smsc.most_open = max(self.smsc.most_open, len(self.held))

    def release(self) -> None:
        held, self.held = self.held or [], None
        self.transport.write(b"".join(held))


@asynccontextmanager
async def serving(smsc: PlainSmsc) -> AsyncIterator[PlainSmsc]:
    server = await asyncio.get_running_loop().create_server(lambda: _Link(smsc), "127.0.0.1", 0)
    smsc.port = server.sockets[0].getsockname()[1]
    try:
        yield smsc
    finally:
        server.close()
        await server.wait_closed()


@contextmanager
def serving_in_a_thread(smsc: PlainSmsc) -> Iterator[PlainSmsc]:
    """Serve beside a command that has a loop of its own."""
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(smsc):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield smsc
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
