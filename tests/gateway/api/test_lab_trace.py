"""Traces of a whole lab: from the HTTP request to the PDU, the handset, the operator and the webhook."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession, web

from gateway.cli.send import address
from gateway.load.messages import submit_sm
from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.smpp import segments
from smsc_emulator.smpp.segments import Scheme

NUMBER, OTHER = "+70000000001", "+70000000002"


async def listening() -> tuple[web.AppRunner, str, asyncio.Queue[Any]]:
    """Return a webhook receiver, its address, and what comes to it."""
    came: asyncio.Queue[Any] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        came.put_nowait(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/", came


async def test_an_identification_is_traced_from_its_request_to_its_webhook(
    start_lab: Callable[..., Awaitable[Any]],
) -> None:
    lab = await start_lab()
    runner, url, came = await listening()
    try:
        await lab.post("/v1/webhook-endpoints", {"url": url})
        done = await lab.identify(NUMBER)
        async with asyncio.timeout(10):
            while (await came.get())["type"] != "identification.identified":
                pass
        await lab.get("/lab/journal?type=webhook.delivered&wait=5s")
    finally:
        await runner.cleanup()
    found = await lab.get(f"/lab/traces/{done['id']}")
    types = [step["type"] for step in found["steps"]]
    wanted = [
        "http.request",
        "identification.created",
        "confirmation.created",
        "smpp.submit_sm",
        "handset.received",
        "confirmation.code_sent",
        "identification.pending",
        "operator.query_received",
        "identification.verdict",
        "register.opened",
        "identification.identified",
    ]
    places = [types.index(each) for each in wanted]
    assert places == sorted(places)
    assert {"webhook.delivered", "message.delivered", "binding.active"} <= set(types)
    assert found["steps"][0]["told"]["route"] == "/v1/identifications"
    (pdu,) = [step["pdu"] for step in found["steps"] if step["pdu"]]
    assert (pdu["command"], pdu["destination_addr"], pdu["source_addr"]) == ("submit_sm", "+7000*****01", "confirmlab")
    by_message = await lab.get(f"/lab/traces/{done['confirmation']['code_sent']['message_id']}")
    # A webhook may have been delivered meanwhile.
    assert {step["seq"] for step in by_message["steps"]} >= {step["seq"] for step in found["steps"]}


async def test_a_trace_tells_no_code_and_no_number_unless_it_is_to(start_lab: Callable[..., Awaitable[Any]]) -> None:
    lab = await start_lab()
    started = await lab.confirm(OTHER, "sms_code")
    inbox = await lab.get(f"/lab/handsets/{OTHER}/messages?wait=10s&extract=code")
    await lab.check(started, inbox["code"])
    hidden = await lab.get(f"/lab/traces/{started['id']}")
    shown = await lab.get(f"/lab/traces/{started['id']}?reveal=true")
    assert "70000000002" not in json.dumps(hidden)
    assert "70000000002" in json.dumps(shown)
    for trace in (hidden, shown):
        told = [[step["told"], step["pdu"]] for step in trace["steps"]]
        assert inbox["code"] not in json.dumps(told)


async def test_a_client_finds_its_story_by_the_id_it_gave_its_request(
    start_lab: Callable[..., Awaitable[Any]],
) -> None:
    lab = await start_lab()
    headers = {"Authorization": "Bearer lab-demo-key", "X-Request-Id": "checkout-17"}
    body = {"phone_number": OTHER, "method": "flash_call"}
    async with (
        ClientSession(headers=headers) as session,
        session.post(f"{lab.lab.base_url}/v1/confirmations", json=body) as answer,
    ):
        assert (answer.status, answer.headers["X-Request-Id"]) == (201, "checkout-17")
    await lab.call_log(OTHER)
    found = await lab.get("/lab/traces/checkout-17")
    types = [step["type"] for step in found["steps"]]
    assert types[0] == "http.request"
    assert {"confirmation.call_placed", "call.placed", "call.started", "call.ringing"} <= set(types)


async def test_what_was_sent_from_a_handset_is_traced_by_its_request(start_lab: Callable[..., Awaitable[Any]]) -> None:
    lab = await start_lab()
    sent = await lab.post(f"/lab/handsets/{OTHER}/messages", {"to": "3434", "text": "hello"})
    await lab.event("message.delivered", sent["message_id"])
    found = await lab.get(f"/lab/traces/{sent['message_id']}")
    assert [step["type"] for step in found["steps"]][:2] == ["http.request", "message.accepted"]


async def test_what_the_user_did_belongs_to_the_trace_of_what_it_proved(
    start_lab: Callable[..., Awaitable[Any]],
) -> None:
    lab = await start_lab()
    by_sms = await lab.confirm(OTHER, "mo_sms")
    told = by_sms["instructions"]
    await lab.post(f"/lab/handsets/{OTHER}/messages", {"to": told["short_code"], "text": "no token"})
    await lab.post(f"/lab/handsets/{OTHER}/messages", {"to": "5555", "text": "to somebody else"})
    sent = await lab.post(f"/lab/handsets/{OTHER}/messages", {"to": told["short_code"], "text": told["text"]})
    by_call = await lab.confirm(NUMBER, "call_in")
    await lab.post(f"/lab/handsets/{NUMBER}/calls", {"to": by_call["instructions"]["access_number"]})
    await lab.event("confirmation.confirmed", by_call["id"])
    await lab.event("message.delivered", sent["message_id"])
    trace = await lab.get(f"/lab/traces/{by_sms['id']}")
    texts = [step["subject"] for step in trace["steps"] if step["type"] in ("message.accepted", "smpp.deliver_sm")]
    assert texts == [sent["message_id"]] * 2
    trace = await lab.get(f"/lab/traces/{by_call['id']}")
    assert "call.started" in [step["type"] for step in trace["steps"]]


async def test_all_parts_of_a_long_text_belong_to_its_trace(start_lab: Callable[..., Awaitable[Any]]) -> None:
    text = "Your code is {code}." + " Tell it to nobody." * 20
    lab = await start_lab(settings=json.dumps({"confirmation": {"templates": {"login": {"en": text}}}}))
    started = await lab.confirm(OTHER, "sms_code", template="login")
    await lab.get(f"/lab/handsets/{OTHER}/messages?wait=10s&extract=code")
    await lab.event("confirmation.code_sent", started["id"])
    trace = await lab.get(f"/lab/traces/{started['id']}")
    parts = [step["pdu"]["esm_class"] for step in trace["steps"] if step["type"] == "smpp.submit_sm"]
    assert parts == [0x40] * 3
    assert "handset.received" in [step["type"] for step in trace["steps"]]


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_the_parts_of_an_esme_s_long_text_are_one_trace(
    start_lab: Callable[..., Awaitable[Any]], scheme: Scheme
) -> None:
    lab = await start_lab()
    known = {"response_timeout": 5.0, "on_deliver": lambda _: 0, "reconnect": False}
    client = EsmeClient("127.0.0.1", lab.lab.ports["smpp"], "smppclient1", "password", **known)
    client.start()
    await client.bound(5)
    to = address(OTHER)
    parts = [submit_sm(part, address("shop"), to, receipt=True) for part in segments.split("x" * 400, 9, scheme)]
    other = submit_sm(segments.split("another")[0], address("shop"), to, receipt=False)
    ids = [(await client.submit(pdu)).message_id for pdu in (parts[0], other, *parts[1:])]
    text = [ids[0], *ids[2:]]
    await lab.event("message.delivered", ids[-1])
    for id_ in text:
        trace = await lab.get(f"/lab/traces/{id_}")
        assert [step["subject"] for step in trace["steps"] if step["type"] == "smpp.submit_sm"] == text
        assert "handset.received" in [step["type"] for step in trace["steps"]]
    alone = await lab.get(f"/lab/traces/{ids[1]}")
    assert {step["subject"] for step in alone["steps"] if step["type"] == "smpp.submit_sm"} == {ids[1]}
    await client.close()


async def test_an_id_that_is_unknown_is_not_found(start_lab: Callable[..., Awaitable[Any]]) -> None:
    lab = await start_lab()
    async with ClientSession() as session, session.get(f"{lab.lab.base_url}/lab/traces/cnf_none") as answer:
        assert answer.status == 404
        assert "cnf_none" in (await answer.json())["detail"]
