"""Makes the report on conformance of the stored journal, page by page."""

import asyncio
from collections.abc import Mapping

from gateway.identification.profiles import Profile
from gateway.reports import reading
from gateway.reports.conformance import Conformance
from smsc_emulator.base.database import Database


async def conformance(
    database: Database,
    profiles: Mapping[str, Profile],
    schedule: tuple[str, ...],
    now: int,
    service_id: str | None,
) -> Conformance:
    """Judge every rule, for all services or for what one of them may see.

    What it takes of memory does not grow with the journal.
    """
    closing = await reading.closing(database, profiles, schedule, now, service_id)
    # On a thread, since a page takes long to judge and everybody else waits for the loop.
    found = await asyncio.to_thread(Conformance.of, closing)
    async for page in reading.pages(database, closing, service_id):
        found += await asyncio.to_thread(Conformance.of, page)
    return found
