"""Whatever comes, the endpoint goes on serving."""

import asyncio
import logging
import random
import socket
from contextlib import suppress
from itertools import count

import pytest
from sip_pair import INVITATION, tokens

from smsc_emulator.net import sip_endpoint, sip_stream
from smsc_emulator.net.sip_endpoint import SipEndpoint
from smsc_emulator.sip.calls import CallEvent, Ended, Incoming, Invitation, Peer

HOST = "127.0.0.1"
RUNS = count()
"""Peers tell calls by their tokens, so no two callers have the same."""
INVITE = (
    b"INVITE sip:+70000000001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bK1;rport\r\n"
    b'From: "A, B" <sip:+70001000001@127.0.0.1>;tag=x\r\nTo: <sip:+70000000001@127.0.0.1>\r\nCall-ID: c1\r\n'
    b"CSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1:5999;transport=udp>\r\nMax-Forwards: 70\r\nExpires: 1\r\n"
    b"P-Asserted-Identity: <sip:+70001000001@127.0.0.1>, <tel:+70001000001>\r\nPrivacy: id\r\n"
    b'Reason: Q.850;cause=16;text="x"\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n'
)
REGISTER = (
    b"REGISTER sip:127.0.0.1 SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK2\r\nf: sip:a@b;tag=1\r\nt: sip:a@b\r\n"
    b'i: 2\r\nCSeq: 2 REGISTER\r\nm: *\r\nAuthorization: Digest username="a", nonce="b"\r\nl: 0\r\n\r\n'
)
CANCEL = (
    b"CANCEL sip:+70000000001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bK1;rport\r\n"
    b"From: <sip:a@b>;tag=x\r\nTo: <sip:a@b>\r\nCall-ID: c1\r\nCSeq: 1 CANCEL\r\n\r\n"
)
ANSWER = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK9\r\nFrom: <sip:a@b>;tag=x\r\nTo: <sip:a@b>;tag=y\r\n"
    b"Call-ID: c1\r\nCSeq: 1 INVITE\r\nRecord-Route: <sip:1;lr>\r\n\r\n"
)
SEEDS = [INVITE, REGISTER, CANCEL, ANSWER]


def mutated(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + chance.randrange(1, 20)]
            case 2:
                data[at:at] = chance.choice([b"\r\n", b";", b",", b'"', b"<", b">", b":", b"\x00", b"%", b"9" * 50])
            case _:
                begin = chance.randrange(len(data) + 1)
                data[at:at] = data[begin : begin + chance.randrange(1, 60)]
    return bytes(data)


class Counting(SipEndpoint):
    """An endpoint that counts the datagrams that it has taken."""

    taken = 0
    _more = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.taken += 1
        self._more.set()
        super().datagram_received(data, addr)

    async def took(self, number: int) -> None:
        while self.taken < number:
            self._more.clear()
            await self._more.wait()


async def serves(endpoint: SipEndpoint, incoming: "asyncio.Queue[CallEvent]") -> None:
    """A call through the endpoint still works."""
    caller_events: asyncio.Queue[CallEvent] = asyncio.Queue()
    caller = SipEndpoint(tokens(f"r{next(RUNS)}"), caller_events.put_nowait)
    await caller.start(HOST)
    said = Invitation("+70001000099", "+70000000099")
    caller.invite("after", Peer(HOST, endpoint.port), said)
    async with asyncio.timeout(10):
        while True:
            event = await incoming.get()
            if isinstance(event, Incoming) and event.invitation.caller == said.caller:
                break
        endpoint.end(event.call, 486, 17)
        assert await caller_events.get() == Ended("after", 486, 17, False, True)
    await caller.close()


async def test_five_thousand_mutated_datagrams_leave_the_endpoint_serving(caplog: pytest.LogCaptureFixture) -> None:
    incoming: asyncio.Queue[CallEvent] = asyncio.Queue()
    endpoint = Counting(tokens("e"), incoming.put_nowait, on_register=lambda asked: None)
    await endpoint.start(HOST)
    failed: list[object] = []
    with pytest.MonkeyPatch.context() as patched, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as abuser:
        patched.setattr(sip_endpoint.log, "exception", lambda *said, **more: failed.append(said))
        abuser.bind((HOST, 0))
        abuser.setblocking(False)
        chance = random.Random(3261)
        async with asyncio.timeout(60):
            for number in range(5_000):
                abuser.sendto(mutated(chance), (HOST, endpoint.port))
                await endpoint.took(number - 20)
        await serves(endpoint, incoming)
    assert not failed
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    await endpoint.close()


async def test_a_hearer_that_fails_does_not_stop_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_endpoint.log, "exception", lambda *said, **more: None)
    incoming: asyncio.Queue[CallEvent] = asyncio.Queue()

    def take(event: CallEvent) -> None:
        incoming.put_nowait(event)
        raise RuntimeError("the hearer has failed")

    endpoint = SipEndpoint(tokens("e"), take)
    await endpoint.start(HOST)
    await serves(endpoint, incoming)
    await serves(endpoint, incoming)
    await endpoint.close()


async def test_a_registrar_that_fails_answers_500(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_endpoint.log, "exception", lambda *said, **more: None)

    def take(asked: object) -> None:
        raise RuntimeError("the hearer has failed")

    endpoint = SipEndpoint(tokens("e"), lambda event: None, on_register=take)
    await endpoint.start(HOST)
    reader, writer = await asyncio.open_connection(HOST, endpoint.port)
    writer.write(REGISTER.replace(b"m: *\r\n", b""))
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"SIP/2.0 500")
    writer.close()
    await writer.wait_closed()
    await endpoint.close()


async def test_a_stream_is_cut_into_messages_answered_together_and_closed_when_it_cannot_be_cut() -> None:
    endpoint = SipEndpoint(tokens("e"), lambda event: None)
    await endpoint.start(HOST)
    reader, writer = await asyncio.open_connection(HOST, endpoint.port)
    options = REGISTER.replace(b"REGISTER", b"OPTIONS")
    writer.write(b"\r\n\r\n")
    async with asyncio.timeout(5):
        assert await reader.readexactly(2) == b"\r\n"
        writer.write(options + options.replace(b"z9hG4bK2", b"z9hG4bK3") + b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n")
        answers = await reader.read()
    assert answers.count(b"SIP/2.0 200 OK") == 2
    writer.close()
    await writer.wait_closed()
    await endpoint.close()


async def test_a_tcp_peer_that_is_not_there_ends_the_call_with_503() -> None:
    events: asyncio.Queue[CallEvent] = asyncio.Queue()
    endpoint = SipEndpoint(tokens("e"), events.put_nowait)
    await endpoint.start(HOST)
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        endpoint.invite("one", Peer(HOST, taken.getsockname()[1], "tcp"), INVITATION)
        async with asyncio.timeout(5):
            assert await events.get() == Ended("one", 503, None, False, False)
    await endpoint.close()


async def test_a_peer_that_does_not_read_loses_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_stream, "STREAM_BUFFER", 100_000)
    endpoint = SipEndpoint(tokens("e"), lambda event: None)
    await endpoint.start(HOST)
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        lazy.connect((HOST, endpoint.port))
        lazy.setblocking(False)
        loop = asyncio.get_running_loop()
        options = REGISTER.replace(b"REGISTER", b"OPTIONS")

        async def ask_on_and_on() -> None:
            for number in range(1_000_000):
                await loop.sock_sendall(lazy, options.replace(b"z9hG4bK2", b"z9hG4bK%d" % number))

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(ask_on_and_on(), 30)
    await endpoint.close()


async def test_too_many_connections_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_endpoint, "MAX_CONNECTIONS", 2)
    endpoint = SipEndpoint(tokens("e"), lambda event: None)
    await endpoint.start(HOST)
    opened = [await asyncio.open_connection(HOST, endpoint.port) for _ in range(3)]
    async with asyncio.timeout(5):
        with suppress(ConnectionResetError):
            assert await opened[2][0].read() == b""
    assert not opened[1][0].at_eof()
    for _, writer in opened:
        writer.close()
    await endpoint.close()


async def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, 0))
        endpoint = SipEndpoint(tokens("e"), lambda event: None)
        with pytest.raises(OSError, match="address"):
            await endpoint.start(HOST, taken.getsockname()[1])
    await endpoint.close()


async def test_an_endpoint_on_all_addresses_tells_one_that_can_be_reached() -> None:
    incoming: asyncio.Queue[CallEvent] = asyncio.Queue()
    endpoint = SipEndpoint(tokens("e"), incoming.put_nowait)
    await endpoint.start("0.0.0.0")
    await serves(endpoint, incoming)
    await endpoint.close()


async def test_calls_work_over_ipv6() -> None:
    events: asyncio.Queue[CallEvent] = asyncio.Queue()
    endpoint = SipEndpoint(tokens("e"), events.put_nowait)
    try:
        await endpoint.start("::1")
    except OSError:
        pytest.skip("there is no IPv6 here")
    endpoint.invite("one", Peer("::1", endpoint.port), INVITATION)
    async with asyncio.timeout(5):
        incoming = await events.get()
        assert isinstance(incoming, Incoming)
        endpoint.answer(incoming.call)
        await events.get()
        await events.get()
        endpoint.end("one")
        assert {(await events.get()).call, (await events.get()).call} == {"one", incoming.call}
    await endpoint.close()
