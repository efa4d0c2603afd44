"""An operator's side over real sockets, and a gateway that notes the verdicts it gets and answers as it is told."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.durations import parse
from smsc_emulator.base.journal import Event
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.signature import SignatureError, sign, verify
from smsc_emulator.base.signed_http import signature_guard
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.web import operations
from smsc_emulator.operator import face, register, subscribers
from smsc_emulator.operator.behaviour import Behaviour, Behaviours
from smsc_emulator.operator.lookups import Lookups
from smsc_emulator.operator.notices import Contracts, NoticeSending
from smsc_emulator.operator.outward import Outward
from smsc_emulator.operator.settings import Answer, OperatorSettings, SubscriberSettings
from smsc_emulator.operator.subscribers import Subscribers

ALPHA = OperatorSettings(
    id="alpha",
    name="Alpha",
    secret="whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ==",
    agreements=["agr_1"],
    match_attributes=["family_name", "birth_date"],
)
BETA = OperatorSettings(id="beta", name="Beta", secret="whsec_YmV0YS10ZXN0LW9wZXJhdG9yLXNpZ25pbmcta2V5")
LIGHT = OperatorSettings(id="light", name="Light", secret=BETA.secret, subscriber_data_at="alpha")
SECRETS = {operator.id: operator.secret for operator in (ALPHA, BETA)}


@dataclass
class GatewayStub:
    """Where verdicts and notices arrive. `statuses` are answered first, one after the other, then 200."""

    clock: LabClock
    url: str = ""
    base: str = ""
    verdicts: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    notices: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    badly_signed: int = 0
    statuses: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            verify(SECRETS["alpha"], request.headers, raw)
        except SignatureError:
            self.badly_signed += 1
            return web.json_response({}, status=401)
        kept = self.notices if request.path.endswith("/notices") else self.verdicts
        kept.append((self.clock.now(), json.loads(raw)))
        return web.json_response({"outcome": "accepted"}, status=self.statuses.pop(0) if self.statuses else 200)

    @property
    def results(self) -> list[str]:
        return [verdict["result"] for _, verdict in self.verdicts]


@dataclass
class OperatorSide:
    """The operators of one lab, and the turning of their clock."""

    clock: LabClock
    database: Database
    session: ClientSession
    behaviours: Behaviours
    subscribers: Subscribers
    gateway: GatewayStub
    make_lookups: Callable[[], Lookups]
    lookups: Lookups
    activity: Activity
    contracts: Contracts
    sending: NoticeSending
    url: str = ""

    async def turn(self, by: str) -> None:
        ticker = Ticker(self.clock, self.activity, [self.lookups, self.sending])
        await ticker.advance(parse(by))

    async def behave(self, answer: Answer = "truth", delay: str = "0s", **more: Any) -> None:
        behaviour = Behaviour(answer, parse(delay), **more)
        await self.database.run(lambda tx: self.behaviours.put(tx, "alpha", behaviour))

    async def subscribe(self, number: str, operator_id: str = "alpha", **more: Any) -> None:
        await self.database.run(lambda tx: subscribers.add(tx, self.clock.now(), number, operator_id, **more))

    async def hand_over(self, code: str = "CODE1", number: str = "+70000000001", request_id: str = "req_1") -> None:
        told = {"service_id": "demo", "service_name": "Demo messenger", "request_id": request_id}
        status, _ = await self.post("codes", {"code": code, "phone_number": number, **told})
        assert status == 200

    async def entries(self, operator_id: str = "alpha") -> list[tuple[str, str, str | None]]:
        found = await self.database.run(lambda tx: register.page(tx, operator_id, None))
        return [(entry.code, entry.state, entry.reason) for entry in found]

    async def post(
        self, resource: str, body: dict[str, Any], *, operator_id: str = "alpha", secret: str = ALPHA.secret
    ) -> tuple[int, dict[str, Any]]:
        raw = json.dumps(body).encode()
        headers = sign(secret, "msg_1", raw)
        async with self.session.post(f"{self.url}/operator/{operator_id}/{resource}", data=raw, headers=headers) as got:
            return got.status, await got.json(content_type=None)

    async def ask(self, number: str = "+70000000001", request_id: str = "req_1") -> tuple[int, dict[str, Any]]:
        return await self.post("queries", self.query(number, request_id))

    def query(self, number: str = "+70000000001", request_id: str = "req_1") -> dict[str, Any]:
        return {
            "request_id": request_id,
            "attempt_id": "idn_1",
            "service_id": "demo",
            "phone_number": number,
            "mode": "presence",
            "sent_at": "2026-01-01T12:00:00.000Z",
            "deadline_at": "2026-01-01T12:20:00.000Z",
            "reply_to": self.gateway.url,
        }

    def events(self, kind: str) -> list[Event]:
        return self.database.journal.since(0, 1000, lambda event: event.type == kind)


@pytest.fixture
async def side(clock: LabClock, database: Database) -> AsyncIterator[OperatorSide]:
    activity = Activity(clock)
    operators = [ALPHA, BETA, LIGHT]
    behaviours = Behaviours(operators)
    index = Subscribers(database)
    await index.start([SubscriberSettings(phone_number="+70000000001", operator_id="alpha")])
    gateway = GatewayStub(clock)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())

        def make_lookups() -> Lookups:
            return Lookups(database, clock, activity, session, operators, behaviours, wake=lambda: None)

        lookups = make_lookups()
        stack.push_async_callback(lookups.close)
        contracts = Contracts(operators, behaviours, SeededRandomness("notices"))
        outward = Outward(session, operators, lambda: gateway.base)
        sending = NoticeSending(database, clock, activity, behaviours, ["alpha", "beta"], outward)
        stack.push_async_callback(sending.close)
        side = OperatorSide(
            clock,
            database,
            session,
            behaviours,
            index,
            gateway,
            make_lookups,
            lookups,
            activity,
            contracts,
            sending,
        )
        routes = face.routes(database, lookups, behaviours, SeededRandomness("operator"))
        app = application(operations([routes], {"gateway": signature_guard(SECRETS)}, clock))
        side.url = str(await _serve(stack, app)).rstrip("/")
        receiver = web.Application()
        receiver.router.add_post("/{path:.*}", gateway.take)
        gateway.base = (await _serve(stack, receiver)).rstrip("/")
        gateway.url = f"{gateway.base}/verdicts"
        yield side


async def _serve(stack: AsyncExitStack, app: web.Application) -> str:
    server = await stack.enter_async_context(TestServer(app))
    return str(server.make_url("/"))
