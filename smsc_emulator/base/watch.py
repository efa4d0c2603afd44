"""Waiting for one subject of the journal to change, at no cost for the events of all others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from smsc_emulator.base.journal import Event, Journal

T = TypeVar("T")


class Watch:
    """Wakes those who wait for a subject when the journal has an event about it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: dict[str, set[asyncio.Event]] = {}
        # Whoever waits here waits for something that is stored; of messages on their way nothing is made for that.
        self.close = journal.subscribe(self._wake, runs=False)

    async def until(
        self, subject: str, seconds: float, read: Callable[[], Awaitable[T]], done: Callable[[T], bool]
    ) -> T:
        """Return what `read` gives as soon as `done` holds of it, reading again at each event about `subject`.

        After `seconds` of real time what it gives then is returned as it is.
        """
        return await self._until(subject, seconds, read, done, known=False)

    async def until_after(
        self, subject: str, seconds: float, read: Callable[[], Awaitable[T]], done: Callable[[T], bool]
    ) -> T:
        """Do as `until` does, for who knows already that `done` does not hold: read only after the first event.

        To be called without giving way to anything since the commit that told so.
        """
        return await self._until(subject, seconds, read, done, known=True)

    async def _until(
        self, subject: str, seconds: float, read: Callable[[], Awaitable[T]], done: Callable[[T], bool], *, known: bool
    ) -> T:
        changed = asyncio.Event()
        self._waiting.setdefault(subject, set()).add(changed)
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            in_time = not known or (self._journal.waits and await _set_before(deadline, changed))
            while True:
                changed.clear()
                value = await read()
                if done(value) or not in_time or not self._journal.waits:
                    return value
                in_time = await _set_before(deadline, changed)
        finally:
            self._forget(subject, changed)

    def end_waits(self) -> None:
        """Answer all who wait; the journal must have ended its waits before, so that none begins to wait again."""
        for waiting in self._waiting.values():
            for changed in waiting:
                changed.set()

    def _wake(self, event: Event) -> None:
        for changed in self._waiting.get(event.subject, ()):
            changed.set()

    def _forget(self, subject: str, changed: asyncio.Event) -> None:
        waiting = self._waiting[subject]
        waiting.discard(changed)
        if not waiting:
            del self._waiting[subject]


async def read_until(
    journal: Journal,
    about: Callable[[Event], bool],
    seconds: float,
    read: Callable[[], Awaitable[T]],
    done: Callable[[T], bool],
) -> T:
    """Do what `Watch.until` does, reading again at each event that is `about` it, also at those of runs."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        # Taken before anything is read, so that an event that comes in between is not waited for in vain.
        seen = journal.next_seq - 1
        value = await read()
        left = deadline - loop.time()
        if left <= 0 or not journal.waits or done(value):
            return value
        await journal.wait(seen, left, 1, about)


async def _set_before(deadline: float, changed: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout_at(deadline):
            await changed.wait()
    except TimeoutError:
        return False
    return True
