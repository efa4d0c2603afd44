"""One TCP connection that carries SIP, whoever has opened it."""

import asyncio
import socket
from typing import TYPE_CHECKING, cast

from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.framing import Framer, FramingError

if TYPE_CHECKING:
    from smsc_emulator.net.sip_endpoint import SipEndpoint

STREAM_BUFFER = 1 << 20
"""How many octets wait for a peer that does not read; beyond that its connection is dropped."""
CONNECT_PATIENCE = 5.0
"""How long a connection may take to be made, in seconds."""

SILENCE = 120
"""After how many seconds of silence the system asks a peer whether it is there; it gives up after as many more."""


class SipStream(asyncio.Protocol):
    """Cuts what comes into messages, and keeps what is to be written until there is a connection."""

    def __init__(self, endpoint: "SipEndpoint", peer: Peer | None = None) -> None:
        self._endpoint = endpoint
        self._peer = peer
        self._framer = Framer()
        self._waiting = b""
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        if peer is not None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect(peer))

    def write(self, data: bytes) -> None:
        """Send, as soon as there is a connection."""
        if self._transport is None:
            if len(self._waiting) + len(data) <= STREAM_BUFFER:
                self._waiting += data
        elif self._transport.get_write_buffer_size() + len(data) > STREAM_BUFFER:
            self._transport.abort()
        else:
            self._emit(self._transport, data)

    def abort(self) -> None:
        """Drop the connection, or the attempt to make it."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, and send what has waited."""
        self._transport = cast(asyncio.Transport, transport)
        _notice_when_it_vanishes(transport.get_extra_info("socket"))
        if (tap := self._endpoint.tap) is not None:
            tap.opened(transport, by_peer=self._peer is None)
        if self._peer is None:
            host, port = transport.get_extra_info("peername")[:2]
            self._peer = Peer(host, port, "tcp")
            if not self._endpoint.admit(self._peer, self):
                self._transport.abort()
                return
        if self._waiting:
            self._emit(self._transport, self._waiting)
            self._waiting = b""

    def data_received(self, data: bytes) -> None:
        """Hand over the messages that are whole; two empty lines ask for one back (RFC 5626, 3.5.1)."""
        assert self._peer is not None
        if (tap := self._endpoint.tap) is not None and self._transport is not None:
            tap.read(self._transport, data)
        if data == b"\r\n\r\n" and self._transport is not None:
            self._emit(self._transport, b"\r\n")
        try:
            if messages := self._framer.feed(data):
                self._endpoint.take(messages, self._peer)
                self._framer.feed(b"")
        except FramingError:
            if self._transport is not None:
                self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that it is gone."""
        if (tap := self._endpoint.tap) is not None and self._transport is not None:
            tap.closed(self._transport, broken=exc is not None)
        if self._peer is not None:
            self._endpoint.lost(self._peer, self)

    def _emit(self, transport: asyncio.Transport, data: bytes) -> None:
        if (tap := self._endpoint.tap) is not None:
            tap.wrote(transport, data)
        transport.write(data)

    async def _connect(self, peer: Peer) -> None:
        try:
            async with asyncio.timeout(CONNECT_PATIENCE):
                await asyncio.get_running_loop().create_connection(lambda: self, peer.host, peer.port)
        except (OSError, TimeoutError):
            self._endpoint.lost(peer, self)
        finally:
            self._connecting = None


def _notice_when_it_vanishes(connection: socket.socket | None) -> None:
    """Have the system ask a silent peer whether it is there: one that vanished would hold its place for ever."""
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", SILENCE), ("TCP_KEEPINTVL", SILENCE // 4), ("TCP_KEEPCNT", 4)):
            if (option := getattr(socket, name, None)) is not None:  # not all systems have them
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
