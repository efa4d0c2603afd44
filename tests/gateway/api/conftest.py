"""The confirmations' face over a real socket, on a lab clock that stands still; the test plays the SMSC's port."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from confirm.deadlines import CodeSending, Expiry
from confirm.service import ConfirmService
from confirm.settings import ConfirmationSettings
from gateway.api import confirmations
from gateway.api.auth import service_guard
from gateway.api.idempotency import Idempotency
from gateway.settings import ServiceSettings
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.watch import Watch
from smsc_emulator.base.web import application

SERVICES = [
    ServiceSettings(id="demo", name="Demo messenger", key="lab-demo-key"),
    ServiceSettings(id="other", name="Another messenger", key="another-key"),
]


@dataclass
class SmsStub:
    """An SmsPort that notes the texts. While `gate` is clear, the answers wait."""

    texts: list[str] = field(default_factory=list)
    failure: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit(self, to: str, text: str, sender: str) -> str:
        self.texts.append(text)
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
class ConfirmationFace:
    """A client of the face, and the parts behind it."""

    clock: LabClock
    database: Database
    service: ConfirmService
    sms: SmsStub
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

    async def start(self, number: str = "+70000000001", **headers: str) -> dict[str, Any]:
        status, confirmation, _ = await self.ask("POST", "/v1/confirmations", {"phone_number": number}, **headers)
        assert status == 201
        return confirmation

    async def check(self, confirmation: dict[str, Any], code: str) -> tuple[int, dict[str, Any]]:
        path = f"/v1/confirmations/{confirmation['id']}/check"
        status, answer, _ = await self.ask("POST", path, {"code": code})
        return status, answer


@pytest.fixture
async def face(clock: LabClock, database: Database) -> AsyncIterator[ConfirmationFace]:
    watch, activity, sms = Watch(database.journal), Activity(clock), SmsStub()
    tickers: list[Ticker] = []
    service = ConfirmService(
        database, watch, ConfirmationSettings(), SecretRandomness(), b"key", lambda: [one.wake() for one in tickers]
    )
    sending = CodeSending(service, sms, "confirmlab", database, clock, activity)
    tickers.append(Ticker(clock, activity, [sending, Expiry(service, database)]))
    sms.gate.set()
    groups = [confirmations.routes(service, database, watch, Idempotency(database))]
    server = TestServer(application(groups, {"service": service_guard(SERVICES)}, clock))
    await server.start_server()
    ticking = asyncio.create_task(tickers[0].run())
    async with ClientSession() as session:
        yield ConfirmationFace(clock, database, service, sms, tickers[0], session, str(server.make_url("")).rstrip("/"))
    await server.close()
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    await sending.close()
