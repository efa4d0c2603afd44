"""The route that calls an ESME, over real sockets on both sides."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from gateway.api.lab import outbind as lab_outbind
from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.web import operations
from smsc_emulator.core.settings import AccountSettings, SmscSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.net.outbind import Caller
from smsc_emulator.net.smpp_server import SmppServer


@pytest.fixture
async def listener() -> AsyncIterator[tuple[EsmeClient, int]]:
    client = EsmeClient("", 0, "called", "secret")
    yield client, await client.listen("127.0.0.1", 0)
    await client.close()


@pytest.fixture
async def face(listener: tuple[EsmeClient, int], clock: LabClock, journal: Journal) -> AsyncIterator[ClientSession]:
    accounts = [
        AccountSettings(system_id="called", password="secret", outbind=f"127.0.0.1:{listener[1]}"),
        AccountSettings(system_id="quiet", password="secret"),
        AccountSettings(system_id="wrong", password="secret", outbind="127.0.0.1:0"),
    ]
    server = SmppServer(Smsc(SmscSettings(accounts=accounts), clock, journal, Handsets()))
    await server.start("127.0.0.1", 0)
    web = TestServer(application(operations([lab_outbind.routes(Caller(server))], {}, clock)))
    await web.start_server()
    async with ClientSession(web.make_url("/")) as http:
        yield http
    await web.close()
    await server.close()


async def test_an_esme_that_is_called_binds(face: ClientSession, listener: tuple[EsmeClient, int]) -> None:
    async with asyncio.timeout(5), face.post("/lab/accounts/called/outbind") as response:
        assert (response.status, await response.json()) == (202, {"system_id": "called"})
    await listener[0].bound(5)


@pytest.mark.parametrize(
    ("system_id", "status", "kind"),
    [("nobody", 404, "not_found"), ("quiet", 409, "no_outbind"), ("wrong", 502, "call_failed")],
)
async def test_what_cannot_be_called_is_a_problem(face: ClientSession, system_id: str, status: int, kind: str) -> None:
    async with asyncio.timeout(5), face.post(f"/lab/accounts/{system_id}/outbind") as response:
        assert response.status == status
        assert (await response.json())["code"] == kind
