"""Cutting a stream of octets into SIP messages by their Content-Length (RFC 3261, 18.3)."""

import re

from smsc_emulator.sip.messages import MAX_MESSAGE

_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:\s*([0-9]{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_END = re.compile(rb"\r?\n\r?\n")
_EMPTY = re.compile(rb"[\r\n]*")


class FramingError(Exception):
    """The stream cannot be cut any further: the connection is of no more use."""


class Framer:
    """What has come of a stream and is no whole message yet."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._total = 0
        """The length of the message at its beginning; 0 while its header has no end."""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that are whole now. Raises FramingError once those before the fault were returned."""
        self._buffer += data
        messages: list[bytes] = []
        while message := self._cut(raises=not messages):
            messages.append(message)
        return messages

    def _cut(self, *, raises: bool) -> bytes:
        if not self._total and (fault := self._measure()):
            if raises:
                raise FramingError(fault)
            return b""
        if not self._total or len(self._buffer) < self._total:
            return b""
        message = bytes(self._buffer[: self._total])
        del self._buffer[: self._total]
        self._searched = self._total = 0
        return message

    def _measure(self) -> str:
        """Look for the end of the header, once for each octet that comes; return what is wrong with it."""
        if self._searched == 0 and (empty := _EMPTY.match(self._buffer)) is not None:
            del self._buffer[: empty.end()]  # keep-alives (7.5)
        end = _END.search(self._buffer, max(0, self._searched - 3))
        if end is None:
            self._searched = len(self._buffer)
            return "the header is too long" if self._searched > MAX_MESSAGE else ""
        length = _LENGTH.search(self._buffer[: end.start()])
        if length is None:
            return "there is no Content-Length"
        total = end.end() + int(length[1])
        if total > MAX_MESSAGE:
            return "the message is too long"
        self._total = total
        return ""
