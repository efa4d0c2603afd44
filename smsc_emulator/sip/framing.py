"""Cutting a stream of octets into SIP messages by their Content-Length (RFC 3261, 18.3)."""

import re

from smsc_emulator.sip.messages import MAX_MESSAGE

_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:\s*([0-9]{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_END = re.compile(rb"\r?\n\r?\n")


class FramingError(Exception):
    """The stream cannot be cut any further: the connection is of no more use."""


class Framer:
    """What has come of a stream and is no whole message yet."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that are whole now. Raises FramingError once those before the fault were returned."""
        self._buffer += data
        messages: list[bytes] = []
        while message := self._cut(raises=not messages):
            messages.append(message)
        return messages

    def _cut(self, *, raises: bool) -> bytes:
        if self._searched == 0:
            del self._buffer[: len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))]  # keep-alives (7.5)
        end = _END.search(self._buffer, max(0, self._searched - 3))
        if end is None:
            self._searched = len(self._buffer)
            return self._fault("the header is too long", raises) if self._searched > MAX_MESSAGE else b""
        length = _LENGTH.search(self._buffer[: end.start()])
        if length is None:
            return self._fault("there is no Content-Length", raises)
        total = end.end() + int(length[1])
        if total > MAX_MESSAGE:
            return self._fault("the message is too long", raises)
        if len(self._buffer) < total:
            return b""
        message = bytes(self._buffer[:total])
        del self._buffer[:total]
        self._searched = 0
        return message

    def _fault(self, reason: str, raises: bool) -> bytes:
        if raises:
            raise FramingError(reason)
        return b""
