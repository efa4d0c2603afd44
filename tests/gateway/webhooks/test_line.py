"""The connections to receivers: which are kept, and what becomes of one that was closed meanwhile."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
from http_peer import HttpPeer

from gateway.webhooks.guard import Guard
from gateway.webhooks.line import Lines
from gateway.webhooks.outbox import Answer
from gateway.webhooks.resolver import Resolver
from smsc_emulator.base.line import DisconnectedError, NotHttpError

EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with HttpPeer(EMPTY) as peer:
        yield peer


@pytest.fixture
async def lines(peer: HttpPeer) -> AsyncIterator[Lines]:  # closed before its peer
    lines = Lines(Guard([ip_network("127.0.0.1/32")]), Resolver(), 5)
    yield lines
    await lines.close()


async def post(lines: Lines, peer: HttpPeer) -> Answer:
    return await lines.post(peer.url + "/hook?a=%20b", {"webhook-id": "evt_1"}, b"{}")


@pytest.mark.parametrize(
    "answer",
    [
        EMPTY,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ],
)
async def test_a_connection_whose_answer_is_whole_carries_the_next_webhook(
    lines: Lines, peer: HttpPeer, answer: bytes
) -> None:
    peer.answers = [[answer]]
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
async def test_a_connection_whose_answer_may_go_on_carries_no_other(
    lines: Lines, peer: HttpPeer, answer: bytes
) -> None:
    peer.answers = [[answer]]
    assert (await post(lines, peer)).status == 200
    assert (await post(lines, peer)).status == 204
    assert peer.connections == 2


async def test_a_connection_to_one_receiver_carries_nothing_to_another(lines: Lines, peer: HttpPeer) -> None:
    async with HttpPeer(EMPTY) as other:
        assert {(await post(lines, to)).status for to in (peer, other, peer)} == {204}
        assert [(each.connections, len(each.requests)) for each in (peer, other)] == [(1, 2), (1, 1)]
        await lines.close()


async def test_a_connection_that_the_receiver_closed_meanwhile_is_made_anew(lines: Lines, peer: HttpPeer) -> None:
    await post(lines, peer)
    peer.answers = [[]]
    assert (await post(lines, peer)).status == 204
    assert (peer.connections, len(peer.requests)) == (2, 3)


async def test_a_new_connection_that_is_closed_without_an_answer_is_a_failure(lines: Lines, peer: HttpPeer) -> None:
    peer.answers = [[]]
    with pytest.raises(DisconnectedError):
        await post(lines, peer)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("answer", [b"HTTP/2 200\r\n\r\n", b"SSH-2.0\r\n\r\n", b"x" * 70_000])
async def test_what_is_not_http_is_refused_and_the_connection_closed(
    lines: Lines, peer: HttpPeer, answer: bytes
) -> None:
    peer.answers = [[answer]]
    with pytest.raises(NotHttpError):
        await post(lines, peer)
    assert (await post(lines, peer)).status == 204
    assert peer.connections == 2


async def test_a_wish_for_no_retry_is_told(lines: Lines, peer: HttpPeer) -> None:
    peer.answers = [[b"HTTP/1.1 500 No\r\nWebhook-Delivery:  Abort-Message\r\nContent-Length: 0\r\n\r\n"]]
    assert await post(lines, peer) == Answer(500, abort=True)
