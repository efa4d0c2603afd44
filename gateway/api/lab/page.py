"""What the page shows before it has heard of anything: the lab's services and numbers, and what stands open."""

from collections.abc import Iterable
from secrets import token_hex
from typing import Any, Final

from pydantic import Field

from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.web import Body, Call, Reply, Routes

MOST: Final = 200
"""How many confirmations, and how many identifications, are told."""


class ServiceNamed(Body):
    """A service in whose name the page acts."""

    id: str
    name: str


class PageFacts(Body):
    """What does not change while the lab runs."""

    version: str
    reveal: bool = Field(description="Whether codes and texts are shown without a click.")
    smpp_port: int = Field(description="Where ESMEs bind.")
    services: list[ServiceNamed]
    access_numbers: list[str] = Field(description="What a user calls to confirm his number.")
    short_code: str = Field(description="Where a user sends an SMS to confirm his number.")


class PageState(PageFacts):
    """What the page begins with."""

    run: str = Field(description="Another one after each start of the lab.")
    last_seq: int = Field(description="The last event of the journal that is in it.")
    confirmations: list[dict[str, Any]] = Field(description="The latest ones as the journal tells them, newest first.")
    identifications: list[dict[str, Any]] = Field(description="Likewise.")


def routes(journal: Journal, facts: PageFacts) -> Routes:
    """Return the route of the page's beginning."""
    group = Routes("lab: page")
    run = token_hex(8)

    @group.add("GET", "/lab/page", "Tell what the page begins with", answers={200: PageState})
    async def begin(_call: Call) -> Reply:
        events = journal.since(0, 1 << 60)
        return Reply(
            PageState(
                **facts.model_dump(),
                run=run,
                last_seq=journal.next_seq - 1,
                confirmations=latest(events, "confirmation"),
                identifications=latest(events, "identification"),
            )
        )

    return group


def latest(events: Iterable[Event], kind: str) -> list[dict[str, Any]]:
    """Return the last state of each confirmation or identification that `events` tell of, the newest change first."""
    found: dict[str, dict[str, Any]] = {}
    for event in reversed(list(events)):
        told = event.data.get(kind) if event.type.startswith(f"{kind}.") else None
        if isinstance(told, dict) and told["id"] not in found:
            found[told["id"]] = told
            if len(found) == MOST:
                break
    return list(found.values())
