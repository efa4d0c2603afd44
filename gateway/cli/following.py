"""Following a lab's journal: events as they come, also over a restart of the lab."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path
from typing import Any

import typer

WAIT = "20s"
"""How long one request for events is held open."""
PAUSE = 0.5
"""Real seconds between two tries to reach a lab that has gone."""

Event = Mapping[str, Any]


def events(
    url: str | None, data: Path | None, after: int | None, **wanted: str
) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
    """See `_events`; as a context, so that the connection is closed also where nobody reads to the end."""
    return aclosing(_events(url, data, after, **wanted))


async def _events(url: str | None, data: Path | None, after: int | None, **wanted: str) -> AsyncGenerator[Event, None]:
    """Yield the events above `after`, or those that come from now on; `wanted` are keys of /lab/journal.

    A lab that goes away is waited for: its numbers grow over restarts, so nothing is shown twice. Raises LabError if
    there is no lab to begin with, or if it refuses.
    """
    import asyncio

    from gateway.client import DEFAULT_DATA, LabClient, LabUnreachableError, find, read_ports

    if data is None and read_ports(DEFAULT_DATA):
        data = DEFAULT_DATA  # when this lab has gone, another one on the default ports is not it
    gone = False
    while True:
        try:
            async with LabClient(find(url, data)) as lab:
                if after is None:
                    after = int((await lab.get("/lab/journal", limit=1))["newest_seq"])
                while True:
                    page = await lab.get("/lab/journal", after=after, wait=WAIT, **wanted)
                    if gone:
                        typer.echo("the lab is back", err=True)
                        gone = False
                    for event in page["events"]:
                        after = int(event["seq"])
                        yield event
        except LabUnreachableError as error:
            if after is None:
                raise
            if not gone:
                typer.echo(f"{error}; waiting for it", err=True)
            gone = True
            await asyncio.sleep(PAUSE)
