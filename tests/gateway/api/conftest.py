"""The gateway's API over a real socket, on a lab clock that stands still; the test plays the networks' ports.

`face` confirms numbers. `gateway` identifies, with the lab's operators on sockets of their own.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from confirm.deadlines import CodeSending, Expiry, RingEnds, StepTimes
from confirm.ports import CallFate, CallReport, InboundCall, InboundSms, Trust
from confirm.service import ConfirmService
from confirm.settings import ConfirmationSettings
from gateway.api import (
    appeals,
    bindings,
    confirmations,
    identifications,
    ledger,
    operators,
    registry,
    sending,
    services,
    sessions,
)
from gateway.api.auth import service_guard
from gateway.api.idempotency import Idempotency
from gateway.api.lab import services as lab_services
from gateway.identification import profiles
from gateway.identification.deadlines import AttemptDeadlines
from gateway.identification.service import IdentificationService
from gateway.lookup.client import OperatorClient, numbering_plan
from gateway.resources import config_path
from gateway.services import directory
from gateway.services.deadlines import BroadcastSending, CureTimes
from gateway.services.lists import Lists
from gateway.services.settings import BroadcastSettings, ServiceSettings
from gateway.settings import Settings
from smsc_emulator.base.activity import Activity, Work
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.durations import iso, parse
from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.base.signature import sign
from smsc_emulator.base.signed_http import signature_guard
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.watch import Watch
from smsc_emulator.base.web import application, operations
from smsc_emulator.operator import face as operator_face
from smsc_emulator.operator.behaviour import Behaviour, Behaviours
from smsc_emulator.operator.lookups import Lookups
from smsc_emulator.operator.subscribers import Subscribers

LAB = Settings()
SECRETS = {operator.id: operator.secret for operator in LAB.operators}
IDENTIFICATIONS = "/v1/identifications"
NUMBER = "+70000000001"

SERVICES = [
    ServiceSettings(id="demo", name="Demo messenger", key="lab-demo-key"),
    ServiceSettings(id="other", name="Another messenger", key="another-key"),
]


@dataclass
class SmsStub:
    """An SmsPort that notes the texts. While `gate` is clear, the answers wait."""

    texts: list[str] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    failure: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit(self, to: str, text: str, sender: str) -> str:
        self.texts.append(text)
        self.sent.append((to, text))
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return str(len(self.texts))

    @property
    def code(self) -> str:
        return re.findall(r"\d{6}", self.texts[-1])[0]

    @property
    def wrong(self) -> str:
        return "000000" if self.code != "000000" else "000001"


@dataclass
class CallStub:
    """A CallPort that notes who is to be called by whom, and which calls are taken back. Nothing rings by itself."""

    placed: list[tuple[str, str, str]] = field(default_factory=list)
    hung_up: list[str] = field(default_factory=list)

    async def place(self, call: str, to: str, caller: str, *, ring: int) -> None:
        self.placed.append((call, to, caller))

    async def hang_up(self, call: str) -> None:
        self.hung_up.append(call)

    @property
    def call(self) -> str:
        return self.placed[-1][0]

    @property
    def caller(self) -> str:
        return self.placed[-1][2]


@dataclass
class ConfirmationFace:
    """A client of the face, and the parts behind it."""

    clock: LabClock
    database: Database
    service: ConfirmService
    sms: SmsStub
    calls: CallStub
    ticker: Ticker
    session: ClientSession
    url: str

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str = "lab-demo-key", **headers: str
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Return the answer's status, its body, and its headers; `Idempotency_Key` names a header like that."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {key}"
        async with self.session.request(method, f"{self.url}{path}", json=body, headers=sent) as answer:
            return answer.status, await answer.json(content_type=None), dict(answer.headers)

    async def start(self, number: str = NUMBER, **more: Any) -> dict[str, Any]:
        body = {"phone_number": number, **more}
        status, confirmation, _ = await self.ask("POST", "/v1/confirmations", body)
        assert status == 201, confirmation
        return confirmation

    async def refused(self, number: str = NUMBER, **more: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Return the answer to a start that is not let through."""
        return await self.ask("POST", "/v1/confirmations", {"phone_number": number, **more})

    async def get(self, confirmation: dict[str, Any], query: str = "") -> dict[str, Any]:
        status, found, _ = await self.ask("GET", f"/v1/confirmations/{confirmation['id']}{query}")
        assert status == 200, found
        return found

    async def rings(self, fate: CallFate = CallFate.RINGING, status: int = 180, **more: Any) -> None:
        """Report what became of the last call."""
        now, report = self.clock.now(), CallReport(self.calls.call, fate, status, **more)
        await self.database.run(lambda tx: self.service.call_report(tx, now, report))

    async def call_in(self, caller: str | None, to: str, trust: Trust = Trust.ASSERTED) -> None:
        now, call = self.clock.now(), InboundCall("cll_in", caller, to, trust)
        await self.database.run(lambda tx: self.service.inbound_call(tx, now, call))

    async def sms_in(self, sender: str, text: str, short_code: str = "3434") -> None:
        now, sms = self.clock.now(), InboundSms(sender, short_code, text, Trust.ASSERTED)
        await self.database.run(lambda tx: self.service.inbound_sms(tx, now, sms))

    def events(self, kind: str) -> list[Any]:
        return self.database.journal.since(0, 1000, lambda event: event.type == kind)

    async def check(self, confirmation: dict[str, Any], code: str) -> tuple[int, dict[str, Any]]:
        path = f"/v1/confirmations/{confirmation['id']}/check"
        status, answer, _ = await self.ask("POST", path, {"code": code})
        return status, answer


@pytest.fixture
def settings() -> ConfirmationSettings:
    return ConfirmationSettings()


@pytest.fixture
async def face(clock: LabClock, database: Database, settings: ConfirmationSettings) -> AsyncIterator[ConfirmationFace]:
    watch, activity, sms, calls = Watch(database.journal), Activity(clock), SmsStub(), CallStub()
    tickers: list[Ticker] = []
    service = ConfirmService(
        database, watch, settings, SecretRandomness(), b"key", lambda: [one.wake() for one in tickers]
    )
    sending = CodeSending(service, sms, "confirmlab", database, clock, activity, calls=calls)
    ring_ends = RingEnds(service, calls, database, clock, activity)
    tickers.append(
        Ticker(clock, activity, [sending, ring_ends, StepTimes(service, database), Expiry(service, database)])
    )
    sms.gate.set()
    names = {service.id: service.name for service in SERVICES}
    groups = [
        confirmations.routes(service, database, watch, Idempotency(database, b"key"), names),
        ledger.routes(service.ledger, database),
    ]
    server = TestServer(application(operations(groups, {"service": service_guard(SERVICES)}, clock)))
    await server.start_server()
    ticking = asyncio.create_task(tickers[0].run())
    async with ClientSession() as session:
        url = str(server.make_url("")).rstrip("/")
        yield ConfirmationFace(clock, database, service, sms, calls, tickers[0], session, url)
    await server.close()
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    for source in (sending, ring_ends):
        await source.close()


class NotingActivity(Activity):
    """Tells when the reading of an input begins."""

    def __init__(self, clock: LabClock) -> None:
        super().__init__(clock)
        self.input_began = asyncio.Event()

    def track(self, *, is_input: bool = False) -> Work:
        if is_input:
            self.input_began.set()
        return super().track(is_input=is_input)


@dataclass
class Gateway:
    """A client of the gateway, and what is behind it."""

    clock: LabClock
    database: Database
    ticker: Ticker
    activity: NotingActivity
    behaviours: Behaviours
    confirm: ConfirmService
    sms: SmsStub
    calls: CallStub
    session: ClientSession
    url: str

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str = "lab-demo-key", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {key}"
        async with self.session.request(method, self.url + path, json=body, headers=sent) as answer:
            return answer.status, await answer.json(content_type=None)

    async def start(self, number: str = NUMBER, user: str = "user-1", **more: Any) -> dict[str, Any]:
        status, started = await self.ask("POST", IDENTIFICATIONS, {"user_id": user, "phone_number": number, **more})
        assert status == 201, started
        return started

    async def check(self, started: dict[str, Any], code: str | None = None) -> tuple[int, dict[str, Any]]:
        return await self.ask("POST", f"{IDENTIFICATIONS}/{started['id']}/check", {"code": code or self.code})

    async def get(self, started: dict[str, Any], query: str = "") -> dict[str, Any]:
        status, found = await self.ask("GET", f"{IDENTIFICATIONS}/{started['id']}{query}")
        assert status == 200, found
        return found

    async def until(self, started: dict[str, Any], state: str) -> dict[str, Any]:
        """Follow the attempt by waiting requests until it is in `state`."""
        found = await self.get(started)
        while found["state"] != state:
            seen = found["state"]
            found = await self.get(started, f"?wait=3s&state={seen}")
            assert found["state"] != seen, found
        return found

    async def identified(self, number: str = NUMBER, user: str = "user-1") -> dict[str, Any]:
        started = await self.start(number, user)
        await self.check(started)
        return await self.until(started, "IDENTIFIED")

    async def behave(self, answer: str, delay: str = "0s", operator: str = "alpha") -> None:
        behaviour = Behaviour(answer, parse(delay))
        await self.database.run(lambda tx: self.behaviours.put(tx, operator, behaviour))

    async def verdict(
        self,
        request_id: str,
        result: str = "PRESENT",
        *,
        signer: str = "alpha",
        number: str = NUMBER,
        **more: Any,
    ) -> tuple[int, dict[str, Any]]:
        """Send a verdict as alpha would, signed with the secret of `signer`."""
        body = {"request_id": request_id, "phone_number": number, "result": result, "as_of": iso(self.clock.now())}
        raw = json.dumps({**body, **more}).encode()
        path = "/v1/operators/alpha/verdicts"
        async with self.session.post(
            self.url + path, data=raw, headers=sign(SECRETS[signer], request_id, raw)
        ) as answer:
            return answer.status, await answer.json(content_type=None)

    async def request_id(self, started: dict[str, Any]) -> str:
        sent = await self.event("lookup.query_sent", lambda event: event.data["attempt_id"] == started["id"])
        return sent.subject

    async def event(self, kind: str, wanted: Callable[[Any], bool] = lambda event: True) -> Any:
        events = await self.database.journal.wait(0, 10, 1, lambda event: event.type == kind and wanted(event))
        assert events, f"no {kind}"
        return events[0]

    @property
    def code(self) -> str:
        return self.sms.code

    @property
    def wrong(self) -> str:
        return self.sms.wrong


@pytest.fixture
def in_force() -> list[profiles.Profile]:
    """Return the profile that services are held to; a test may put another one in its place."""
    return [profiles.load(config_path("profiles") / "ru-1801.yaml")]


@pytest.fixture
async def gateway(
    clock: LabClock, database: Database, settings: ConfirmationSettings, in_force: list[profiles.Profile]
) -> AsyncIterator[Gateway]:
    watch, activity, sms, calls = Watch(database.journal), NotingActivity(clock), SmsStub(), CallStub()
    sms.gate.set()
    keys, lists = Idempotency(database, b"key"), Lists(b"key")

    def rules(_now: int) -> profiles.Profile:
        return in_force[0]

    tickers: list[Ticker] = []
    url = ""

    def wake() -> None:
        for ticker in tickers:
            ticker.wake()

    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        await Subscribers(database).start(LAB.subscribers)
        await database.run(lambda tx: directory.configure(tx, SERVICES))
        confirm = ConfirmService(database, watch, settings, SecretRandomness(), b"key", wake)
        identification = IdentificationService(
            confirm,
            numbering_plan(LAB.operators),
            profiles.load_all(config_path("profiles")),
            LAB.schedule(),
            {service.id: service.name for service in SERVICES},
            SecretRandomness(),
            wake,
        )
        client = OperatorClient(
            database,
            clock,
            activity,
            session,
            LAB.operators,
            base_url=lambda: url,
            on_ack=identification.acknowledged,
            wake=wake,
        )
        behaviours = Behaviours(LAB.operators)
        lookups = Lookups(database, clock, activity, session, LAB.operators, behaviours, wake=wake)
        code_sending = CodeSending(confirm, sms, "confirmlab", database, clock, activity, calls=calls)
        ring_ends = RingEnds(confirm, calls, database, clock, activity)
        broadcasts = BroadcastSending(BroadcastSettings(), sms, confirm.ledger, database, clock, activity)
        broadcaster = sending.Broadcaster(rules, lists, "emergency", SecretRandomness())
        groups = [
            identifications.routes(identification, confirm, database, watch, keys),
            bindings.routes(identification, database),
            sessions.routes(identification, database),
            appeals.routes(identification, database),
            appeals.lab_routes(identification, database),
            services.routes(identification, database, rules, lists),
            registry.routes(database),
            sending.routes(database, lists, broadcaster, keys, wake),
            lab_services.routes(database, rules),
            ledger.routes(confirm.ledger, database),
            operators.routes(identification, database, activity),
            operator_face.routes(database, lookups, behaviours, SecretRandomness()),
        ]
        signed = signature_guard(SECRETS)
        guards = {"service": service_guard(SERVICES), "operator": signed, "gateway": signed}
        server = await stack.enter_async_context(TestServer(application(operations(groups, guards, clock))))
        url = str(server.make_url("")).rstrip("/")
        deadlines = [
            CureTimes(database),
            StepTimes(confirm, database),
            Expiry(confirm, database),
            AttemptDeadlines(identification, database),
        ]
        tickers.append(Ticker(clock, activity, [code_sending, broadcasts, ring_ends, client, lookups, *deadlines]))
        ticking = asyncio.create_task(tickers[0].run())
        yield Gateway(clock, database, tickers[0], activity, behaviours, confirm, sms, calls, session, url)
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        for source in (code_sending, broadcasts, ring_ends, client, lookups):
            await source.close()
