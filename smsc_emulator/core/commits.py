"""Group commit: all changes of one turn of the loop, from all links, are saved together.

While a commit is under way the next changes gather. Whoever waits for a change hears of it when the commit is done:
an acknowledged message is a stored one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from smsc_emulator.core.accounts import Link
from smsc_emulator.core.message import Message
from smsc_emulator.core.store import Changes, Store
from smsc_emulator.handsets.handset import Handset
from smsc_emulator.smpp.pdus import Pdu

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Turn:
    """The changes of one commit, and what follows when they are safe."""

    changes: Changes = field(default_factory=Changes)
    answers: dict[Link, list[tuple[Pdu, Pdu]]] = field(default_factory=dict)
    """The requests of each link, and what answers them."""
    finals: list[Message] = field(default_factory=list)
    """What has come to its final state."""
    received: list[tuple[Handset, Message]] = field(default_factory=list)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)


class Commits:
    """Gathers a turn, saves it, and hands it to `committed` or, if the store failed, to `failed`."""

    def __init__(
        self, store: Store | None, committed: Callable[[Turn], None], failed: Callable[[Turn, Exception], None]
    ) -> None:
        self._store = store
        self._committed = committed
        self._failed = failed
        self._turn = Turn()
        self._scheduled = False
        self._saving: asyncio.Task[None] | None = None

    def turn(self) -> Turn:
        """Return the turn to add changes to; it is saved after this turn of the loop."""
        if not self._scheduled:
            self._scheduled = True
            if self._saving is None:
                asyncio.get_running_loop().call_soon(self._begin)
        return self._turn

    async def saved(self) -> None:
        """Wait until everything is saved."""
        while self._scheduled or self._saving is not None:
            if self._saving is None:
                await asyncio.sleep(0)
            else:
                await asyncio.shield(self._saving)

    async def turn_over(self) -> None:
        """Wait until the present turn is saved, or has failed."""
        over = asyncio.get_running_loop().create_future()
        self.turn().waiting.append(over)
        with suppress(Exception):
            await over

    def _begin(self) -> None:
        turn, self._turn, self._scheduled = self._turn, Turn(), False
        if self._store is None:
            self._committed(turn)
        else:
            self._saving = asyncio.get_running_loop().create_task(self._save(self._take(self._store, turn), turn))

    @staticmethod
    def _take(store: Store, turn: Turn) -> Awaitable[None]:
        """Let the store read the changes now: later the same objects may have changes of the next turn."""
        try:
            return store.save(turn.changes)
        except Exception as error:
            failed = asyncio.get_running_loop().create_future()
            failed.set_exception(error)
            return failed

    async def _save(self, saving: Awaitable[None], turn: Turn) -> None:
        try:
            await saving
        except Exception as error:
            log.exception("the SMSC's store failed", refused=sum(map(len, turn.answers.values())))
            self._failed(turn, error)
        else:
            self._committed(turn)
        finally:
            self._saving = None
            if self._scheduled:
                asyncio.get_running_loop().call_soon(self._begin)
