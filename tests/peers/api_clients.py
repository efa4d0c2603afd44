"""Clients of the gateway's API with what is behind them, and stubs of the networks that a test plays."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession

from confirm.ports import CallFate, CallReport, InboundCall, InboundSms, Trust
from confirm.service import ConfirmService
from gateway.settings import Settings
from smsc_emulator.base.activity import Activity, Work
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.durations import iso, parse
from smsc_emulator.base.signature import sign
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.operator.behaviour import Behaviour, Behaviours

LAB = Settings()
SECRETS = {operator.id: operator.secret for operator in LAB.operators}
IDENTIFICATIONS = "/v1/identifications"
NUMBER = "+70000000001"


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
