"""Looking into folders for letters, by the lab clock, and handing each on to an HTTP face as a signed message.

So a party that exchanges files is served by the very code that serves one that speaks HTTP: what is checked, answered
and put on record is the same. A letter that the face cannot take for now stays where it is until the next look.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import structlog

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.flights import Flights
from smsc_emulator.base.mailbox import GarbageError, Letter, Mailbox
from smsc_emulator.base.signed_http import UnreachableError
from smsc_emulator.frozen import frozen

Handle = Callable[[str, Letter], Awaitable[None]]
"""Does what a letter of a party says. Raises GarbageError if it says nothing that can be done, UnreachableError if it
cannot be done for now."""


@frozen
class Post:
    """A party's box that is looked into, and how often: milliseconds of lab time."""

    inbox: Mailbox
    poll: int


class FolderPoll:
    """The deadlines of all looks into the boxes of `posts`, which are by the name of their party."""

    gives_up = False

    def __init__(self, posts: Mapping[str, Post], activity: Activity, handle: Handle) -> None:
        self._posts = posts
        self._flights = Flights(activity)
        self._handle = handle
        self._next: dict[str, int] = dict.fromkeys(posts, 0)

    async def next_due(self) -> int | None:
        """Return the instant of the next look, or None where there is no box."""
        return min(self._next.values(), default=None)

    async def fire(self, now: int) -> None:
        """Look into each box whose time has come; the first look is at the start."""
        for party, post in self._posts.items():
            if self._next[party] <= now:
                self._next[party] = now + post.poll
                self._flights.launch(party, partial(self._look, party, post.inbox))

    async def close(self) -> None:
        """Drop what is under way; its files are still there at the next start."""
        await self._flights.close()

    async def _look(self, party: str, inbox: Mailbox) -> None:
        for file in inbox.waiting():
            try:
                for letter in inbox.read(file):
                    await self._handle(party, letter)
            except GarbageError as error:
                inbox.set_aside(file, str(error))
                log = structlog.get_logger(__name__)
                log.warning("a file is set aside", party=party, file=_shown(file), reason=str(error))
            except UnreachableError:
                return
            else:
                inbox.done(file)


def _shown(file: Path) -> str:
    """Return a file's name fit for a log: without what may be of any length."""
    return file.name[:80]
