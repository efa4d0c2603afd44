"""Signed messages over the lines to the lab's own port: kept connections, and what becomes of broken ones."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from http_peer import HttpPeer

from smsc_emulator.base import signed_http
from smsc_emulator.base.signature import verify
from smsc_emulator.base.signed_http import NearSession, UnreachableError, post_signed

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with HttpPeer(OK) as peer:
        yield peer


@pytest.fixture
async def near(peer: HttpPeer) -> AsyncIterator[NearSession]:  # closed before its peer
    async with ClientSession() as session:
        near = NearSession(session, lambda: peer.url)
        yield near
        near.close()


async def post(near: NearSession, peer: HttpPeer, path: str = "/codes") -> tuple[int, bytes]:
    return await post_signed(near, peer.url + path, SECRET, "msg_1", {"a": 1})


async def test_one_connection_carries_one_message_after_the_other(near: NearSession, peer: HttpPeer) -> None:
    peer.answers = [[OK], [b"HTTP/1.1 503 No\r\nContent-Length: 5\r\n", b"\r\nbu", b"sy!"], [OK]]
    assert [await post(near, peer) for _ in range(3)] == [(200, b"{}"), (503, b"busy!"), (200, b"{}")]
    assert peer.connections == 1
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /codes HTTP/1.1"
    verify(SECRET, dict(line.split(": ", 1) for line in lines), body)


async def test_a_message_that_was_not_answered_is_not_repeated_by_itself(near: NearSession, peer: HttpPeer) -> None:
    await post(near, peer)
    peer.answers = [[]]
    with pytest.raises(UnreachableError):
        await post(near, peer)
    assert await post(near, peer) == (200, b"{}")
    assert (peer.connections, len(peer.requests)) == (2, 3)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"SSH-2.0\r\n\r\n",
    ],
)
async def test_an_answer_whose_end_is_not_told_or_too_far_is_none(
    near: NearSession, peer: HttpPeer, answer: bytes
) -> None:
    peer.answers = [[answer]]
    with pytest.raises(UnreachableError):
        await post(near, peer)
    assert await post(near, peer) == (200, b"{}")
    assert peer.connections == 2


async def test_a_peer_has_a_bounded_real_time_to_answer(
    near: NearSession, peer: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_http, "WHOLE", 0.05)
    peer.answers = [[OK], None]
    await post(near, peer)
    with pytest.raises(UnreachableError, match="TimeoutError"):
        await post(near, peer)


async def test_nobody_listens(near: NearSession, peer: HttpPeer) -> None:
    peer.url = "http://127.0.0.1:1"
    with pytest.raises(UnreachableError):
        await post(near, peer)


async def test_what_leads_elsewhere_goes_by_the_whole_client(near: NearSession, peer: HttpPeer) -> None:
    assert near.path(peer.url + "/v1/a%20b") == "/v1/a%20b"
    elsewhere = ("http://127.0.0.1:1/codes", peer.url + "0/codes", peer.url + "/a b", peer.url + "/a\r\nX: y")
    assert [near.path(url) for url in elsewhere] == [None] * 4
    assert await post_signed(near, f"{peer.url}/codes?a=1", SECRET, "msg_1", {"a": 1}) == (200, b"{}")
    assert (b"User-Agent" in peer.requests[0], b"?a=1" in peer.requests[0]) == (True, True)
