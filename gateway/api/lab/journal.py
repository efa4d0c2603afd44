"""The journal, to read and to wait on."""

from typing import Annotated, Any

from pydantic import Field

from gateway.api.types import Timestamp, Wait
from smsc_emulator.base import durations
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.web import Body, Call, Model, Reply, Routes


class JournalQuery(Model):
    """Which events to return."""

    after: Annotated[int, Field(ge=0, le=1 << 53)] = 0
    wait: Wait | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000
    type: Annotated[str, Field(max_length=64, pattern=r"^[a-z_.]*$")] = ""
    subject: Annotated[str, Field(max_length=64)] = ""


class JournalEvent(Body):
    """Something that happened in the lab."""

    seq: int = Field(description="Grows with each event, over restarts too; pass the last one seen as `after`.")
    at: Timestamp
    type: str
    subject: str = Field(description="The id of what it happened to.")
    data: dict[str, Any]


class JournalPage(Body):
    """Events, oldest first."""

    events: list[JournalEvent]
    last_seq: int = Field(description="What to pass as `after` next.")
    newest_seq: int = Field(description="The last event of all; pass it as `after` to see only what comes from now on.")


def routes(journal: Journal) -> Routes:
    """Return the routes of the journal."""
    group = Routes("lab: journal")

    @group.add(
        "GET",
        "/lab/journal",
        "Read events after `after`; with `wait`, wait for the first one. `type` matches by its beginning",
        query=JournalQuery,
        answers={200: JournalPage},
    )
    async def read(call: Call) -> Reply:
        query: JournalQuery = call.query

        def wanted(event: Event) -> bool:
            return event.type.startswith(query.type) and query.subject in ("", event.subject)

        seconds = durations.parse(query.wait) / 1000 if query.wait else 0.0
        found = await journal.wait(query.after, seconds, query.limit, wanted)
        events = [
            JournalEvent(seq=e.seq, at=durations.iso(e.at), type=e.type, subject=e.subject, data=dict(e.data))
            for e in found
        ]
        last = events[-1].seq if events else query.after
        return Reply(JournalPage(events=events, last_seq=last, newest_seq=journal.next_seq - 1))

    return group
