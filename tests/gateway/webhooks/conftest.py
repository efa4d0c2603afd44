"""A gateway's webhooks on a paused clock, and a receiver on loopback that answers what a test tells it to."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from gateway.webhooks.guard import Guard
from gateway.webhooks.sender import WebhookSender
from gateway.webhooks.service import WebhookService
from gateway.webhooks.settings import WebhookSettings
from gateway.webhooks.store import Endpoint
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.ticker import Ticker


class Receiver:
    """Keeps each request's headers and body, and answers with the next of `answers`, or 204."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: deque[web.Response | int] = deque()
        self.silent = False
        self.arrived = asyncio.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        self.arrived.set()
        if self.silent:
            await asyncio.Event().wait()
        answer = self.answers.popleft() if self.answers else 204
        return web.Response(status=answer) if isinstance(answer, int) else answer


@pytest.fixture
async def make_receiver() -> AsyncIterator[Callable[[], Awaitable[Receiver]]]:
    runners = []

    async def make() -> Receiver:
        receiver = Receiver()
        app = web.Application()
        app.router.add_post("/{path:.*}", receiver.take)
        runner = web.AppRunner(app, shutdown_timeout=0.01)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.port = runner.addresses[0][1]
        return receiver

    yield make
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def receiver(make_receiver: Callable[[], Awaitable[Receiver]]) -> Receiver:
    return await make_receiver()


class Bench:
    """The parts together, as the lab joins them."""

    def __init__(self, clock: LabClock, journal: Journal, database: Database) -> None:
        self.clock, self.journal, self.database = clock, journal, database
        self.settings = WebhookSettings()
        self.guard = Guard(self.settings.networks(in_a_lab=True))
        self.activity = Activity(clock)
        self.wakes = 0
        self.service = WebhookService(database, self.guard, SeededRandomness("webhooks"), self.wake)
        self.service.attach()
        self.sender = self.make_sender()
        self.ticker = Ticker(clock, self.activity, [self.sender])

    def wake(self) -> None:
        self.wakes += 1
        self.ticker.wake()

    def make_sender(self, **settings: Any) -> WebhookSender:
        chosen = self.settings.model_copy(update=settings)
        return WebhookSender(self.database, self.guard, chosen, self.clock, self.activity, self.wake)

    async def replace_sender(self, sender: WebhookSender) -> None:
        """Go on with another sender on the same rows."""
        await self.sender.close()
        await sender.start()
        self.sender, self.ticker = sender, Ticker(self.clock, self.activity, [sender])

    async def endpoint(self, url: str, service_id: str = "demo") -> Endpoint:
        return await self.service.create(self.clock.now(), service_id, url)

    async def happen(self, *subjects: str, service_id: str = "demo", what: str = "confirmation.created") -> None:
        """Record an event about each subject, in one transaction."""
        now, kind = self.clock.now(), what.partition(".")[0]

        def record(tx: Any) -> None:
            for subject in subjects:
                tx.record(now, what, subject, service_id=service_id, **{kind: {"id": subject}})

        await self.database.run(record)

    def told(self, prefix: str = "webhook.") -> list[Event]:
        return self.journal.since(0, 1000, lambda event: event.type.startswith(prefix))


@pytest.fixture
async def bench(clock: LabClock, journal: Journal, database: Database) -> AsyncIterator[Bench]:
    bench = Bench(clock, journal, database)
    await bench.sender.start()
    yield bench
    await bench.sender.close()
