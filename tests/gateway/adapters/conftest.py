"""A voice switch that does what the test says, and a record of what was reported."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.adapters.intake import Intake
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.sip.calls import Invitation, Peer


@dataclass
class Control:
    """Keeps the acts instead of carrying them out."""

    invited: asyncio.Queue[tuple[str, Peer, Invitation]] = field(default_factory=asyncio.Queue)
    ended: asyncio.Queue[tuple[str, int, int | None]] = field(default_factory=asyncio.Queue)

    def invite(self, call: str, peer: Peer, invitation: Invitation, *, expires: int | None = None) -> None:
        assert expires is None
        self.invited.put_nowait((call, peer, invitation))

    def progress(self, call: str, status: int, *, early_media: bool = False) -> None:
        raise AssertionError("the gateway tells no caller that it rings")

    def answer(self, call: str) -> None:
        raise AssertionError("the gateway answers no call")

    def end(self, call: str, status: int = 480, cause: int | None = None) -> None:
        self.ended.put_nowait((call, status, cause))

    async def next_end(self) -> tuple[str, int, int | None]:
        async with asyncio.timeout(5):
            return await self.ended.get()


@dataclass
class Reports:
    """What has been reported, each with its instant, and a failure to answer the next ones with."""

    kept: list[tuple[int, Any]] = field(default_factory=list)
    failure: Exception | None = None

    def take(self, _tx: Tx, now: int, report: Any) -> None:
        if self.failure is not None:
            raise self.failure
        self.kept.append((now, report))


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def activity(clock: LabClock) -> Activity:
    return Activity(clock)


@pytest.fixture
def woken() -> list[int]:
    return []


@pytest.fixture
async def intake(database: Database, activity: Activity, woken: list[int]) -> AsyncIterator[Intake]:
    intake = Intake(database, activity, lambda: woken.append(1))
    yield intake
    await intake.close()
