"""Connections to receivers: HTTP/1.1 as far as a webhook needs it, at a small part of what a whole client costs.

A webhook is one POST, and of its answer only the status and one header count. A connection is kept for the next
webhook if the answer's body was empty or came along with its head; else it is closed, and nothing more is read. Each
socket is made by the guard, which checks the address that it is to lead to.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache, partial
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver
from yarl import URL

from gateway.webhooks.errors import ConnectError
from gateway.webhooks.guard import Guard
from gateway.webhooks.outbox import Answer
from smsc_emulator.base.kept_lines import KeptLines
from smsc_emulator.base.line import DisconnectedError, HttpAnswer, Line, post_octets
from smsc_emulator.base.trust import authorities
from smsc_emulator.frozen import frozen


@frozen
class _Target:
    """Where a webhook goes."""

    url: URL
    origin: str
    host: str
    """The host, with the port where it is not the usual one."""
    path: str
    """The path with its query."""


class Lines:
    """The connections to all receivers. `timeout` is the real seconds that a webhook may take, its connection's too."""

    def __init__(self, guard: Guard, resolver: AbstractResolver, timeout: float) -> None:
        self._guard = guard
        self._resolver = resolver
        self._timeout = timeout
        self._kept = KeptLines()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body` and return what was answered.

        Raises TimeoutError, ConnectError, ssl.SSLError, DisconnectedError, NotHttpError, and ValueError for a URL or a
        name that cannot be one; other OSErrors where the connection broke.
        """
        target = _target(url)
        request = post_octets(target.host, target.path, headers, body)
        kept = self._kept.take(target.origin)
        if kept is not None:
            # It may have been closed while nothing went over it: then this try has not begun.
            with suppress(DisconnectedError, ConnectionError):
                return _answer(await self._kept.exchange(target.origin, kept, request))
        async with asyncio.timeout(self._timeout):
            line = await self._open(target.url)
            return _answer(await self._kept.exchange(target.origin, line, request))

    async def close(self) -> None:
        """Close what is kept."""
        self._kept.close()

    async def _open(self, url: URL) -> Line:
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

    async def _connect(self, url: URL, family: int, protocol: int, address: tuple[str, int]) -> Line:
        loop, make = asyncio.get_running_loop(), partial(Line, self._timeout)
        tls = url.scheme == "https"
        sock = self._guard.open_socket(family, protocol, address[0], tls=tls)
        try:
            await loop.sock_connect(sock, address)
            if not tls:
                return (await loop.create_connection(make, sock=sock))[1]
            name = url.raw_host
            return (await loop.create_connection(make, sock=sock, ssl=authorities(), server_hostname=name))[1]
        except BaseException:
            sock.close()
            raise


@lru_cache(maxsize=1024)
def _target(text: str) -> _Target:
    url = URL(text)
    return _Target(url, str(url.origin()), url.host_port_subcomponent or "", url.raw_path_qs)


def _answer(answer: HttpAnswer) -> Answer:
    return Answer(answer.status, abort=answer.headers.get("webhook-delivery", "").lower() == "abort-message")
