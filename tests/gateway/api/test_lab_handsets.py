"""The handsets' routes over a real socket, with an ESME that submits over another."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from gateway.api.lab import handsets as lab_handsets
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.web import application
from smsc_emulator.core.settings import SmscSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.net.smpp_server import SmppServer
from smsc_emulator.smpp.pdus import DeliverSm, SubmitSm

NUMBER = "+70000000001"
MESSAGES = f"/lab/handsets/{NUMBER}/messages"


class Face:
    """An HTTP client of the routes, and the ESME `smppclient1`."""

    def __init__(self, http: ClientSession, esme: EsmeClient, received: "asyncio.Queue[DeliverSm]") -> None:
        self.http, self.esme, self.received = http, esme, received

    async def get(self, path: str) -> Any:
        async with asyncio.timeout(10), self.http.get(path) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: Any) -> Any:
        async with asyncio.timeout(10), self.http.post(path, json=body) as response:
            return response.status, await response.json()

    async def submit(self, text: bytes) -> str:
        pdu = SubmitSm(source_addr="bank", destination_addr=NUMBER[1:], short_message=text)
        return (await self.esme.submit(pdu)).message_id


@pytest.fixture
async def face(clock: LabClock, journal: Journal) -> AsyncIterator[Face]:
    smsc = Smsc(SmscSettings(), clock, journal, Handsets([NUMBER, "+70000000002"]))
    server = SmppServer(smsc)
    await server.start("127.0.0.1", 0)
    received: asyncio.Queue[DeliverSm] = asyncio.Queue()

    def take(pdu: DeliverSm) -> int:
        received.put_nowait(pdu)
        return 0

    esme = EsmeClient("127.0.0.1", server.port, "smppclient1", "password", on_deliver=take)
    esme.start()
    await esme.bound(5)
    web = TestServer(application([lab_handsets.routes(smsc, journal)], {}, clock))
    await web.start_server()
    async with ClientSession(web.make_url("/")) as http:
        yield Face(http, esme, received)
    await web.close()
    await esme.close()
    await server.close()


async def test_an_inbox_shows_what_came(face: Face) -> None:
    message_id = await face.submit(b"Your code is 123456")
    assert await face.get(MESSAGES) == (
        200,
        {
            "messages": [
                {
                    "id": message_id,
                    "from": "bank",
                    "to": NUMBER,
                    "text": "Your code is 123456",
                    "code": None,
                    "received_at": "2026-01-01T12:00:00.000Z",
                }
            ],
            "code": None,
        },
    )
    assert (await face.get("/lab/handsets"))[1] == {
        "handsets": [{"phone_number": NUMBER, "messages": 1}, {"phone_number": "+70000000002", "messages": 0}]
    }


async def test_a_wait_ends_with_the_text(face: Face) -> None:
    waiting = asyncio.create_task(face.get(f"{MESSAGES}?wait=10s"))
    await face.get("/lab/handsets")
    await face.submit(b"hello")
    _, inbox = await waiting
    assert [message["text"] for message in inbox["messages"]] == ["hello"]


async def test_a_wait_for_a_code_passes_texts_without_one(face: Face) -> None:
    waiting = asyncio.create_task(face.get(f"{MESSAGES}?wait=10s&extract=code"))
    await face.submit(b"no digits here")
    await face.submit(b"Your code is 4711")
    _, inbox = await waiting
    assert [message["code"] for message in inbox["messages"]] == [None, "4711"]
    assert inbox["code"] == "4711"


async def test_after_the_last_text_seen_only_a_newer_one_counts(face: Face) -> None:
    first = await face.submit(b"code 1111")
    waiting = asyncio.create_task(face.get(f"{MESSAGES}?wait=10s&extract=code&after={first}"))
    await face.get("/lab/handsets")
    assert not waiting.done()
    await face.submit(b"code 2222")
    _, inbox = await waiting
    assert [message["code"] for message in inbox["messages"]] == ["2222"]


async def test_a_wait_in_vain_shows_what_is_there(face: Face) -> None:
    await face.submit(b"no digits here")
    _, inbox = await face.get(f"{MESSAGES}?wait=50ms&extract=code")
    assert (len(inbox["messages"]), inbox["code"]) == (1, None)


async def test_a_text_from_a_handset_reaches_the_esme(face: Face) -> None:
    status, body = await face.post(MESSAGES, {"to": "1234", "text": "STOP"})
    assert (status, list(body)) == (202, ["message_id"])
    async with asyncio.timeout(5):
        pdu = await face.received.get()
    assert (pdu.source_addr, pdu.destination_addr, pdu.short_message) == (NUMBER[1:], "1234", b"STOP")


async def test_the_longest_text_of_emoji_is_taken(face: Face) -> None:
    assert (await face.post(MESSAGES, {"to": "1234", "text": "🙂" * 8000}))[0] == 202


async def test_an_unknown_handset_is_not_found(face: Face) -> None:
    path = "/lab/handsets/+70000000003/messages"
    assert (await face.get(path))[0] == 404
    assert (await face.post(path, {"to": "1234", "text": "hello"}))[0] == 404


@pytest.mark.parametrize("query", ["after=x", "extract=text", "wait=5", "wait=2m", "more=1"])
async def test_a_wrong_query_is_refused(face: Face, query: str) -> None:
    assert (await face.get(f"{MESSAGES}?{query}"))[0] == 400
