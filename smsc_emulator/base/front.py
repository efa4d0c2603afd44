"""The HTTP port: plain requests for declared routes are answered here, everything else by aiohttp.

What a service, an operator or a test asks thousands of times is plain (`plain.py`), and aiohttp's way from the octets
to a handler and back costs several times what most routes have to do. So each connection begins here, and the first
request that is not plain, that no declared route takes or that is answered piece by piece leads the connection over to
aiohttp for good, with its octets as they came. Both sides serve the same operations.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from smsc_emulator.base.plain import Plain, read_plain, unescaped
from smsc_emulator.base.request import Request
from smsc_emulator.base.web import Answered, LookOn, Operation, Reply, RequestIds, about, problem_of

_PHRASES: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus}
_NO_BODY = (204, 304)


class Front:
    """Serves `operations` on one port, once each request has passed `allow`, which raises ProblemError.

    `look_on` is as for `application`. `aiohttp` makes the server beside it, which makes the protocol of each
    connection that is led over. That takes a good part of a start, so it is done for the first of them.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        look_on: LookOn,
        allow: Callable[[Request], None],
        aiohttp: Callable[[], Awaitable[Callable[[], asyncio.Protocol]]],
    ) -> None:
        self.find = _Table(operations).find
        self.look_on = look_on
        self.allow = allow
        self._aiohttp = aiohttp
        self._making = asyncio.Lock()
        self.protocol: Callable[[], asyncio.Protocol] | None = None
        """Makes the protocol of a connection that is led over, once `ready` has returned."""
        self.ids = RequestIds()
        self.connections: set[_Connection] = set()
        self.closes = False
        """Whether each connection is to end with the answer that is under way."""

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port. Raises OSError for one that is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port, backlog=128)
        return int(self._server.sockets[0].getsockname()[1])

    async def ready(self) -> None:
        """Have aiohttp's server made, unless it is."""
        async with self._making:
            if self.protocol is None:
                self.protocol = await self._aiohttp()

    async def close(self, patience: float) -> None:
        """Listen no more. Requests under way have `patience` real seconds to end, and are then broken off."""
        self._server.close()
        self.closes = True
        busy = [each for connection in list(self.connections) if (each := connection.end()) is not None]
        if busy:
            _, late = await asyncio.wait(busy, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)
        for connection in list(self.connections):
            connection.abort()


class _Connection(asyncio.Protocol):
    """One connection until it is led over."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._task: asyncio.Task[None] | None = None
        self._lost = False
        self._early = b""
        """What came before the answer to the request before it, or before there was a server to lead over to."""

    def end(self) -> asyncio.Task[None] | None:
        """Close the connection, unless a request is under way: return what answers it."""
        if self._task is None:
            self._transport.close()
        return self._task

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._front.connections.add(self)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # whoever is gone without a word is found out

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection once what it has asked for is done, which the front's end waits for all the same."""
        self._lost = True
        if self._task is None:
            self._front.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Begin to answer a plain request, or lead the connection over."""
        if self._task is not None:
            self._early += data
            self._transport.pause_reading()
            return
        request = read_plain(data)
        operation = None if request is None else self._front.find(request)
        if request is None or operation is None:
            self._lead_over(data)
            return
        request.transport = self._transport
        self._task = asyncio.get_running_loop().create_task(self._answer(request, operation))

    def pause_writing(self) -> None:
        """Hear of no further request while the answers are not read."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Hear of the next request."""
        if not self._early:
            self._transport.resume_reading()

    def _lead_over(self, data: bytes) -> None:
        if self._front.protocol is None:
            self._early = data
            self._transport.pause_reading()
            self._task = asyncio.get_running_loop().create_task(self._lead_over_first())
            return
        self._front.connections.discard(self)
        protocol = self._front.protocol()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(data)

    def _done(self) -> None:
        self._task = None
        if self._lost:
            self._front.connections.discard(self)

    async def _lead_over_first(self) -> None:
        try:
            await self._front.ready()
        except BaseException:
            self.abort()
            raise
        finally:
            self._done()
        if not self._transport.is_closing():
            early, self._early = self._early, b""
            self._lead_over(early)
            self._transport.resume_reading()

    async def _answer(self, request: Plain, operation: Operation) -> None:
        on_answer, began = self._front.look_on(), time.monotonic()
        id_ = self._front.ids.of(request)
        try:
            self._front.allow(request)
            reply = await operation.answer(request)
            answer = octets(reply, id_, closes=self._front.closes)
        except Exception as error:
            reply = problem_of(error, request).reply()
            answer = octets(reply, id_, closes=self._front.closes)
        finally:
            self._done()
        self._send(answer)
        seconds, made = time.monotonic() - began, about(request, reply.status, reply.body)
        on_answer(Answered(id_, request.method, operation.route.path, reply.status, seconds, made))

    def _send(self, answer: bytes) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(answer)
        if self._front.closes:
            self._transport.close()
        elif self._early:
            early, self._early = self._early, b""
            self._transport.resume_reading()
            self._lead_over(early)


@dataclass(slots=True)
class _Place:
    """What follows in an address: names, anything as a parameter, and what is done here."""

    named: "dict[str, _Place]" = field(default_factory=dict)
    anything: "_Place | None" = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)
    """By method, with the names of the parameters on the way."""


class _Table:
    """Finds the operation of a request. Where a name and a parameter fit, the name is meant, as aiohttp has it."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Place()
        for each in operations:
            if not each.route.streams:
                self._add(each)

    def _add(self, operation: Operation) -> None:
        place, names = self._root, []
        for part in operation.route.path[1:].split("/"):
            if part.startswith("{"):
                names.append(part.strip("{}"))
                place.anything = place = place.anything or _Place()
            else:
                place = place.named.setdefault(part, _Place())
        place.operations.setdefault(operation.route.method, (operation, tuple(names)))

    def find(self, request: Plain) -> Operation | None:
        """Return the operation, and tell the request its parameters; None if there is none."""
        place, values = self._root, []
        for part in request.raw_path[1:].split("/"):
            below = place.named.get(part)
            if below is None:
                below = place.anything
                if below is None or not part:
                    return None
                values.append(unescaped(part))
            place = below
        operation, names = place.operations.get(request.method, (None, ()))
        request.match_info = dict(zip(names, values, strict=operation is not None))
        return operation


def octets(reply: Reply, id_: str, *, closes: bool) -> bytes:
    """Return an answer as it is sent. Raises ValueError for a header that would end before its end."""
    body = reply.body if isinstance(reply.body, bytes) else b""
    more = "".join([f"{name}: {value}\r\n" for name, value in reply.headers.items()])
    if more.count("\n") + more.count("\r") != 2 * len(reply.headers):
        raise ValueError("a header has a line break in it")
    if reply.status not in _NO_BODY:
        more += f"Content-Length: {len(body)}\r\n"
    if closes:
        more += "Connection: close\r\n"
    opening, date = _opening(reply.status, reply.content_type), _date(int(time.time()))
    return f"{opening}{more}X-Request-Id: {id_}\r\nDate: {date}\r\n\r\n".encode() + body


@lru_cache(maxsize=128)
def _opening(status: int, content_type: str | None) -> str:
    told = "" if content_type is None else f"Content-Type: {content_type}\r\n"
    return f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n{told}"


@lru_cache(maxsize=1)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
