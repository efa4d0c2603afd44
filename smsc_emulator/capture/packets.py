"""IP packets around what a socket has read or written: the lab sees octets, a dissector wants packets.

Addresses and ports are those of the sockets. What no socket tells is made up: time to live, window and, for a stream,
how its octets were cut into segments.
"""

import struct
from enum import IntFlag
from ipaddress import ip_address

from smsc_emulator.frozen import frozen

_TCP, _UDP = 6, 17
_HOPS = 64
_WINDOW = 0xFFFF


class Flag(IntFlag):
    """The flags of a TCP segment that a capture has (RFC 9293, 3.1)."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10


@frozen
class End:
    """One end of a conversation: an IP address without a zone, and a port."""

    host: str
    port: int

    @classmethod
    def of(cls, address: tuple[object, ...]) -> "End":
        """Return the end that a socket's address tells, of either family."""
        return cls(str(address[0]).partition("%")[0], int(str(address[1])))

    @property
    def packed(self) -> bytes:
        """The address as it stands in an IP header."""
        return ip_address(self.host).packed


def segment(source: End, target: End, number: int, acknowledged: int, flags: Flag, payload: bytes = b"") -> bytes:
    """Return a TCP segment; `number` and `acknowledged` are taken modulo 2**32."""
    numbers = number & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF
    head = struct.pack(">HHIIBBHHH", source.port, target.port, *numbers, 0x50, flags, _WINDOW, 0, 0)
    return _packet(source, target, _TCP, head, 16, payload)


def datagram(source: End, target: End, payload: bytes) -> bytes:
    """Return a UDP datagram."""
    head = struct.pack(">HHHH", source.port, target.port, 8 + len(payload), 0)
    return _packet(source, target, _UDP, head, 6, payload)


def _packet(source: End, target: End, protocol: int, head: bytes, checksum_at: int, payload: bytes) -> bytes:
    """Return the packet of a transport's head and payload, with the checksum put in its place in the head."""
    ours, theirs = source.packed, target.packed
    body = head + payload
    pseudo = ours + theirs + struct.pack(">II", len(body), protocol)  # RFC 8200, 8.1; for IPv4 the sum is the same
    total = _checksum(pseudo + body) or 0xFFFF  # 0 means none to UDP (RFC 768)
    body = head[:checksum_at] + struct.pack(">H", total) + head[checksum_at + 2 :] + payload
    if len(ours) == 16:
        return struct.pack(">IHBB", 0x60000000, len(body), protocol, _HOPS) + ours + theirs + body
    fixed = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, _HOPS, protocol, 0) + ours + theirs
    return fixed[:10] + struct.pack(">H", _checksum(fixed)) + fixed[12:] + body


def _checksum(octets: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    if len(octets) % 2:
        octets += b"\0"
    total: int = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
