"""The handsets' routes over a real socket, with an ESME that submits over another."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from gateway.api.lab import handsets as lab_handsets
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.web import operations
from smsc_emulator.core.settings import SmscSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.net.smpp_server import SmppServer
from smsc_emulator.smpp.pdus import DeliverSm, SubmitSm

NUMBER = "+70000000001"
HANDSET = f"/lab/handsets/{NUMBER}"
MESSAGES = f"{HANDSET}/messages"


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

    async def put(self, path: str, body: Any) -> Any:
        async with asyncio.timeout(10), self.http.put(path, json=body) as response:
            return response.status, await response.json()

    async def submit(self, text: bytes, **fields: Any) -> str:
        pdu = SubmitSm(source_addr="bank", destination_addr=NUMBER[1:], short_message=text, **fields)
        return (await self.esme.submit(pdu)).message_id


@pytest.fixture
async def face(clock: LabClock, journal: Journal) -> AsyncIterator[Face]:
    ticker = Ticker(clock, Activity(clock))
    smsc = Smsc(SmscSettings(), clock, journal, Handsets([NUMBER, "+70000000002"]), wake=ticker.wake)
    ticker.add(*smsc.deadlines)
    ticking = asyncio.create_task(ticker.run())
    server = SmppServer(smsc)
    await server.start("127.0.0.1", 0)
    received: asyncio.Queue[DeliverSm] = asyncio.Queue()

    def take(pdu: DeliverSm) -> int:
        received.put_nowait(pdu)
        return 0

    esme = EsmeClient("127.0.0.1", server.port, "smppclient1", "password", on_deliver=take)
    esme.start()
    await esme.bound(5)
    web = TestServer(application(operations([lab_handsets.routes(smsc, journal)], {}, clock)))
    await web.start_server()
    async with ClientSession(web.make_url("/")) as http:
        yield Face(http, esme, received)
    ticking.cancel()
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
                    "flash": False,
                    "replaces": None,
                }
            ],
            "code": None,
        },
    )
    shown = (await face.get("/lab/handsets"))[1]["handsets"]
    assert [(each["phone_number"], each["messages"]) for each in shown] == [(NUMBER, 1), ("+70000000002", 0)]


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


async def test_a_handset_shows_the_parts_that_a_long_text_still_lacks(face: Face) -> None:
    for part in (3, 1, 1):
        await face.submit(bytes([5, 0, 3, 7, 3, part]) + b"part %d" % part, esm_class=0x40)
    _, shown = await face.get(HANDSET)
    assert shown["unfinished"] == [
        {
            "from": "bank",
            "reference": 7,
            "total": 3,
            "received": [3, 1],
            "missing": [2],
            "duplicates": [1],
            "conflicts": [],
            "out_of_order": True,
            "text": "part 1part 3",
            "findings": [
                "of 3 parts these are missing: 2",
                "these parts came more than once: 1",
                "the parts came in the order 3, 1",
            ],
        }
    ]
    await face.submit(bytes([5, 0, 3, 7, 3, 2]) + b"part 2", esm_class=0x40)
    _, shown = await face.get(HANDSET)
    assert (shown["messages"], shown["unfinished"]) == (1, [])


async def test_an_unknown_handset_is_not_found(face: Face) -> None:
    path = "/lab/handsets/+70000000003/messages"
    assert (await face.get(path))[0] == 404
    assert (await face.post(path, {"to": "1234", "text": "hello"}))[0] == 404


@pytest.mark.parametrize("query", ["after=x", "extract=text", "wait=5", "wait=2m", "more=1"])
async def test_a_wrong_query_is_refused(face: Face, query: str) -> None:
    assert (await face.get(f"{MESSAGES}?{query}"))[0] == 400


async def test_a_handset_that_is_switched_on_gets_what_waited(face: Face) -> None:
    off = {"phone_number": NUMBER, "messages": 0, "state": "off", "memory": None, "memory_used": None}
    assert await face.put(HANDSET, {"state": "off"}) == (200, {**off, "waiting": 0, "unfinished": [], "script": None})
    waited = await face.submit(b"code 1111")
    assert (await face.get(HANDSET))[1]["waiting"] == 1
    await face.put(HANDSET, {"state": "on"})
    _, inbox = await face.get(f"{MESSAGES}?wait=10s")
    assert [message["id"] for message in inbox["messages"]] == [waited]


async def test_what_had_to_wait_comes_after_what_came_before_it(face: Face) -> None:
    await face.put(HANDSET, {"memory": 0})
    waited = await face.submit(b"stored")
    flash = await face.submit(b"shown", data_coding=0x10)
    await face.put(HANDSET, {"memory": 1})
    _, inbox = await face.get(f"{MESSAGES}?wait=10s&after={flash}")
    assert [message["id"] for message in inbox["messages"]] == [waited]
    _, inbox = await face.get(MESSAGES)
    assert [(message["text"], message["flash"]) for message in inbox["messages"]] == [
        ("shown", True),
        ("stored", False),
    ]


async def test_what_a_change_leaves_out_stays(face: Face) -> None:
    script = {"reply": "{code}", "to": "1234", "after": "5s", "delete": True}
    await face.put(HANDSET, {"memory": 3, "script": script})
    _, shown = await face.put(HANDSET, {"state": "roaming"})
    assert (shown["state"], shown["memory"], shown["script"]) == ("roaming", 3, script)
    _, shown = await face.put(HANDSET, {"memory": None, "script": None})
    assert (shown["state"], shown["memory"], shown["script"]) == ("roaming", None, None)


async def test_a_handset_types_the_code_back(face: Face) -> None:
    await face.put(HANDSET, {"script": {"reply": "{code}", "to": "1234"}})
    await face.submit(b"Your code is 123456")
    async with asyncio.timeout(5):
        pdu = await face.received.get()
    assert (pdu.destination_addr, pdu.short_message) == ("1234", b"123456")


async def test_a_deleted_text_is_gone_and_makes_room(face: Face) -> None:
    await face.put(HANDSET, {"memory": 1})
    first, second = await face.submit(b"first"), await face.submit(b"second")
    async with face.http.delete(f"{MESSAGES}/{first}") as response:
        assert response.status == 204
    _, inbox = await face.get(f"{MESSAGES}?wait=10s")
    assert [message["id"] for message in inbox["messages"]] == [second]
    async with face.http.delete(f"{MESSAGES}/{first}") as response:
        assert response.status == 404


async def test_only_known_states_and_handsets_can_be_set(face: Face) -> None:
    assert (await face.put(HANDSET, {"state": "lost"}))[0] == 400
    assert (await face.put("/lab/handsets/+70000000003", {"state": "off"}))[0] == 404
