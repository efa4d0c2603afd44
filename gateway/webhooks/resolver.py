"""Name look-ups that nothing waits for at the end, since a name server may keep silent for longer than a lab may."""

import asyncio
import socket
from threading import Thread
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult


class Resolver(AbstractResolver):
    """Looks up each name on a daemon thread; the loop's own threads would hold up the end of the process."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of `host`; OSError or UnicodeError where it has none."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[Any]] = loop.create_future()

        def look_up() -> None:
            try:
                infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                _hand(loop, found, error)
            else:
                _hand(loop, found, infos)

        Thread(target=look_up, name="confirmlab-resolver", daemon=True).start()
        return [
            ResolveResult(hostname=host, host=address[0], port=port, family=kind, proto=protocol, flags=0)
            for kind, _type, protocol, _name, address in await found
        ]

    async def close(self) -> None:
        """Nothing to close: each look-up ends by itself."""


def _hand(loop: asyncio.AbstractEventLoop, found: "asyncio.Future[list[Any]]", result: list[Any] | Exception) -> None:
    def settle() -> None:
        if found.done():
            return
        if isinstance(result, Exception):
            found.set_exception(result)
        else:
            found.set_result(result)

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:  # the loop is gone: nobody waits for the answer any more
        return
