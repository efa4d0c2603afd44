"""Connections to receivers: HTTP/1.1 as far as a webhook needs it, at a small part of what a whole client costs.

A webhook is one POST, and of its answer only the status and one header count. A connection is kept for the next
webhook if the answer's body was empty or came along with its head; else it is closed, and nothing more is read. Each
socket is made by the guard, which checks the address that it is to lead to.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver
from yarl import URL

from gateway.webhooks.errors import ConnectError, DisconnectedError, NotHttpError
from gateway.webhooks.guard import Guard
from gateway.webhooks.outbox import Answer

IDLE = 15.0
"""Real seconds for which a connection that nothing is sent over is kept."""

LONGEST_HEAD = 64 * 1024
"""Octets of an answer's head."""

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?")
_NO_BODY = (204, 304)


class Lines:
    """The connections to all receivers. `timeout` is the real seconds that a webhook may take, its connection's too."""

    def __init__(self, guard: Guard, resolver: AbstractResolver, timeout: float) -> None:
        self._guard = guard
        self._resolver = resolver
        self._timeout = timeout
        self._idle: dict[str, list[Line]] = {}
        self._tls: ssl.SSLContext | None = None

    async def post(self, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body` and return what was answered.

        Raises TimeoutError, ConnectError, ssl.SSLError, DisconnectedError, NotHttpError, and UnicodeError for a name
        that cannot be one; other OSErrors where the connection broke.
        """
        request = _request(url, headers, body)
        async with asyncio.timeout(self._timeout):
            kept = self._take(str(url.origin()))
            if kept is not None:
                # It may have been closed while nothing went over it: then this try has not begun.
                with suppress(DisconnectedError, ConnectionError):
                    return await self._exchange(kept, url, request)
            return await self._exchange(await self._open(url), url, request)

    async def close(self) -> None:
        """Close what is kept."""
        for lines in self._idle.values():
            for line in lines:
                line.close()
        self._idle.clear()

    async def _exchange(self, line: "Line", url: URL, request: bytes) -> Answer:
        try:
            answer = await line.exchange(request)
        finally:
            if line.free:
                line.keep(IDLE)
                self._idle.setdefault(str(url.origin()), []).append(line)
            else:
                line.close()
        return answer

    def _take(self, origin: str) -> "Line | None":
        lines = self._idle.pop(origin, [])
        while lines:
            line = lines.pop()
            if line.take():
                if lines:
                    self._idle[origin] = lines
                return line
        return None

    async def _open(self, url: URL) -> "Line":
        host, port = url.raw_host or "", url.port or 0
        failure: OSError = ConnectError("the name has no address")
        for family, protocol, address in await self._addresses(host, port):
            try:
                return await self._connect(url, family, protocol, (address, port))
            except ssl.SSLError:
                raise
            except OSError as error:
                failure = ConnectError(error.strerror or str(error))
        raise failure

    async def _addresses(self, host: str, port: int) -> list[tuple[int, int, str]]:
        try:
            version = ip_address(host).version
        except ValueError:
            found = await self._resolver.resolve(host, port)
            return [(each["family"], each["proto"], each["host"]) for each in found]
        return [(Guard.FAMILIES[version], 0, host)]

    async def _connect(self, url: URL, family: int, protocol: int, address: tuple[str, int]) -> "Line":
        loop = asyncio.get_running_loop()
        tls = url.scheme == "https"
        sock = self._guard.open_socket(family, protocol, address[0], tls=tls)
        try:
            await loop.sock_connect(sock, address)
            if not tls:
                return (await loop.create_connection(Line, sock=sock))[1]
            if self._tls is None:
                self._tls = ssl.create_default_context()
            return (await loop.create_connection(Line, sock=sock, ssl=self._tls, server_hostname=url.raw_host))[1]
        except BaseException:
            sock.close()
            raise


def _request(url: URL, headers: Mapping[str, str], body: bytes) -> bytes:
    told = {"host": url.host_port_subcomponent or "", **headers, "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST {url.raw_path_qs} HTTP/1.1\r\n{lines}\r\n".encode("ascii") + body


class Line(asyncio.Protocol):
    """One connection, which carries one exchange at a time."""

    def __init__(self) -> None:
        self.free = False
        """Whether the last exchange has ended, and another may follow."""
        self._answer: asyncio.Future[Answer] | None = None
        self._got = b""
        self._expiry: asyncio.TimerHandle | None = None

    async def exchange(self, request: bytes) -> Answer:
        """Send a request and return what is answered. Raises DisconnectedError, NotHttpError, OSError."""
        self.free, self._got = False, b""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            raise DisconnectedError
        self._transport.write(request)
        return await self._answer

    def keep(self, seconds: float) -> None:
        """Keep the connection for another exchange, for that long."""
        self._expiry = asyncio.get_running_loop().call_later(seconds, self.close)

    def take(self) -> bool:
        """Keep it no more, since an exchange is to follow; False if it is closed."""
        if self._expiry is not None:
            self._expiry.cancel()
        return self.free and not self._transport.is_closing()

    def close(self) -> None:
        """Close the connection at once: nothing of what it still brings counts."""
        if self._expiry is not None:
            self._expiry.cancel()
        self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read an answer's head; what comes without a question ends the connection."""
        if self._answer is None or self._answer.done():
            self.free = False
            self.close()
            return
        self._got += data
        try:
            self._read(self._answer)
        except NotHttpError as error:
            self._answer.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the exchange under way know that it has no answer."""
        self.free = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or (NotHttpError() if self._got else DisconnectedError()))

    def _read(self, answer: "asyncio.Future[Answer]") -> None:
        while (end := self._got.find(b"\r\n\r\n")) >= 0:
            status, headers, persists = _head(self._got[:end])
            self._got = self._got[end + 4 :]
            if status >= 200:
                length = "0" if status in _NO_BODY else headers.get("content-length", "")
                self.free = persists and length == str(len(self._got)) and "transfer-encoding" not in headers
                wish = headers.get("webhook-delivery", "")
                answer.set_result(Answer(status, abort=wish.lower() == "abort-message"))
                return
        if len(self._got) > LONGEST_HEAD:
            raise NotHttpError


def _head(head: bytes) -> tuple[int, dict[str, str], bool]:
    """Return the status, the headers by their names in lower case, and whether the connection persists."""
    first, *rest = head.split(b"\r\n")
    told = _STATUS.fullmatch(first)
    if told is None:
        raise NotHttpError
    headers = {}
    for line in rest:
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return int(told[2]), headers, told[1] == b"1" and "close" not in headers.get("connection", "").lower()
