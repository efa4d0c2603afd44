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
from smsc_emulator.net.tap import Tap
from smsc_emulator.sip.agent import Agent
from smsc_emulator.sip.calls import Answered, CallEvent, Ended, Invitation, Peer
from smsc_emulator.sip.digest import Credentials
from smsc_emulator.sip.fields import read_via
from smsc_emulator.sip.open_call import OpenCall, SentAgain
from smsc_emulator.sip.registering import Registering
from smsc_emulator.sip.timers import Timers

UDP_BUFFER = 1 << 20
"""How many octets of datagrams wait for the kernel, or in it for us, at most; what is beyond that is lost."""
CLOSE_PATIENCE = 0.5
"""How long a closing endpoint waits for its peers to answer, in seconds."""
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
        timers: Timers = Timers(),  # noqa: B008 - it is frozen
        open_calls: Path | None = None,
        on_register: Callable[[Registering], None] | None = None,
        credentials: Callable[[Peer], Credentials | None] = lambda _peer: None,
    ) -> None:
        """`token` must never repeat itself, not even in a seeded lab: peers tell calls by what it returns.

        Without `on_register` a REGISTER is not allowed. `credentials` are those for a peer that asks for some.
        """
        self.tap: Tap | None = None
        self._token = token
        self._on_event = on_event
        self._on_register = on_register
        self._credentials = credentials
        self._timers = timers
        self._path = open_calls
        self._open_calls: OpenCalls | None = None
        self._events: list[CallEvent | Registering] = []
        self._deserted = asyncio.Event()
        self._udp: asyncio.DatagramTransport | None = None
        self._listener: asyncio.Server | None = None
        self._streams: dict[Peer, SipStream] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._telling = False
        self._settled: dict[str, list[asyncio.Future[None]]] = {}
        self._closed = False
        self.on_invited: Callable[[str, str], None] = lambda _call, _call_id: None
        """Told of each call that is placed, and of its Call-ID."""
        self.port = 0
        """The port that is listened on."""
        self.taken_over: list[str] = []
        """The calls of an earlier run that were found open at the start, and are being ended."""

    async def start(
        self, host: str, port: int = 0, *, sockets: tuple[socket.socket, socket.socket] | None = None
    ) -> None:
        """Listen, on `port` (0: a free one) or on a UDP and a TCP socket that are bound to one port.

        Calls that an earlier run has left open are ended. On a free port it listens where that run did, if it can: the
        answers to that run's INVITEs come there. Raises OSError if it cannot listen, or cannot write `open_calls`.
        """
        loop = asyncio.get_running_loop()
        self._open_calls = None if self._path is None else OpenCalls(self._path)
        left = [] if self._open_calls is None else self._open_calls.all()
        try:
            udp, tcp = sockets or _bound(host, port, prefer=_port_of(left))
        except OSError:
            if self._open_calls is not None:
                self._open_calls.close()
            raise
        # A burst of calls must fit in: a provisional response that is lost is not sent again.
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER)
        self.port = int(udp.getsockname()[1])
        self._local, registrar = Peer(_address(udp), self.port), self._on_register is not None
        self._agent = Agent(self._local, self._token, self._timers, registrar=registrar, credentials=self._credentials)
        self._agent.at(loop.time())
        await loop.create_datagram_endpoint(lambda: self, sock=udp)
        self._listener = await loop.create_server(lambda: SipStream(self), sock=tcp, backlog=256)
        for call in left:
            self.taken_over.append(call.call)
            self._agent.take_over(call)
        self._work()

    @property
    def listens(self) -> bool:
        """Whether it can be reached: it has been started, and neither closed nor broken off by the system."""
        return (
            self._udp is not None
            and not self._udp.is_closing()
            and self._listener is not None
            and self._listener.is_serving()
        )

    async def close(self) -> None:
        """End every call, give the peers a moment to answer, stop listening, and close every connection.

        Nothing is told any more. What the peers have not answered by then is taken over by the next run.
        """
        if self._udp is None or self._closed:
            return
        self._closed = True
        self._now().end_all()
        self._work()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_PATIENCE):
                while self._agent.busy:
                    self._deserted.clear()
                    await self._deserted.wait()
        if self._timer is not None:
            self._timer.cancel()
        if self._listener is not None:
            self._listener.close()
        for stream in list(self._streams.values()):
            stream.abort()
        self._udp.close()
        if self._open_calls is not None:
            self._open_calls.close()
        for futures in self._settled.values():
            for future in futures:
                future.cancel()
        await asyncio.sleep(0)

    # The CallControl.

    def invite(self, call: str, peer: Peer, invitation: Invitation, *, expires: int | None = None) -> None:
        """Call somebody. Raises OSError if the call cannot be written down; then it is not made."""
        self._now().invite(call, peer, invitation, expires=expires)
        try:
            self._write_down(call)
        except OSError:
            self._agent.unmake(call)
            raise
        if (known := self._agent.open_call(call)) is not None:
            self.on_invited(call, known.call_id)
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

    # What a registrar does.

    def accept_registration(self, request: str, contact: str | None, expires: int) -> None:
        """Answer a REGISTER with what is registered now, and for how many seconds."""
        self._now().accept_registration(request, contact, expires)
        self._work()

    def challenge(self, request: str, challenges: list[str]) -> None:
        """Ask who registers: with the values of `Authenticator.challenges`."""
        self._now().challenge(request, challenges)
        self._work()

    def refuse_registration(self, request: str, status: int) -> None:
        """Refuse a REGISTER."""
        self._now().refuse_registration(request, status)
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
        if (tap := self.tap) is not None:
            tap.datagram((self._local.host, self.port), addr[:2], data, outbound=False)
        if data.strip(b"\r\n\x00"):
            self.take([data], Peer(addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
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
        """Write down what has happened, send what is to be sent, set the timer, and have told the rest."""
        for event in self._agent.events():
            try:
                if isinstance(event, Answered | SentAgain):
                    self._write_down(event.call)
                elif isinstance(event, Ended) and self._open_calls is not None:
                    self._open_calls.strike(event.call)
            except OSError:
                log.exception("the list of open calls cannot be written")
            if not isinstance(event, SentAgain):
                self._events.append(event)
        self._send()
        self._deserted.set()
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)
        self._plan()

    def _write_down(self, call: str) -> None:
        if self._open_calls is not None and (known := self._agent.open_call(call)) is not None:
            self._open_calls.add(known)

    def _send(self) -> None:
        joined: dict[Peer, list[bytes]] = {}
        for peer, data in self._agent.data_to_send():
            if peer.transport == "tcp":
                joined.setdefault(peer, []).append(data)
            elif self._udp is not None and not self._udp_is_full():
                if (tap := self.tap) is not None:
                    tap.datagram((self._local.host, self.port), (peer.host, peer.port), data, outbound=True)
                with suppress(OSError):  # an address that cannot be sent to is as one that does not answer
                    self._udp.sendto(data, (peer.host, peer.port))
        for peer, parts in joined.items():
            stream = self._streams.get(peer)
            if stream is None:
                stream = self._streams[peer] = SipStream(self, peer)
            stream.write(b"".join(parts))

    def _udp_is_full(self) -> bool:
        # asyncio's datagram transport has this, its abstract class does not.
        waiting = getattr(self._udp, "get_write_buffer_size", None)
        return waiting is not None and waiting() > UDP_BUFFER

    def _tell(self) -> None:
        self._telling = False
        events, self._events = self._events, []
        for event in events:
            if not self._closed:
                self._tell_one(event)
        for call in [call for call in self._settled if not self.pending(call)]:
            for future in self._settled.pop(call):
                if not future.done():
                    future.set_result(None)

    def _tell_one(self, event: CallEvent | Registering) -> None:
        try:
            if isinstance(event, Registering):
                assert self._on_register is not None
                self._on_register(event)
            elif event.call not in self.taken_over:
                self._on_event(event)
        except Exception:
            # What one call makes its hearer do wrong must not end the others.
            log.exception("an event of a call failed")
            if isinstance(event, Registering):
                self.refuse_registration(event.request, 500)

    def _plan(self) -> None:
        due = self._agent.next_deadline()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._agent.handle_deadline(asyncio.get_running_loop().time())
        self._work()


def _port_of(left: list[OpenCall]) -> int:
    """Return the port that the calls of an earlier run were made from."""
    return next((read_via(call.via).port for call in left), 0)


def _bound(host: str, port: int, *, prefer: int = 0) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a TCP socket on one port; 0 takes `prefer`, or one that is free for both. Raises OSError."""
    if prefer and not port:
        with suppress(OSError):
            return _bound(host, prefer)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(20):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        tcp = socket.socket(family, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # or IPv4 peers would come as ::ffff:192.0.2.1, which no trunk is configured as
            for each in (udp, tcp):
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
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
    # As asyncio tells it for its own sockets; the error of a bare one does not name the address.
    raise OSError(failure.errno, f"error while attempting to bind on address ({host!r}, {port})") from failure


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
