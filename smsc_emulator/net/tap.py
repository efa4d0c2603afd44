"""Where a capture listens: at the points where a transport is read and written.

Each part that has links has an attribute `tap`. It is None unless a capture runs, so that a link pays for one look.
"""

import asyncio
from typing import Protocol

Address = tuple[str, int]


class Tap(Protocol):
    """Hears what goes over the links of one part. Nothing that it is told may make it raise."""

    def opened(self, transport: asyncio.BaseTransport, *, by_peer: bool) -> None:
        """Take note of a new connection."""

    def read(self, transport: asyncio.BaseTransport, octets: bytes) -> None:
        """Take note of octets that have come, in clear also where the wire has TLS."""

    def wrote(self, transport: asyncio.BaseTransport, octets: bytes) -> None:
        """Take note of octets that are handed to the transport."""

    def closed(self, transport: asyncio.BaseTransport, *, broken: bool) -> None:
        """Take note of the end of a connection; `broken` if it was reset."""

    def datagram(self, local: Address, peer: Address, octets: bytes, *, outbound: bool) -> None:
        """Take note of a datagram."""


class Tapped(Protocol):
    """A part that can be listened to."""

    tap: Tap | None
