"""The stream cut into PDUs by their command_length (3.1.2, 3.2.1)."""

import struct
from collections.abc import Iterator

from smsc_emulator.smpp.codec import HEADER
from smsc_emulator.smpp.errors import FramingError

_LENGTH = struct.Struct(">I").unpack_from


class Framer:
    """Keeps the octets of an unfinished PDU until the rest comes; a PDU of more than `most` octets never starts."""

    __slots__ = ("_most", "_needed", "_tail")

    def __init__(self, most: int) -> None:
        self._most = most
        self._tail = bytearray()
        self._needed = 0

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Yield each PDU that `data` completes.

        Raises FramingError as soon as four octets show a command_length below 16 or above the limit.
        """
        if self._tail:
            self._tail += data
            if len(self._tail) < self._needed:
                return
            data = bytes(self._tail)
            self._tail.clear()
        at, end = 0, len(data)
        needed = 4
        while end - at >= 4:
            (needed,) = _LENGTH(data, at)
            if not HEADER.size <= needed <= self._most:
                raise FramingError(needed, self._most)
            if end - at < needed:
                break
            yield data[at : at + needed]
            at += needed
            needed = 4
        self._tail += data[at:]
        self._needed = needed
