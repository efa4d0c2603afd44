"""The client and the lab's own operator, joined by sockets: what each is tested for apart must also fit."""

import json
from functools import partial

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from gateway.lookup import outbox
from gateway.lookup.client import OperatorClient
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.application import application
from smsc_emulator.base.durations import MINUTE
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.signature import verify
from smsc_emulator.base.signed_http import signature_guard
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.web import operations
from smsc_emulator.operator import face, register
from smsc_emulator.operator.behaviour import Behaviours
from smsc_emulator.operator.lookups import Lookups
from smsc_emulator.operator.settings import OperatorSettings

ALPHA = OperatorSettings(
    id="alpha", name="Alpha", secret="whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ==", answer="present", delay="3s"
)


async def test_a_query_gets_its_verdict_and_a_code_its_entry(clock, database):
    activity = Activity(clock)
    verdicts, acked = [], {}

    async def verdict(request: web.Request) -> web.Response:
        raw = await request.read()
        verify(ALPHA.secret, request.headers, raw)
        verdicts.append((clock.now(), request.path, json.loads(raw)["result"]))
        code = {"service_name": "Demo", "phone_number": "+70000000001", "code": "ABCDEF"}
        await database.run(partial(outbox.hand_over, now=clock.now(), service_id="demo", **ids, **code))
        return web.json_response({"outcome": "accepted"})

    def on_ack(_tx, _now, message, answer):
        acked[message.kind] = answer

    def wake() -> None:
        pass

    ids = {"request_id": "req_1", "attempt_id": "idn_1", "operator_id": "alpha"}
    began = clock.now()
    async with ClientSession() as session:
        behaviours = Behaviours([ALPHA])
        lookups = Lookups(database, clock, activity, session, [ALPHA], behaviours, wake=wake)
        routes = face.routes(database, lookups, behaviours, SeededRandomness("joined"))
        app = application(operations([routes], {"gateway": signature_guard({"alpha": ALPHA.secret})}, clock))
        app.router.add_post("/v1/operators/{operator_id}/verdicts", verdict)
        async with TestServer(app) as server:
            url = str(server.make_url("")).rstrip("/")
            client = OperatorClient(
                database, clock, activity, session, [ALPHA], base_url=lambda: url, on_ack=on_ack, wake=wake
            )
            query = {"service_id": "demo", "phone_number": "+70000000001", "deadline_at": began + 20 * MINUTE}
            await database.run(partial(outbox.ask, now=began, **ids, **query))
            await Ticker(clock, activity, [lookups, client]).advance(MINUTE)
    assert verdicts == [(began + 3_000, "/v1/operators/alpha/verdicts", "PRESENT")]
    (entry,) = await database.run(lambda tx: register.page(tx, "alpha", "+70000000001"))
    assert (entry.code, entry.opened_at) == ("ABCDEF", began + 3_000)
    assert acked["code"] == {"entry_id": entry.entry_id, "code": "ABCDEF"}
    kinds = [event.type for event in database.journal.since(0, 100)]
    assert kinds == [
        "lookup.query_sent",
        "operator.query_received",
        "lookup.query_acknowledged",
        "operator.answered",
        "lookup.code_sent",
        "register.opened",
        "lookup.code_acknowledged",
    ]
