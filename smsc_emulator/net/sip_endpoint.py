"""A SIP user agent on sockets: UDP and TCP on one port, and one timer.

What arrives is fed to the `Agent`, what it wants sent is written at once, and what has happened is told afterwards, one
event at a time, never from within an act: whoever hears of an event may act on any call.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

import structlog

from smsc_emulator.net.open_calls import OpenCalls
from smsc_emulator.net.sip_stream import SipStream
from smsc_emulator.sip.agent import Agent
from smsc_emulator.sip.calls import CallEvent, Ended, Invitation, Peer
from smsc_emulator.sip.timers import Timers

UDP_BUFFER = 1 << 20
"""How many octets of datagrams wait for the kernel at most; what is beyond that is lost, as datagrams are."""
MAX_CONNECTIONS = 1_000
"""How many peers may hold a TCP connection to us at the same time."""

log = structlog.get_logger(__name__)


class SipEndpoint(asyncio.DatagramProtocol):
    """One user agent that listens on a port. It implements `CallControl`."""

    def __init__(
        self,
        token: Callable[[int], str],
        on_event: Callable[[CallEvent], None],
        *,
        timers: Timers = Timers(),  # noqa: B008 - frozen
        open_calls: Path | None = None,
    ) -> None:
        self._token = token
        self._on_event = on_event
        self._timers = timers
        self._open_calls = None if open_calls is None else OpenCalls(open_calls)
        self._udp: asyncio.DatagramTransport | None = None
        self._listener: asyncio.Server | None = None
        self._streams: dict[Peer, SipStream] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._telling = False
        self._settled: dict[str, list[asyncio.Future[None]]] = {}
        self._closed = False
        self.port = 0
        """The port that is listened on."""
        self.taken_over: list[str] = []
        """The calls of an earlier run that were found open at the start, and are being ended."""

    async def start(
        self, host: str, port: int = 0, *, sockets: tuple[socket.socket, socket.socket] | None = None
    ) -> None:
        """Listen, on `port` (0: a free one) or on a UDP and a TCP socket that are bound to one port.

        Raises OSError if that cannot be.
        """
        loop = asyncio.get_running_loop()
        udp, tcp = sockets or _bound(host, port)
        self.port = int(udp.getsockname()[1])
        self._agent = Agent(Peer(_address(udp), self.port), self._token, self._timers)
        self._agent.at(loop.time())
        await loop.create_datagram_endpoint(lambda: self, sock=udp)
        self._listener = await loop.create_server(lambda: SipStream(self), sock=tcp, backlog=256)
        self._work()

    async def close(self) -> None:
        """Stop listening and close every connection. Calls that are open stay open at their peers."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._listener is not None:
            self._listener.close()
        for stream in list(self._streams.values()):
            stream.abort()
        if self._udp is not None:
            self._udp.close()
        for futures in self._settled.values():
            for future in futures:
                future.cancel()
        await asyncio.sleep(0)

    # The CallControl.

    def invite(self, call: str, peer: Peer, invitation: Invitation, *, expires: int | None = None) -> None:
        """Call somebody."""
        self._now().invite(call, peer, invitation, expires=expires)
        self._work()

    def progress(self, call: str, status: int, *, early_media: bool = False) -> None:
        """Send a provisional response to an incoming call."""
        self._now().progress(call, status, early_media=early_media)
        self._work()

    def answer(self, call: str) -> None:
        """Answer an incoming call."""
        self._now().answer(call)
        self._work()

    def end(self, call: str, status: int = 480, cause: int | None = None) -> None:
        """End a call."""
        self._now().end(call, status, cause)
        self._work()

    # Waiting.

    def pending(self, call: str) -> bool:
        """Return whether a call waits for the peer's machine: for a response or an ACK, not for a user."""
        return self._agent.pending(call)

    async def settled(self, call: str) -> None:
        """Wait until a call waits for nothing but a user, or is over."""
        if self.pending(call):
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._settled.setdefault(call, []).append(future)
            await future

    # What asyncio calls for UDP.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._udp = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take a datagram; one of two line ends keeps a way through a NAT open (RFC 5626, 3.5.1)."""
        if data.strip(b"\r\n\x00"):
            self.take([data], Peer(addr[0], addr[1]))

    def error_received(self, exc: OSError) -> None:
        """Leave a datagram that was not sent to the retransmissions: nobody tells whose it was."""

    # What the streams call.

    def take(self, messages: list[bytes], peer: Peer) -> None:
        """Take messages that came together."""
        now = asyncio.get_running_loop().time()
        for message in messages:
            try:
                self._agent.receive(message, peer, now)
            except Exception:
                # One peer's message must not end the others' calls, whatever it made us do.
                log.exception("a SIP message failed")
        self._work()

    def admit(self, peer: Peer, stream: SipStream) -> bool:
        """Take note of a connection; False if there are too many."""
        if len(self._streams) >= MAX_CONNECTIONS:
            return False
        self._streams[peer] = stream
        return True

    def lost(self, peer: Peer, stream: SipStream) -> None:
        """Take note that a connection is gone, or could not be made."""
        if self._streams.get(peer) is stream:
            del self._streams[peer]
            if not self._closed:
                self._agent.transport_failed(peer, asyncio.get_running_loop().time())
                self._work()

    # The work.

    def _now(self) -> Agent:
        return self._agent.at(asyncio.get_running_loop().time())

    def _work(self) -> None:
        """Send what is to be sent, set the timer, and have told what has happened."""
        self._send()
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)
        self._plan()

    def _send(self) -> None:
        joined: dict[Peer, list[bytes]] = {}
        for peer, data in self._agent.data_to_send():
            if peer.transport == "tcp":
                joined.setdefault(peer, []).append(data)
            elif self._udp is not None and self._udp.get_write_buffer_size() < UDP_BUFFER:
                with suppress(OSError):  # an address that cannot be sent to is as one that does not answer
                    self._udp.sendto(data, (peer.host, peer.port))
        for peer, parts in joined.items():
            stream = self._streams.get(peer)
            if stream is None:
                stream = self._streams[peer] = SipStream(self, peer)
            stream.write(b"".join(parts))

    def _tell(self) -> None:
        self._telling = False
        if self._closed:
            return
        for event in self._agent.events():
            if isinstance(event, Ended) and self._open_calls is not None:
                self._open_calls.strike(event.call)
            try:
                self._on_event(event)
            except Exception:
                log.exception("an event of a call failed")
        for call in [call for call in self._settled if not self.pending(call)]:
            for future in self._settled.pop(call):
                if not future.done():
                    future.set_result(None)

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._agent.next_deadline()
        if due is not None and not self._closed:
            self._timer = asyncio.get_running_loop().call_at(due, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._agent.handle_deadline(asyncio.get_running_loop().time())
        self._work()


def _bound(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a TCP socket on one port; 0 takes one that is free for both. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(20):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        tcp = socket.socket(family, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            udp.bind((host, port))
            tcp.bind((host, udp.getsockname()[1]))
        except OSError as error:
            udp.close()
            tcp.close()
            failure = error
            if port:
                break
        else:
            return udp, tcp
    raise failure


def _address(bound: socket.socket) -> str:
    """Return the address that our Via and Contact tell: for a socket on all addresses, the one that routes outwards."""
    host = str(bound.getsockname()[0])
    if host not in ("0.0.0.0", "::"):  # noqa: S104 - compared with, not bound to
        return host
    outwards = "2001:db8::1" if ":" in host else "192.0.2.1"
    with socket.socket(bound.family, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect((outwards, 9))  # sends nothing
        return str(probe.getsockname()[0])
    return "::1" if ":" in host else "127.0.0.1"
