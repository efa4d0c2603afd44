"""The connections to receivers: which are kept, and what becomes of one that was closed meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from ipaddress import ip_network

import pytest

from gateway.webhooks.guard import Guard
from gateway.webhooks.line import Lines
from gateway.webhooks.outbox import Answer
from gateway.webhooks.resolver import Resolver
from smsc_emulator.base.line import DisconnectedError, NotHttpError

EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


class Peer:
    """Answers each request of a connection with the next of `answers`; None closes the connection instead."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""
        self.serving: set[asyncio.Task[None] | None] = set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.serving.add(asyncio.current_task())
        try:
            while (answer := await self._answer(reader)) is not None:
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side has closed it
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes | None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head + await reader.readexactly(2))
        return self.answers.pop(0) if self.answers else EMPTY


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    server = await asyncio.start_server(peer.take, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?a=%20b"
    yield peer
    server.close()
    await asyncio.gather(*filter(None, peer.serving))


@pytest.fixture
async def lines(peer: Peer) -> AsyncIterator[Lines]:  # closed before its peer
    lines = Lines(Guard([ip_network("127.0.0.1/32")]), Resolver(), 5)
    yield lines
    await lines.close()


async def post(lines: Lines, peer: Peer) -> Answer:
    return await lines.post(peer.url, {"webhook-id": "evt_1"}, b"{}")


@pytest.mark.parametrize(
    "answer",
    [
        EMPTY,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ],
)
async def test_a_connection_whose_answer_is_whole_carries_the_next_webhook(
    lines: Lines, peer: Peer, answer: bytes
) -> None:
    peer.answers = [answer]
    assert {(await post(lines, peer)).status for _ in range(3)} <= {200, 204}
    assert peer.connections == 1
    assert peer.requests[0].startswith(b"POST /hook?a=%20b HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"\r\nwebhook-id: evt_1\r\ncontent-length: 2\r\n\r\n{}" in peer.requests[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nsome of it",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_a_connection_whose_answer_may_go_on_carries_no_other(lines: Lines, peer: Peer, answer: bytes) -> None:
    peer.answers = [answer]
    assert (await post(lines, peer)).status == 200
    assert (await post(lines, peer)).status == 204
    assert peer.connections == 2


async def test_a_connection_that_the_receiver_closed_meanwhile_is_made_anew(lines: Lines, peer: Peer) -> None:
    await post(lines, peer)
    peer.answers = [None]
    assert (await post(lines, peer)).status == 204
    assert (peer.connections, len(peer.requests)) == (2, 3)


async def test_a_new_connection_that_is_closed_without_an_answer_is_a_failure(lines: Lines, peer: Peer) -> None:
    peer.answers = [None]
    with pytest.raises(DisconnectedError):
        await post(lines, peer)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("answer", [b"HTTP/2 200\r\n\r\n", b"SSH-2.0\r\n\r\n", b"x" * 70_000])
async def test_what_is_not_http_is_refused_and_the_connection_closed(lines: Lines, peer: Peer, answer: bytes) -> None:
    peer.answers = [answer]
    with pytest.raises(NotHttpError):
        await post(lines, peer)
    assert (await post(lines, peer)).status == 204
    assert peer.connections == 2


async def test_a_wish_for_no_retry_is_told(lines: Lines, peer: Peer) -> None:
    peer.answers = [b"HTTP/1.1 500 No\r\nWebhook-Delivery:  Abort-Message\r\nContent-Length: 0\r\n\r\n"]
    assert await post(lines, peer) == Answer(500, abort=True)
