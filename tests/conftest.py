"""What many tests stand on: a lab clock that stands still, a journal, a database in memory."""

from collections.abc import AsyncIterator

import pytest

from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.durations import instant
from smsc_emulator.base.journal import Journal


@pytest.fixture
def clock() -> LabClock:
    return LabClock(instant("2026-01-01T12:00:00Z"), running=False)


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
async def database(journal: Journal) -> AsyncIterator[Database]:
    database = Database("sqlite://", journal)
    metadata.create_all(database.engine)
    database.start()
    yield database
    await database.close()
