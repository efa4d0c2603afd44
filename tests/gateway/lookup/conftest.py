"""The client of the operators, an operator that answers as it is told, and the turning of the clock."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from gateway.lookup.client import OperatorClient
from gateway.lookup.outbox import OperatorMessage
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import parse
from smsc_emulator.base.journal import Event
from smsc_emulator.base.signature import verify
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.operator.settings import OperatorSettings

SECRET = "whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ=="


@dataclass
class OperatorStub:
    """Notes what it gets, with the instant; `replies` are given first, one after the other, then `usual`."""

    clock: LabClock
    got: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    replies: list[tuple[int, str]] = field(default_factory=list)
    usual: tuple[int, str] = (200, '{"entry_id":"ent_1"}')

    async def take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        verify(SECRET, request.headers, raw)
        self.got.append((self.clock.now(), request.path, json.loads(raw)))
        status, text = self.replies.pop(0) if self.replies else self.usual
        return web.Response(status=status, text=text)


@dataclass
class Asking:
    """A gateway's client at work."""

    clock: LabClock
    activity: Activity
    database: Database
    operator: OperatorStub
    server: TestServer
    client: OperatorClient
    acked: list[tuple[int, OperatorMessage, Mapping[str, Any]]]
    wakes: list[None]

    async def turn(self, by: str) -> None:
        await Ticker(self.clock, self.activity, [self.client]).advance(parse(by))

    def events(self, kind: str) -> list[Event]:
        return self.database.journal.since(0, 1000, lambda event: event.type == kind)


@pytest.fixture
async def asking(clock: LabClock, database: Database) -> AsyncIterator[Asking]:
    activity = Activity(clock)
    operator = OperatorStub(clock)
    app = web.Application()
    app.router.add_post("/{rest:.*}", operator.take)
    acked: list[tuple[int, OperatorMessage, Mapping[str, Any]]] = []
    wakes: list[None] = []

    def on_ack(tx: Tx, now: int, message: OperatorMessage, answer: Mapping[str, Any]) -> None:
        tx.record(now, "test.acked", message.id)
        acked.append((now, message, answer))

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TestServer(app))
        session = await stack.enter_async_context(ClientSession())
        base_url = str(server.make_url("")).rstrip("/")
        operators = [
            OperatorSettings(id="alpha", name="Alpha", secret=SECRET),
            OperatorSettings(id="beta", name="Beta", secret=SECRET, url=f"{base_url}/elsewhere/"),
            OperatorSettings(id="dead", name="Dead", secret=SECRET, url="http://127.0.0.1:1"),
        ]
        client = OperatorClient(
            database,
            clock,
            activity,
            session,
            operators,
            base_url=lambda: base_url,
            on_ack=on_ack,
            wake=lambda: wakes.append(None),
        )
        stack.push_async_callback(client.close)
        yield Asking(clock, activity, database, operator, server, client, acked, wakes)
