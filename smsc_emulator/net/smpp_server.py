"""The SMSC's SMPP port: it listens for ESMEs, keeps their links, and sweeps the timers of all of them."""

import asyncio
import ssl
import time
from contextlib import suppress
from itertools import count

from smsc_emulator.core.access import session_config, timers
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.net.server_link import Onlooker as Onlooker
from smsc_emulator.net.server_link import ServerLink as ServerLink
from smsc_emulator.net.tap import Tap

SWEEP = 1.0
"""The longest time between two looks at the timers, in seconds; shorter timers are looked at more often."""

UNBIND_PATIENCE = 0.5
"""How long a closing server waits for its peers to unbind, in seconds."""


class SmppServer:
    """Listens for ESMEs on behalf of an SMSC."""

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.tap: Tap | None = None
        self.links: set[ServerLink] = set()
        self.now = time.monotonic
        """The real monotonic time of the links' timers."""
        self.numbers = count(1)
        """What the connections are called by, in the order of their coming."""
        self.onlooker: Onlooker | None = None
        """Who looks on at the octets that the sessions read and write, if anybody does."""
        self.config = session_config(smsc.settings, smsc.personality)
        configs = [self.config, *(account.session for account in smsc.accounts.values())]
        self._pause = min([SWEEP, *(timer / 4 for config in configs for timer in timers(config) if timer)])
        self._listener: asyncio.Server | None = None
        self._tls_listener: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._deserted = asyncio.Event()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        assert self._listener is not None
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def tls_port(self) -> int:
        """The port that is listened on for TLS."""
        assert self._tls_listener is not None
        return int(self._tls_listener.sockets[0].getsockname()[1])

    async def start_tls(self, host: str, port: int, context: ssl.SSLContext) -> None:
        """Listen for TLS as well; port 0 takes a free one. Raises OSError if that cannot be."""
        loop = asyncio.get_running_loop()
        self._tls_listener = await loop.create_server(lambda: ServerLink(self), host, port, ssl=context, backlog=1024)

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one. Raises OSError if that cannot be."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: ServerLink(self), host, port, backlog=1024)
        self._sweeper = loop.call_later(self._pause, self._sweep)

    def forget(self, link: ServerLink) -> None:
        """Let a connection go."""
        self.links.discard(link)
        if not self.links and self._sweeper is None:
            self._deserted.set()

    async def close(self) -> None:
        """Stop listening, unbind every link, and close those that do not answer in time."""
        if self._listener is None:
            return
        self._listener.close()
        if self._tls_listener is not None:
            self._tls_listener.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for link in list(self.links):
            link.close()
        if not self.links:
            self._deserted.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(UNBIND_PATIENCE):
                await self._deserted.wait()
        for link in list(self.links):
            link.abort()
        await self._deserted.wait()

    def _sweep(self) -> None:
        now = self.now()
        for link in list(self.links):
            link.look_at_timers(now)
        self._sweeper = asyncio.get_running_loop().call_later(self._pause, self._sweep)
