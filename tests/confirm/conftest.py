"""A confirmation service on a lab clock that stands still, with an SMSC and a voice switch that the test plays."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from confirm.challenge import Confirmation
from confirm.deadlines import CodeSending, Expiry, RingEnds, StepTimes
from confirm.ports import CallFate, CallReport, InboundCall, InboundSms, Trust
from confirm.service import ConfirmService
from confirm.settings import ConfirmationSettings, StepSettings
from confirm.workflow import Wish
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database, Tx, metadata
from smsc_emulator.base.journal import Event, Journal
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
        self.asked = asyncio.Event()

    async def submit(self, to: str, text: str, sender: str) -> str:
        self.texts.append((to, text))
        self.asked.set()
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
class Placed:
    """A call at the played switch."""

    call: str
    to: str
    caller: str
    open: bool = True


class PlayedSwitch:
    """A CallPort whose calls do what the test says: each takes the next of `fates`, or rings until it is hung up."""

    def __init__(self) -> None:
        self.calls: list[Placed] = []
        self.hung_up: list[str] = []
        self.fates: list[tuple[CallFate, ...] | Exception] = []
        self.reports_hang_up = True
        self.report: Callable[[CallReport], Any] | None = None
        self.most_open = 0

    async def place(self, call: str, to: str, caller: str, *, ring: int) -> None:
        fates = self.fates.pop(0) if self.fates else (CallFate.RINGING,)
        if isinstance(fates, Exception):
            raise fates
        placed = Placed(call, to, caller)
        self.calls.append(placed)
        self.most_open = max(self.most_open, sum(one.open and one.to == to for one in self.calls))
        for fate in fates:
            await self.tell(fate, placed)

    async def hang_up(self, call: str) -> None:
        self.hung_up.append(call)
        placed = next((one for one in self.calls if one.call == call and one.open), None)
        if placed is not None and self.reports_hang_up:
            await self.tell(CallFate.CANCELLED, placed)

    async def tell(self, fate: CallFate, placed: Placed | None = None, *, seconds: int = 0) -> None:
        """Report what has become of a call, the last one by default."""
        placed = placed or self.calls[-1]
        placed.open = placed.open and fate in (CallFate.RINGING, CallFate.DIVERTED)
        assert self.report is not None
        await self.report(CallReport(placed.call, fate, 486, 17, seconds))

    @property
    def code(self) -> str:
        """The last four digits that the last call showed."""
        return self.calls[-1].caller[-4:]


@dataclass
class Confirming:
    """The parts of a gateway that confirm numbers, run by a ticker."""

    clock: LabClock
    database: Database
    service: ConfirmService
    sms: PlayedSmsc
    switch: PlayedSwitch
    sending: CodeSending
    ring_ends: RingEnds
    ticker: Ticker
    activity: Activity

    async def unit(self, act: Callable[[Tx, int], Any]) -> Any:
        """Run an act of the service at the present instant."""
        now = self.clock.now()
        return await self.database.run(lambda tx: act(tx, now))

    async def open(self, number: str = NUMBER, owner: str | None = None, service_id: str = "demo") -> Confirmation:
        return await self.start("sms_code", number=number, owner=owner, service_id=service_id)

    async def start(
        self, *methods: str, number: str = NUMBER, service_id: str = "demo", settled: bool = True, **wish: Any
    ) -> Confirmation:
        asked = Wish(service_id, number, tuple(StepSettings(method=method) for method in methods), **wish)
        started = await self.unit(lambda tx, now: self.service.start(tx, now, asked))
        return await self.settle(started) if settled else started

    async def settle(self, confirmation: Confirmation) -> Confirmation:
        """Have what is due sent, and let what is under way end."""
        await self.ticker.advance(0)
        await self.service.send_settled(confirmation.id)
        return await self.rest(confirmation)

    async def rest(self, confirmation: Confirmation) -> Confirmation:
        """Let what is under way end, and return the confirmation."""
        await self.ticker.advance(0)
        return await self.get(confirmation)

    async def turn(self, by: int, confirmation: Confirmation) -> Confirmation:
        await self.ticker.advance(by)
        return await self.get(confirmation)

    async def check(self, confirmation: Confirmation, code: str, **more: Any) -> Confirmation:
        return await self.unit(lambda tx, now: self.service.check(tx, now, confirmation.id, code, **more))

    async def resend(self, confirmation: Confirmation, **more: Any) -> Confirmation:
        await self.unit(lambda tx, now: self.service.resend(tx, now, confirmation.id, **more))
        return await self.settle(confirmation)

    async def next(self, confirmation: Confirmation) -> Confirmation:
        await self.unit(lambda tx, now: self.service.next(tx, now, confirmation.id))
        return await self.settle(confirmation)

    async def cancel(self, confirmation: Confirmation) -> Confirmation:
        return await self.unit(lambda tx, now: self.service.cancel(tx, now, confirmation.id))

    async def get(self, confirmation: Confirmation) -> Confirmation:
        return await self.database.run(lambda tx: self.service.get(tx, confirmation.id))

    async def shown(self, confirmation: Confirmation) -> dict[str, Any]:
        return await self.database.run(lambda tx: self.service.snapshot(tx, self.service.get(tx, confirmation.id)))

    async def call_in(
        self, access_number: str | None, caller: str | None = NUMBER, trust: Trust = Trust.ASSERTED
    ) -> Confirmation | None:
        call = InboundCall("in-1", caller, access_number or "none", trust)
        return await self.unit(lambda tx, now: self.service.inbound_call(tx, now, call))

    async def text_in(
        self, text: str, sender: str | None = NUMBER, short_code: str = "3434", trust: Trust = Trust.ASSERTED
    ) -> Confirmation | None:
        sms = InboundSms(sender, short_code, text, trust)
        return await self.unit(lambda tx, now: self.service.inbound_sms(tx, now, sms))

    def token(self, confirmation: Confirmation) -> str:
        told = self.service.instructions(confirmation)
        assert told
        return str(told["token"])

    def events(self, confirmation: Confirmation) -> list[Event]:
        return self.database.journal.since(0, 1000, lambda event: event.subject == confirmation.id)

    def story(self, confirmation: Confirmation) -> list[str]:
        return [event.type.removeprefix("confirmation.") for event in self.events(confirmation)]

    @property
    def wrong(self) -> str:
        """A code that the last message does not hold."""
        return "000000" if self.sms.code != "000000" else "000001"

    async def close(self) -> None:
        await self.sending.close()
        await self.ring_ends.close()


Assemble = Callable[..., Confirming]


@pytest.fixture
def settings() -> ConfirmationSettings:
    return ConfirmationSettings()


@pytest.fixture
def assemble(clock: LabClock, journal: Journal, settings: ConfirmationSettings) -> Assemble:
    """Join the parts around a database, as a process does when it starts."""

    def join(
        database: Database,
        sms: PlayedSmsc | None = None,
        switch: PlayedSwitch | None = None,
        settings: ConfirmationSettings = settings,
    ) -> Confirming:
        sms, switch = sms or PlayedSmsc(), switch or PlayedSwitch()
        tickers: list[Ticker] = []

        def wake() -> None:
            tickers[0].wake()

        service = ConfirmService(database, Watch(database.journal), settings, SeededRandomness("tests"), KEY, wake)

        async def report(told: CallReport) -> None:
            now = clock.now()
            await database.run(lambda tx: service.call_report(tx, now, told))

        switch.report = report
        activity = Activity(clock)
        sending = CodeSending(service, sms, "confirmlab", database, clock, activity, calls=switch)
        ring_ends = RingEnds(service, switch, database, clock, activity)
        sources = [sending, ring_ends, StepTimes(service, database), Expiry(service, database)]
        ticker = Ticker(clock, activity, sources)
        tickers.append(ticker)
        return Confirming(clock, database, service, sms, switch, sending, ring_ends, ticker, activity)

    return join


@pytest.fixture
async def confirming(assemble: Assemble, database: Database) -> AsyncIterator[Confirming]:
    confirming = assemble(database, PlayedSmsc())
    ticking = asyncio.create_task(confirming.ticker.run())
    yield confirming
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    await confirming.close()


@pytest.fixture
async def by_hand(assemble: Assemble, database: Database) -> AsyncIterator[Confirming]:
    """The same parts, whose deadlines fire only where the test turns the clock, for what happens at their instants."""
    parts = assemble(database)
    yield parts
    await parts.close()


@pytest.fixture
async def restart(tmp_path, assemble, confirming):
    """Start another process's parts on the same file, after the last ones died without a word."""
    opened = []

    async def start(switch: PlayedSwitch | None = None) -> Confirming:
        database = Database(f"sqlite:///{tmp_path}/lab.sqlite", Journal())
        metadata.create_all(database.engine)
        database.start()
        parts = assemble(database, PlayedSmsc(), switch)
        opened.append(parts)
        return parts

    yield start
    for parts in opened:
        await parts.close()
        await parts.database.close()
