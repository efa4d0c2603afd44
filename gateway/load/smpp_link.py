"""One SMPP session of the load tool on its socket: it binds, exchanges, and unbinds."""

import asyncio
from typing import TYPE_CHECKING, Final, cast

from gateway.load.exchange import Exchange
from smsc_emulator.smpp import codec
from smsc_emulator.smpp.codec import HEADER
from smsc_emulator.smpp.config import MAX_LENGTH
from smsc_emulator.smpp.constants import RESPONSE_BIT, CommandId, status_name
from smsc_emulator.smpp.errors import FramingError
from smsc_emulator.smpp.pdus import Bind

if TYPE_CHECKING:
    from gateway.load.smpp import Clock

QUANTUM: Final = 200
"""Microseconds within which what is due shares a write, so that high rates do not cost a call of the kernel each."""


class BindFailedError(Exception):
    """A session could not be bound; the message is a sentence for people."""


class Link(asyncio.Protocol):
    """One connection. `bound` and `over` are futures; the exchange outlives the link."""

    def __init__(self, bind: Bind, exchange: Exchange, clock: "Clock") -> None:
        self._bind = bind
        self._exchange = exchange
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self.bound: asyncio.Future[None] = self._loop.create_future()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._binds = True
        self._head = b""
        self._timer: asyncio.TimerHandle | None = None
        self._running = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to be bound. asyncio sets TCP_NODELAY on its own."""
        self._transport = cast(asyncio.Transport, transport)
        self._bind.sequence_number = 1
        self._transport.write(codec.encode(self._bind))

    def data_received(self, data: bytes) -> None:
        """Take what has come, and send answers and what their place is free for in one write."""
        try:
            if self._binds:
                data = self._binding(data)
            now = self._clock.now()
            octets = self._exchange.receive(data, now)
        except FramingError:
            self._fail("the peer sent octets that are no SMPP")
            return
        if self._running:
            octets += self._exchange.send(now)
        if octets:
            self._transport.write(octets)
        if self._exchange.over:
            self._transport.close()
        elif self._running and self._timer is None:
            self._set_timer(now)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count what is lost with the link."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()
        self._fail("the connection was closed before the bind was answered")
        self._exchange.lost(self._clock.now())
        if not self.over.done():
            self.over.set_result(None)

    def start(self) -> None:
        """Begin to submit, unless the peer has gone already."""
        if not self.over.done():
            self._running = True
            self.pump()

    def pump(self) -> None:
        """Send what may go out now."""
        self._timer = None
        if not self._running:
            return
        now = self._clock.now()
        if octets := self._exchange.send(now):
            self._transport.write(octets)
        self._set_timer(now)

    def nudge(self) -> None:
        """Look again at what may go out, after something else than an answer has made room."""
        if self._running and self._timer is None:
            self.pump()

    def unbind(self) -> None:
        """Take leave; the peer's answer or its end of the connection ends the link."""
        self._running = False
        if not self._transport.is_closing():
            self._transport.write(HEADER.pack(16, CommandId.UNBIND, 0, 0x7FFFFFFF))

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    def _set_timer(self, now: int) -> None:
        wanted = self._exchange.supply.wanted(self._exchange.open, now)
        if wanted is not None:
            self._timer = self._loop.call_at(self._clock.real(max(wanted, now + QUANTUM)), self.pump)

    def _binding(self, data: bytes) -> bytes:
        """Look for the answer to the bind; return what follows it."""
        self._head += data
        while len(self._head) >= HEADER.size:
            length, command, status, _ = HEADER.unpack_from(self._head)
            if not HEADER.size <= length <= MAX_LENGTH:
                raise FramingError(length, MAX_LENGTH)
            if len(self._head) < length:
                break
            self._head = self._head[length:]
            if command in (self._bind.command_id | RESPONSE_BIT, CommandId.GENERIC_NACK):
                self._answered(status)
                return self._head
        return b""

    def _answered(self, status: int) -> None:
        self._binds = False
        if status:
            self._fail(f"the bind was refused with {status_name(status)}")
        elif not self.bound.done():
            self.bound.set_result(None)

    def _fail(self, sentence: str) -> None:
        if not self.bound.done():
            self.bound.set_exception(BindFailedError(sentence))
        self._transport.abort()
