"""A confirmation service on a lab clock that stands still, and an SMSC that the test plays."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from confirm.challenge import Confirmation
from confirm.deadlines import CodeSending, Expiry
from confirm.service import ConfirmService
from confirm.settings import ConfirmationSettings
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.watch import Watch

NUMBER = "+70000000001"
KEY = b"a key that the database never sees"


class PlayedSmsc:
    """An SmsPort whose answers the test gives: each submission takes the next outcome, or is accepted."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.outcomes: list[Exception | asyncio.Future[str]] = []

    async def submit(self, to: str, text: str, sender: str) -> str:
        self.texts.append((to, text))
        if not self.outcomes:
            return f"message-{len(self.texts)}"
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return await outcome

    @property
    def code(self) -> str:
        """The code of the last message."""
        found = re.search(r"\d{6}", self.texts[-1][1])
        assert found
        return found[0]


@dataclass
class Confirming:
    """The parts of a gateway that confirm numbers, run by a ticker."""

    clock: LabClock
    database: Database
    service: ConfirmService
    sms: PlayedSmsc
    sending: CodeSending
    expiry: Expiry
    ticker: Ticker
    activity: Activity

    async def open(self, number: str = NUMBER, owner: str | None = None, service_id: str = "demo") -> Confirmation:
        now = self.clock.now()
        opened = await self.database.run(
            lambda tx: self.service.open(tx, now, service_id, number, "sms_code", owner=owner)
        )
        return await self.service.send_settled(opened.id)

    async def check(self, confirmation: Confirmation, code: str) -> Confirmation:
        now = self.clock.now()
        return await self.database.run(lambda tx: self.service.check(tx, now, confirmation.id, code))

    async def resend(self, confirmation: Confirmation) -> Confirmation:
        now = self.clock.now()
        await self.database.run(lambda tx: self.service.resend(tx, now, confirmation.id))
        return await self.service.send_settled(confirmation.id)

    async def cancel(self, confirmation: Confirmation) -> Confirmation:
        now = self.clock.now()
        return await self.database.run(lambda tx: self.service.cancel(tx, now, confirmation.id))

    async def get(self, confirmation: Confirmation) -> Confirmation:
        return await self.database.run(lambda tx: self.service.get(tx, confirmation.id))

    @property
    def wrong(self) -> str:
        """A code that the last message does not hold."""
        return "000000" if self.sms.code != "000000" else "000001"


@pytest.fixture
def assemble(clock: LabClock, journal: Journal) -> Callable[[Database, PlayedSmsc], Confirming]:
    """Join the parts around a database, as a process does when it starts."""

    def join(database: Database, sms: PlayedSmsc) -> Confirming:
        tickers: list[Ticker] = []

        def wake() -> None:
            tickers[0].wake()

        service = ConfirmService(
            database,
            Watch(database.journal),
            ConfirmationSettings(),
            SeededRandomness("tests"),
            KEY,
            wake,
        )
        activity = Activity(clock)
        sending = CodeSending(service, sms, "confirmlab", database, clock, activity)
        expiry = Expiry(service, database)
        ticker = Ticker(clock, activity, [sending, expiry])
        tickers.append(ticker)
        return Confirming(clock, database, service, sms, sending, expiry, ticker, activity)

    return join


@pytest.fixture
async def confirming(
    assemble: Callable[[Database, PlayedSmsc], Confirming], database: Database
) -> AsyncIterator[Confirming]:
    confirming = assemble(database, PlayedSmsc())
    ticking = asyncio.create_task(confirming.ticker.run())
    yield confirming
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    await confirming.sending.close()
