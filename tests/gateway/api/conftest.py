"""The gateway's API over a real socket, on a lab clock that stands still; the test plays the networks' ports.

`face` confirms numbers. `gateway` identifies, with the lab's operators on sockets of their own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from api_clients import LAB, SECRETS, CallStub, ConfirmationFace, Gateway, NotingActivity, SmsStub

from confirm.deadlines import CodeSending, Expiry, RingEnds, StepTimes
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
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.base.signed_http import signature_guard
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.watch import Watch
from smsc_emulator.base.web import operations
from smsc_emulator.operator import face as operator_face
from smsc_emulator.operator.behaviour import Behaviours
from smsc_emulator.operator.lookups import Lookups
from smsc_emulator.operator.subscribers import Subscribers

SERVICES = [
    ServiceSettings(id="demo", name="Demo messenger", key="lab-demo-key"),
    ServiceSettings(id="other", name="Another messenger", key="another-key"),
]


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
