"""The journal as a stream of server-sent events, with the clock and the counts each second.

A reader is a place in the journal and nothing else, so one that reads slowly costs no memory: it is told how many
events it has missed, and goes on with the latest. A reader that comes back says what it saw last (Last-Event-ID).
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from gateway.api.lab.clock import LabTime
from smsc_emulator.base import durations
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.web import Call, Model, Reply, Routes
from smsc_emulator.net.recent import RecentPdus

TICK: Final = 1.0
"""Real seconds between two ticks, which keep the stream alive too."""
PAUSE: Final = 0.1
"""Real seconds for which events are gathered before the next are sent."""
MOST: Final = 300
"""How many events are sent at once; of more, the oldest are left out."""
EVERYTHING: Final = 1 << 60

TYPE: Final = "text/event-stream"


class EventsQuery(Model):
    """Where to begin."""

    last: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="How many events that have happened already are told first."
    )


class Onlooker:
    """Counts what happens, and has the PDUs kept, while at least one reader is there."""

    def __init__(self, journal: Journal, recent: RecentPdus, time: LabTime) -> None:
        self.journal = journal
        self.recent = recent
        self.counts: Counter[str] = Counter()
        self._time = time
        self._readers = 0
        self._leave: Callable[[], None] = lambda: None

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Look on while the context is entered."""
        if not self._readers:
            self.counts.clear()
            self._leave = self.journal.subscribe(self._count)
        self._readers += 1
        try:
            with self.recent.watch():
                yield
        finally:
            self._readers -= 1
            if not self._readers:
                self._leave()

    def _count(self, event: Event) -> None:
        self.counts[event.type] += 1

    async def tick(self, since: float) -> dict[str, Any]:
        """Return where the clock stands, the counts by type of event, and the SMSC's answer times after `since`."""
        now, running, due = await self._time.state()
        took = sorted(took for at, took in self.recent.answer_times if at > since)
        return {
            "now": durations.iso(now),
            "running": running,
            "next_deadline_at": None if due is None else durations.iso(due),
            "counts": dict(self.counts),
            "answer_ms": None if not took else {"p50": _quantile(took, 0.5), "p95": _quantile(took, 0.95)},
        }


def routes(onlooker: Onlooker) -> Routes:
    """Return the route of the stream."""
    group = Routes("lab: journal")

    @group.add(
        "GET",
        "/lab/events",
        "Follow the journal as server-sent events, until the reader goes; `tick` tells the clock and the counts",
        query=EventsQuery,
        answers={200: None},
        headers={"Last-Event-ID": "the `seq` of the last event that was read; the next ones follow"},
        streams=True,
    )
    async def follow(call: Call) -> Reply:
        last_id = call.request.headers.get("Last-Event-ID", "")
        after = int(last_id) if last_id.isascii() and last_id.isdigit() and len(last_id) < 19 else None
        reader = _Reader(onlooker, after, call.query.last)
        return Reply(None, stream=reader.serve)

    return group


class _Reader:
    """One reader of the stream."""

    def __init__(self, onlooker: Onlooker, after: int | None, last: int) -> None:
        self._onlooker = onlooker
        self._journal = onlooker.journal
        # What a reader saw of another journal says nothing about this one.
        known = after is not None and after < self._journal.next_seq
        self._first = None if known else last
        """How many events of the past are told; None: all that the reader has missed."""
        self._after = after if known and after is not None else 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Send events until the reader goes or the lab ends."""
        response = web.StreamResponse(headers={"Content-Type": TYPE, "Cache-Control": "no-store"})
        with suppress(ConnectionError), self._onlooker.watch():  # the reader may go at any time
            await response.prepare(request)
            await self._send(response)
            await response.write_eof()
        return response

    async def _send(self, response: web.StreamResponse) -> None:
        loop = asyncio.get_running_loop()
        await response.write(b"retry: 1000\n\n")
        ticked = 0.0
        while self._journal.waits:
            if data := self._fresh():
                await response.write(data)
                await asyncio.sleep(PAUSE)
            if loop.time() >= ticked + TICK:
                since, ticked = ticked, loop.time()
                await response.write(_message("tick", await self._onlooker.tick(since)))
            await self._journal.wait(self._after, ticked + TICK - loop.time(), 1)

    def _fresh(self) -> bytes:
        """Return the messages about what has happened since the last call."""
        fresh = self._journal.since(self._after, EVERYTHING)
        skipped = max(0, len(fresh) - MOST)
        if self._first is not None:
            fresh, skipped = fresh[len(fresh) - self._first :] if self._first < len(fresh) else fresh, 0
        else:
            fresh = fresh[skipped:]
        self._first, self._after = None, self._journal.next_seq - 1
        parts = [_message("gap", {"skipped": skipped})] if skipped else []
        return b"".join([*parts, *(_message(None, _shown(event), event.seq) for event in fresh)])


def _shown(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": durations.iso(event.at),
        "type": event.type,
        "subject": event.subject,
        "data": dict(event.data),
    }


def _message(name: str | None, data: Any, seq: int | None = None) -> bytes:
    lines = [f"id: {seq}"] if seq is not None else []
    lines += [f"event: {name}"] if name else []
    return "\n".join([*lines, f"data: {json.dumps(data)}", "", ""]).encode()


def _quantile(values: list[float], share: float) -> float:
    """Return the value, in milliseconds, that `share` of the sorted real seconds do not exceed."""
    return round(values[min(len(values) - 1, int(share * len(values)))] * 1000, 3)
