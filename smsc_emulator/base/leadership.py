"""Being the only one: one holder among the nodes of a database for each SMPP bind, each SIP trunk, each lab."""

import asyncio
from collections.abc import Callable

from smsc_emulator.base.database import Database


class Leadership:
    """Strives from now on to be the only node that leads in `name`; another takes over when this one is gone.

    The lead ends with the node's connection to the database: at once when its process is killed, and within
    `postgres_session.SILENT` seconds when it is frozen or cut off. A node that was cut off hears of its loss as soon as
    it runs again, perhaps after another has taken over: what must never be done twice is to be guarded by a row too.
    """

    def __init__(self, database: Database, name: str, changed: Callable[[bool], None] = lambda _held: None) -> None:
        self.held = False
        self._changed = changed
        self._gained, self._lost = asyncio.Event(), asyncio.Event()
        self._lost.set()
        self._resign = database.lead(name, self._turn)

    async def gained(self) -> None:
        """Wait until this node leads."""
        await self._gained.wait()

    async def lost(self) -> None:
        """Wait until this node does not lead."""
        await self._lost.wait()

    def resign(self) -> None:
        """Let another node lead, and strive no more."""
        self._resign()

    def _turn(self, held: bool) -> None:
        self.held = held
        gone, come = (self._lost, self._gained) if held else (self._gained, self._lost)
        gone.clear()
        come.set()
        self._changed(held)
