"""The blocks of a pcapng file (draft-ietf-opsawg-pcapng), as far as a capture of the lab needs them.

A file is one section: its header, a description of each interface, then a block for each packet.
"""

import struct
from collections.abc import Iterable, Sequence

RAW_IP = 101
"""The link type of packets that begin with their IP header."""

_SECTION_HEADER = 0x0A0D0D0A
_INTERFACE_DESCRIPTION = 1
_ENHANCED_PACKET = 6
_BYTE_ORDER_MAGIC = 0x1A2B3C4D
_LENGTH_UNKNOWN = 0xFFFFFFFFFFFFFFFF

_COMMENT = 1
_SHB_USER_APPLICATION = 4
_IF_NAME = 2
_IF_DESCRIPTION = 3
_EPB_FLAGS = 2
_INBOUND, _OUTBOUND = 1, 2

LONGEST_OPTION = 0xFFFF
"""How many octets the value of an option may have: its length is 16 bits wide."""


def section_header(application: str, comment: str) -> bytes:
    """Return the block that a file begins with; it names the program that writes it."""
    options = [(_COMMENT, comment.encode()), (_SHB_USER_APPLICATION, application.encode())]
    return _block(_SECTION_HEADER, struct.pack("<IHHQ", _BYTE_ORDER_MAGIC, 1, 0, _LENGTH_UNKNOWN), options)


def interface_description(name: str, description: str) -> bytes:
    """Return the block of an interface; packets name it by its place among them. Its times are microseconds."""
    options = [(_IF_NAME, name.encode()), (_IF_DESCRIPTION, description.encode())]
    return _block(_INTERFACE_DESCRIPTION, struct.pack("<HHI", RAW_IP, 0, 0), options)


def enhanced_packet(interface: int, at: int, packet: bytes, comments: Iterable[str], *, outbound: bool) -> bytes:
    """Return the block of a packet; `at` is in microseconds since 1970."""
    head = struct.pack("<IIIII", interface, at >> 32, at & 0xFFFFFFFF, len(packet), len(packet))
    options = [(_COMMENT, comment.encode()) for comment in comments]
    options.append((_EPB_FLAGS, struct.pack("<I", _OUTBOUND if outbound else _INBOUND)))
    return _block(_ENHANCED_PACKET, head + _padded(packet), options)


def _block(kind: int, body: bytes, options: Sequence[tuple[int, bytes]]) -> bytes:
    coded = [struct.pack("<HH", code, len(value)) + _padded(value) for code, value in map(_cut, options)]
    inner = b"".join((body, *coded, b"\0\0\0\0"))
    size = struct.pack("<I", len(inner) + 12)
    return b"".join((struct.pack("<I", kind), size, inner, size))


def _cut(option: tuple[int, bytes]) -> tuple[int, bytes]:
    """Return an option whose text fits; a character that is cut in two is left out whole."""
    code, value = option
    if len(value) <= LONGEST_OPTION:
        return option
    return code, value[:LONGEST_OPTION].decode(errors="ignore").encode()


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)
