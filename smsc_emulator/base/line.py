"""A connection to an HTTP/1.1 server that carries one POST after the other, at a small part of a whole client's cost.

Only what most servers send is understood: an answer whose body is as long as it says. Of others the status and the
headers are told, and the connection is not used again.
"""

import asyncio
import re
from collections.abc import Mapping
from functools import lru_cache

from smsc_emulator.frozen import frozen

IDLE = 15.0
"""Real seconds for which a connection that nothing is sent over is kept."""

LONGEST_HEAD = 64 * 1024
"""Octets of an answer's head."""

_STATUS = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?")
_NO_BODY = (204, 304)


class DisconnectedError(Exception):
    """The server closed the connection without an answer."""


class NotHttpError(Exception):
    """What the server answered is not HTTP."""


@frozen
class HttpAnswer:
    """What a server has answered."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    """What has come of the body: all of it, where it was waited for."""


def post_octets(host: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a whole request; `host` has the port where it is not the usual one, `path` its query.

    Raises UnicodeEncodeError for what is not ASCII before the body.
    """
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\n{lines}content-length: {len(body)}\r\n\r\n"
    return head.encode("ascii") + body


class Line(asyncio.Protocol):
    """One connection, which carries one exchange at a time. An exchange may take `timeout` real seconds.

    With `longest`, the octets that a body may have, an exchange ends with the answer's body; else with its head.
    """

    def __init__(self, timeout: float, longest: int | None = None) -> None:
        self.free = False
        """Whether the last exchange has ended, and another may follow."""
        self._timeout = timeout
        self._longest = longest
        self._answer: asyncio.Future[HttpAnswer] | None = None
        self._got = b""
        self._head: tuple[int, Mapping[str, str], bool] | None = None
        # One timer for all exchanges, moved on only when it rings: it is set once for each, and hardly ever rings.
        self._ends_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def exchange(self, request: bytes) -> HttpAnswer:
        """Send a request and return what is answered.

        Raises DisconnectedError, NotHttpError, TimeoutError and other OSErrors.
        """
        if self._transport.is_closing():
            self.free = False
            raise DisconnectedError
        self.free, self._got, self._head = False, b"", None
        self._answer = self._loop.create_future()
        self._end_in(self._timeout)
        self._transport.write(request)
        return await self._answer

    def keep(self) -> None:
        """Keep the connection for another exchange, for a while."""
        self._end_in(IDLE)

    @property
    def is_kept(self) -> bool:
        """Whether another exchange may follow."""
        return self.free and not self._transport.is_closing()

    def close(self) -> None:
        """Close the connection at once: nothing of what it still brings counts."""
        self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        """Read an answer; what comes without a question ends the connection."""
        if self._answer is None or self._answer.done():
            self.free = False
            self.close()
            return
        self._got += data
        try:
            answer = self._read()
        except NotHttpError as error:
            self._answer.set_exception(error)
        else:
            if answer is not None:
                self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the exchange under way know that it has no answer."""
        self.free = False
        if self._timer is not None:
            self._timer.cancel()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or (NotHttpError() if self._got else DisconnectedError()))

    def _read(self) -> HttpAnswer | None:
        """Return the answer, once there is enough of it."""
        while self._head is None:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                if len(self._got) > LONGEST_HEAD:
                    raise NotHttpError
                return None
            head, self._got = _head(self._got[:end]), self._got[end + 4 :]
            if head[0] >= 200:
                self._head = head
        status, headers, persists = self._head
        told = "0" if status in _NO_BODY else headers.get("content-length", "")
        delimited = told.isdecimal() and "transfer-encoding" not in headers
        if self._longest is not None and not (delimited and int(told) <= self._longest):
            raise NotHttpError
        if self._longest is not None and len(self._got) < int(told):
            return None
        self.free = persists and delimited and told == str(len(self._got))
        return HttpAnswer(status, headers, self._got)

    def _end_in(self, seconds: float) -> None:
        self._ends_at = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._ends_at, self._ring)
        elif self._timer.when() > self._ends_at:
            self._timer.cancel()
            self._timer = self._loop.call_at(self._ends_at, self._ring)

    def _ring(self) -> None:
        if self._loop.time() < self._ends_at:
            self._timer = self._loop.call_at(self._ends_at, self._ring)
            return
        self._timer = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(TimeoutError())
        self.close()


@lru_cache(maxsize=64)
def _head(head: bytes) -> tuple[int, Mapping[str, str], bool]:
    """Return the status, the headers, and whether the connection persists; a server's answers of one second are alike.

    Raises NotHttpError.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    told = _STATUS.fullmatch(first)
    if told is None:
        raise NotHttpError
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(told[2]), headers, told[1] == "1" and "close" not in headers.get("connection", "").lower()
