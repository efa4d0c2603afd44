"""What a lane's tries came to, written down many at a time while the next ones are made.

What was tried within GATHER is written together, and at once when the lane has nothing more to send. The tries that
are not written, never more than UNWRITTEN, are what goes out again, under its old webhook-id, if the process is killed
at that instant.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from gateway.webhooks.outbox import Answer, Verdict
from gateway.webhooks.store import Delivery
from smsc_emulator.frozen import frozen

UNWRITTEN = 25
"""Tries that may be made before the first of them is written down."""

GATHER = 0.02
"""Real seconds from a try until it is written down, if others follow."""


@frozen
class Tried:
    """A try, its answer, and what follows from it; `at` is the lab instant of the answer."""

    delivery: Delivery
    answer: Answer
    verdict: Verdict
    at: int


class Tries:
    """The tries of one lane. `write` writes down some and returns whether the endpoint takes more."""

    def __init__(self, write: Callable[[list[Tried]], Awaitable[bool]]) -> None:
        self._write = write
        self._fresh: list[Tried] = []
        self._being_written = 0
        self._writing: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self.go_on = True
        """Whether the endpoint takes more, as far as is written."""

    def add(self, tried: Tried) -> None:
        """Have a try written down."""
        self._fresh.append(tried)
        if self._writing is None or self._writing.done():
            self._raise_failure()
            self._writing = asyncio.get_running_loop().create_task(self._write_all(), name="tries of webhooks")

    @property
    def are_many(self) -> bool:
        """Whether no more may be made before these are written."""
        return len(self._fresh) + self._being_written >= UNWRITTEN

    async def written(self) -> None:
        """Wait until all are written down. Raises what the writing raised."""
        if self._writing is not None:
            self._hurry.set()
            await self._writing
            self._hurry.clear()

    def drop(self) -> None:
        """Write no more; what is not written will go out again."""
        if self._writing is not None:
            self._writing.cancel()

    async def _write_all(self) -> None:
        while self._fresh:
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER):
                    await self._hurry.wait()
            fresh, self._fresh = self._fresh, []
            self._being_written = len(fresh)
            self.go_on = await self._write(fresh) and self.go_on
            self._being_written = 0

    def _raise_failure(self) -> None:
        if self._writing is not None:
            self._writing.result()
