"""Calls between endpoints, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from itertools import count

import pytest

from smsc_emulator.net.sip_endpoint import SipEndpoint
from smsc_emulator.sip.calls import Answered, CallEvent, Ended, Incoming, Invitation, Peer, Progress, Transport

HOST = "127.0.0.1"
INVITATION = Invitation("+70001000001", "+70000000001")


def tokens(prefix: str) -> Callable[[int], str]:
    numbers = count()
    return lambda length: f"{prefix}{next(numbers):0{length - len(prefix)}d}"


class Side:
    """An endpoint and what it was told."""

    def __init__(self, name: str) -> None:
        self.events: asyncio.Queue[CallEvent] = asyncio.Queue()
        self.endpoint = SipEndpoint(tokens(name), self.events.put_nowait)

    def peer(self, transport: Transport = "udp") -> Peer:
        return Peer(HOST, self.endpoint.port, transport)

    async def next(self) -> CallEvent:
        async with asyncio.timeout(5):
            return await self.events.get()

    async def called(self) -> str:
        event = await self.next()
        assert isinstance(event, Incoming)
        return event.call


@pytest.fixture
async def sides() -> AsyncIterator[tuple[Side, Side]]:
    caller, callee = Side("a"), Side("b")
    await caller.endpoint.start(HOST)
    await callee.endpoint.start(HOST)
    yield caller, callee
    await caller.endpoint.close()
    await callee.endpoint.close()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call_rings_and_is_hung_up(sides: tuple[Side, Side], transport: Transport) -> None:
    caller, callee = sides
    caller.endpoint.invite("one", callee.peer(transport), INVITATION)
    call = await callee.called()
    callee.endpoint.progress(call, 180)
    assert await caller.next() == Progress("one", 180)
    caller.endpoint.end("one", cause=16)
    assert await callee.next() == Ended(call, 487, 16, answered=False, by_peer=True)
    assert await caller.next() == Ended("one", 487, None, answered=False, by_peer=False)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call_is_refused_with_status_and_cause(sides: tuple[Side, Side], transport: Transport) -> None:
    caller, callee = sides
    caller.endpoint.invite("one", callee.peer(transport), INVITATION)
    call = await callee.called()
    callee.endpoint.end(call, 486, 17)
    assert await callee.next() == Ended(call, 486, 17, answered=False, by_peer=False)
    assert await caller.next() == Ended("one", 486, 17, answered=False, by_peer=True)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("caller_hangs_up", [True, False])
async def test_a_call_is_answered_and_either_side_hangs_up(
    sides: tuple[Side, Side], transport: Transport, caller_hangs_up: bool
) -> None:
    caller, callee = sides
    caller.endpoint.invite("one", callee.peer(transport), INVITATION)
    call = await callee.called()
    callee.endpoint.answer(call)
    assert await caller.next() == Answered("one")
    assert await callee.next() == Answered(call)
    side, name = (caller, "one") if caller_hangs_up else (callee, call)
    side.endpoint.end(name, cause=16)
    assert await caller.next() == Ended("one", 200, None if caller_hangs_up else 16, True, not caller_hangs_up)
    assert await callee.next() == Ended(call, 200, 16 if caller_hangs_up else None, True, caller_hangs_up)


async def test_a_peer_over_tcp_that_vanishes_is_noticed_by_the_system(sides: tuple[Side, Side]) -> None:
    caller, callee = sides
    caller.endpoint.invite("one", callee.peer("tcp"), INVITATION)
    await callee.called()
    for endpoint in (caller.endpoint, callee.endpoint):
        (stream,) = endpoint._streams.values()
        assert stream._transport is not None
        connection = stream._transport.get_extra_info("socket")
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_an_endpoint_on_all_addresses_of_one_family_leaves_the_other_alone() -> None:
    """An IPv4 peer would come as ::ffff:127.0.0.1, which is no trunk's address."""
    for tries_left in reversed(range(10)):
        six, four = SipEndpoint(tokens("s"), lambda event: None), SipEndpoint(tokens("f"), lambda event: None)
        try:
            await six.start("::")
        except OSError:
            pytest.skip("the system has no IPv6")
        try:
            await four.start("0.0.0.0", six.port)
            assert four.port == six.port
            break
        except OSError:  # another process may have the port in IPv4, but not each of ten
            if not tries_left:
                raise
        finally:
            await four.close()
            await six.close()
