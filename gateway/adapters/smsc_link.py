"""The gateway's bind at an SMSC, which one node at a time has of those that share a database."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

from smsc_emulator.base.database import Database
from smsc_emulator.base.leadership import Leadership
from smsc_emulator.net.esme import EsmeClient, LinkDownError
from smsc_emulator.smpp.pdus import SubmitSm, SubmitSmResp

BINDING = 1.0
"""Real seconds that the bind may take after a take-over before codes count as put off by the SMSC."""


class SmscLink:
    """Binds by the clients that `make` makes, one for each time that this node holds the link.

    With a `name` it holds the link while it leads in that; without one always, and at no cost.
    """

    def __init__(self, make: Callable[[], EsmeClient], name: str | None, wake: Callable[[], None]) -> None:
        self._make = make
        self._name = name
        self._wake = wake
        self._client = make()
        self._lead: Leadership | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.serves = name is None
        """Whether this node is the one that sends."""

    @property
    def is_ready(self) -> bool:
        """Whether the link is bound, or another node's."""
        return self._client.is_bound if self._lead is None or self._lead.held else True

    def start(self, database: Database) -> None:
        """Bind, or wait for the turn of this node."""
        if self._name is None:
            self._client.start()
        else:
            self._lead = Leadership(database, self._name, self._turn)

    async def bound(self, seconds: float) -> None:
        """See `EsmeClient.bound`."""
        await self._client.bound(seconds)

    async def submit(self, pdu: SubmitSm) -> SubmitSmResp:
        """See `EsmeClient.submit`."""
        return await self._client.submit(pdu)

    async def close(self) -> None:
        """Unbind, then let another node bind."""
        self.serves = False
        await self._client.close()
        if self._lead is not None:
            self._lead.resign()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _turn(self, held: bool) -> None:
        if held:
            self._client = self._make()
            self._client.start()
            self._begin(self._serve(self._client))
        else:
            self.serves = False
            self._begin(self._client.close())

    async def _serve(self, client: EsmeClient) -> None:
        with suppress(LinkDownError):
            await client.bound(BINDING)
        if client is self._client and self._lead is not None and self._lead.held:
            self.serves = True
            self._wake()

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
