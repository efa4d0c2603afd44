"""How an ESME answers deliveries that take their time, seen by an SMSC that is nothing but a session."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.smpp import session as smpp
from smsc_emulator.smpp.constants import CommandStatus
from smsc_emulator.smpp.pdus import Bind, DeliverSm


class Smsc(asyncio.Protocol):
    """Accepts any bind, sends what it is told to, and keeps the answers."""

    def __init__(self) -> None:
        self.session = smpp.Session(smpp.Role.SMSC, smpp.SessionConfig(window=100), 0.0)
        self.answers: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.session.receive(data, 0.0)
        for event in self.session.events():
            if isinstance(event, smpp.RequestReceived) and isinstance(event.pdu, Bind):
                self.session.accept_bind(event.pdu, "smsc")
            elif isinstance(event, smpp.ResponseReceived):
                request = cast(DeliverSm, event.request)
                self.answers.put_nowait((request.short_message, event.response.command_status))
        self.transport.write(self.session.data_to_send())

    def deliver(self, *texts: bytes) -> None:
        for text in texts:
            self.session.send(DeliverSm(source_addr="1", destination_addr="2", short_message=text), 0.0)
        self.transport.write(self.session.data_to_send())

    async def answered(self) -> tuple[bytes, int]:
        async with asyncio.timeout(5):
            return await self.answers.get()


class Taker:
    """Takes deliveries: each is answered when the test says so, one that begins with a digit at once."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[bytes] = asyncio.Queue()
        self.asked: dict[bytes, asyncio.Future[int]] = {}

    def take(self, pdu: DeliverSm) -> "int | asyncio.Future[int]":
        self.taken.put_nowait(pdu.short_message)
        if pdu.short_message.isdigit():
            return int(pdu.short_message)
        self.asked[pdu.short_message] = asyncio.get_running_loop().create_future()
        return self.asked[pdu.short_message]

    async def have(self, *texts: bytes) -> None:
        async with asyncio.timeout(5):
            assert [await self.taken.get() for _ in texts] == list(texts)


@pytest.fixture
def taker() -> Taker:
    return Taker()


@pytest.fixture
async def smsc(taker: Taker) -> AsyncIterator[Smsc]:
    smsc = Smsc()
    server = await asyncio.get_running_loop().create_server(lambda: smsc, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = EsmeClient("127.0.0.1", port, "esme", "secret", window=3, reconnect=False, on_deliver=taker.take)
    client.start()
    await client.bound(5)
    yield smsc
    smsc.transport.abort()
    await client.close()
    server.close()
    await server.wait_closed()


async def test_an_answer_follows_what_it_waits_for_and_reading_goes_on_meanwhile(smsc: Smsc, taker: Taker) -> None:
    smsc.deliver(b"a")
    await taker.have(b"a")
    smsc.deliver(b"b")
    await taker.have(b"b")
    assert smsc.answers.empty()
    taker.asked[b"a"].set_result(0)
    assert await smsc.answered() == (b"a", 0)
    taker.asked[b"b"].set_result(8)
    assert await smsc.answered() == (b"b", 8)


async def test_answers_keep_the_order_of_their_requests(smsc: Smsc, taker: Taker) -> None:
    smsc.deliver(b"7", b"a", b"9")
    await taker.have(b"7", b"a", b"9")
    assert await smsc.answered() == (b"7", 7)
    assert smsc.answers.empty()
    taker.asked[b"a"].set_result(0)
    assert [await smsc.answered() for _ in range(2)] == [(b"a", 0), (b"9", 9)]


async def test_a_failure_becomes_an_application_error_and_ends_nothing(smsc: Smsc, taker: Taker) -> None:
    smsc.deliver(b"a", b"b")
    await taker.have(b"a", b"b")
    taker.asked[b"a"].set_exception(OSError("the disk is full"))
    taker.asked[b"b"].cancel()
    assert await smsc.answered() == (b"a", CommandStatus.ESME_RX_T_APPN)
    assert await smsc.answered() == (b"b", CommandStatus.ESME_RX_T_APPN)
    smsc.deliver(b"5")
    assert await smsc.answered() == (b"5", 5)


async def test_deliveries_without_answers_fill_the_window(smsc: Smsc, taker: Taker) -> None:
    smsc.deliver(b"a", b"b", b"c", b"d")
    assert await smsc.answered() == (b"d", CommandStatus.ESME_RMSGQFUL)
    await taker.have(b"a", b"b", b"c")
    assert taker.taken.empty()
