"""The journal: one stream of typed, append-only events with several readers.

Metrics, webhooks, traces, the page and the tests' waits all read this stream; business code counts nothing itself.
Events of a database transaction are stored with it and published after its commit; `publish` is for events that are
seen but not kept (each PDU of a link). Both kinds come out in one order: while a commit is under way, `publish` waits.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import partial
from itertools import islice
from typing import Any

from smsc_emulator.frozen import frozen

RUN = 1_000_000_000
"""Sequence numbers of one run of the lab. A run starts at the next multiple, so a reader's `after` never goes back."""


@frozen
class Event:
    """Something that happened: `subject` is the id it happened to, `data` is plain JSON without codes or texts."""

    at: int
    type: str
    subject: str
    data: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0


Reader = Callable[[Event], None]

Told = tuple[int, str, str, Mapping[str, Any]]
"""An event that has no number yet: at, type, subject and data."""

Tell = Callable[[], Iterable[Told]]
"""Makes the events of a run from facts that do not change any more."""

Alike = tuple[str, Mapping[str, Any], int]
"""Events of a run that are counted as one: their type, what their data have in common, and how many they are."""

Tally = Callable[[str, Mapping[str, Any], int], None]
"""Counts events that are alike."""


def _uncounted() -> Iterable[Alike]:
    return ()


class Journal:
    """The last events in memory, and the readers that hear of each new one."""

    def __init__(self, *, keep: int = 100_000) -> None:
        self._keep = keep
        self._events: deque[Event] = deque(maxlen=keep)
        self._untold: deque[tuple[int, int, Tell]] = deque()
        """Runs whose events nobody has looked at yet: the first number of each, how many they are, and what tells."""
        self._untold_count = 0
        self._readers: list[Reader] = []
        self._run_readers: list[Reader] = []
        self._tallies: list[Tally] = []
        self._held: list[Event | tuple[int, Tell, Callable[[], Iterable[Alike]]]] | None = None
        self._grown = asyncio.Event()
        self.waits = True
        """Whether anything may still be waited for; at the end of the lab all who wait are answered at once."""
        self.next_seq = RUN

    def subscribe(self, reader: Reader, *, runs: bool = True) -> Callable[[], None]:
        """Call `reader` for every event from now on, in order; the returned function ends that.

        Without `runs` it does not hear what `publish_run` adds, and nothing is made of that on its behalf.
        """
        readers = [self._readers, self._run_readers] if runs else [self._readers]
        if runs:
            self._tell()  # what was before is not for this reader
        for each in readers:
            each.append(reader)

        def end() -> None:
            for each in readers:
                each.remove(reader)

        return end

    def count(self, reader: Reader, tally: Tally) -> Callable[[], None]:
        """Call `reader` for every event but those of runs, and `tally` for these; the returned function ends that."""
        self._tallies.append(tally)
        leave = self.subscribe(reader, runs=False)

        def end() -> None:
            leave()
            self._tallies.remove(tally)

        return end

    def publish(self, at: int, type: str, subject: str, **data: Any) -> None:  # noqa: A002 - the event's own word
        """Add an event that is not stored."""
        event = Event(at, type, subject, data)
        if self._held is None:
            self._append(event)
        else:
            self._held.append(event)

    def publish_run(self, count: int, tell: Tell, alike: Callable[[], Iterable[Alike]] = _uncounted) -> None:
        """Add `count` events that are not stored, and that are made only when somebody looks.

        For what happens thousands of times a second, such as each PDU of a link. `alike` says how many of them are of
        one kind, for those who only count.
        """
        if self._held is not None:
            self._held.append((count, tell, alike))
            return
        if self._tallies:
            for each in alike():
                for tally in self._tallies:
                    tally(*each)
        self._defer(self.next_seq, count, tell)
        self.next_seq += count
        if self._run_readers:
            self._tell()
        self._grown.set()

    def load(self, events: list[Event], *, next_seq: int | None = None) -> None:
        """Take the stored events of earlier runs, oldest first, and start this run's numbers above them.

        `next_seq` is where they start if other nodes give numbers too.
        """
        self._events.extend(events)
        if next_seq is not None:
            self.next_seq = next_seq
        elif events:
            self.next_seq = (events[-1].seq // RUN + 1) * RUN

    def hold(self) -> None:
        """Keep `publish` waiting: a commit, whose events come first, is under way."""
        self._held = []

    def release(self, stored: list[Event]) -> None:
        """Publish the events of the commit, then those that waited for it."""
        held, self._held = self._held or [], None
        for event in stored:
            self._append(event)
        for each in held:
            if isinstance(each, Event):
                self._append(each)
            else:
                self.publish_run(*each)

    def since(self, after: int, limit: int, wanted: Callable[[Event], bool] | None = None) -> list[Event]:
        """Return up to `limit` events with a sequence number above `after`, oldest first."""
        self._tell()
        if not self._events or self._events[-1].seq <= after:
            return []
        newest_first = iter(reversed(self._events))
        fresh = [event for event in _until(newest_first, after) if wanted is None or wanted(event)]
        fresh.reverse()
        return list(islice(fresh, limit))

    async def wait(
        self, after: int, seconds: float, limit: int = 1000, wanted: Callable[[Event], bool] | None = None
    ) -> list[Event]:
        """Return events after `after` as `since` does, waiting up to `seconds` of real time for the first one."""
        try:
            async with asyncio.timeout(seconds):
                while not (fresh := self.since(after, limit, wanted)) and self.waits:
                    if self._events:
                        after = max(after, self._events[-1].seq)
                    self._grown.clear()
                    await self._grown.wait()
                return fresh
        except TimeoutError:
            return []

    def end_waits(self) -> None:
        """Answer all who wait, now and from now on, with what there is."""
        self.waits = False
        self._grown.set()

    def _tell(self) -> None:
        """Make the events that were only announced."""
        while self._untold:
            first, count, tell = self._untold.popleft()
            self._untold_count -= count
            for seq, (at, kind, subject, data) in enumerate(tell(), first):
                event = Event(at, kind, subject, data, seq)
                self._events.append(event)
                for reader in self._run_readers:
                    reader(event)

    def _defer(self, first: int, count: int, tell: Tell) -> None:
        """Keep what makes the next events, and of all that is kept no more than is to be."""
        self._untold.append((first, count, tell))
        self._untold_count += count
        while self._untold_count - self._untold[0][1] >= self._keep:
            self._untold_count -= self._untold.popleft()[1]
            self._events.clear()  # all of them are older than what is kept

    def _append(self, event: Event) -> None:
        if not event.seq:
            event = Event(event.at, event.type, event.subject, event.data, self.next_seq)
        self.next_seq = event.seq + 1
        if self._untold:  # it comes after these, which need not be made for its sake
            self._defer(event.seq, 1, partial(_tell_one, event))
        else:
            self._events.append(event)
        self._grown.set()
        for reader in self._readers:
            reader(event)


def _tell_one(event: Event) -> Iterable[Told]:
    return [(event.at, event.type, event.subject, event.data)]


def _until(newest_first: Any, after: int) -> Any:
    for event in newest_first:
        if event.seq <= after:
            return
        yield event
