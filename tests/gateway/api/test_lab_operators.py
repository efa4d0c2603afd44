from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer

from gateway.api.lab import operators, subscribers
from gateway.lookup import porting
from gateway.lookup.client import numbering_plan
from gateway.settings import Settings
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.web import application
from smsc_emulator.operator import register
from smsc_emulator.operator.behaviour import Behaviour, Behaviours
from smsc_emulator.operator.register import Handover
from smsc_emulator.operator.subscribers import Subscribers

SETTINGS = Settings()
PLAN = numbering_plan(SETTINGS.operators)


@pytest.fixture
async def index(database: Database) -> Subscribers:
    index = Subscribers(database)
    await index.start(SETTINGS.subscribers)
    return index


@pytest.fixture
def behaviours() -> Behaviours:
    return Behaviours(SETTINGS.operators)


@pytest.fixture
async def api(
    clock: LabClock, database: Database, index: Subscribers, behaviours: Behaviours
) -> AsyncIterator[TestClient]:
    groups = [
        subscribers.routes(database, PLAN, {operator.id for operator in SETTINGS.operators}),
        operators.routes(database, SETTINGS.operators, behaviours),
    ]
    async with TestClient(TestServer(application(groups, {}, clock))) as client:
        yield client


async def read(answer) -> tuple[int, dict]:
    async with answer:
        return answer.status, await answer.json(content_type=None)


async def test_the_default_lab_lists_its_twenty_subscribers(api):
    status, body = await read(await api.get("/lab/subscribers"))
    assert (status, len(body["subscribers"])) == (200, 20)
    assert body["subscribers"][0] == {
        "phone_number": "+70000000001",
        "operator_id": "alpha",
        "imsi": "001010000000001",
    }


@pytest.mark.parametrize("plus", ["+", "%2B"])
async def test_subscribers_are_listed_by_operator_and_in_pages(api, plus):
    _, body = await read(await api.get(f"/lab/subscribers?operator_id=beta&after={plus}70000000018&limit=1"))
    assert [found["phone_number"] for found in body["subscribers"]] == ["+70000000019"]


async def test_a_subscriber_that_is_added_has_a_number_and_is_routed_to_its_operator(api, index, database):
    new = {"phone_number": "+70000000555", "operator_id": "beta", "imsi": "001010000000555"}
    async with api.post("/lab/subscribers", json=new) as answer:
        assert (answer.status, await answer.json()) == (201, new)
        assert answer.headers["Location"] == "/lab/subscribers/+70000000555"
    assert "+70000000555" in index.numbers()
    assert await read(await api.get("/lab/subscribers/+70000000555")) == (200, new)
    assert PLAN.holder("+70000000555") == "alpha"
    assert await database.run(lambda tx: porting.operator_of(tx, PLAN, "+70000000555")) == "beta"


async def test_a_contract_that_ends_frees_the_number_and_sends_it_back_to_its_range(api, index, database):
    await read(await api.post("/lab/subscribers", json={"phone_number": "+70000000555", "operator_id": "beta"}))
    async with api.delete("/lab/subscribers/+70000000555") as answer:
        assert (answer.status, await answer.read()) == (204, b"")
    assert "+70000000555" not in index.numbers()
    assert (await read(await api.get("/lab/subscribers/+70000000555")))[0] == 404
    assert (await read(await api.delete("/lab/subscribers/+70000000555")))[0] == 404
    assert await database.run(lambda tx: porting.operator_of(tx, PLAN, "+70000000555")) == "alpha"
    again = {"phone_number": "+70000000555", "operator_id": "alpha"}
    assert (await read(await api.post("/lab/subscribers", json=again)))[0] == 201


async def test_a_number_with_a_contract_is_not_added_again(api):
    status, problem = await read(
        await api.post("/lab/subscribers", json={"phone_number": "+70000000001", "operator_id": "beta"})
    )
    assert (status, problem["code"]) == (409, "subscriber_exists")


async def test_a_subscriber_of_an_unknown_operator_is_not_added(api, index):
    status, problem = await read(
        await api.post("/lab/subscribers", json={"phone_number": "+70000000555", "operator_id": "gamma"})
    )
    assert (status, problem["code"]) == (404, "not_found")
    assert "+70000000555" not in index.numbers()


async def test_operators_are_listed_with_their_behaviour(api):
    await read(await api.put("/lab/operators/beta/behaviour", json={"answer": "silent"}))
    status, body = await read(await api.get("/lab/operators"))
    assert (status, body["operators"]) == (
        200,
        [
            {"answer": "truth", "delay": "0s", "register": "open", "id": "alpha", "name": "Alpha Mobile"},
            {"answer": "silent", "delay": "0s", "register": "open", "id": "beta", "name": "Beta Telecom"},
        ],
    )


async def test_a_behaviour_is_set_and_shown(api, database, behaviours):
    wanted = {"answer": "absent", "delay": "1m30s", "register": "closed"}
    assert await read(await api.put("/lab/operators/alpha/behaviour", json=wanted)) == (200, wanted)
    assert await read(await api.get("/lab/operators/alpha/behaviour")) == (200, wanted)
    assert await database.run(lambda tx: behaviours.get(tx, "alpha")) == Behaviour("absent", 90_000, "closed")
    assert await database.run(lambda tx: behaviours.get(tx, "beta")) == Behaviour("truth", 0)


@pytest.mark.parametrize(
    "body", [{}, {"answer": "maybe"}, {"answer": "truth", "delay": "30"}, {"answer": "truth", "x": 1}]
)
async def test_a_behaviour_that_there_is_not_is_refused(api, body):
    status, problem = await read(await api.put("/lab/operators/alpha/behaviour", json=body))
    assert (status, problem["code"]) == (400, "bad_request")


@pytest.mark.parametrize("path", ["behaviour", "register"])
async def test_an_unknown_operator_is_not_found(api, path):
    status, problem = await read(await api.get(f"/lab/operators/gamma/{path}"))
    assert (status, problem["code"]) == (404, "not_found")


@pytest.mark.parametrize("number", ["+70000000001", quote("+70000000001")])
async def test_the_register_of_a_number_names_the_service_the_code_and_the_state(api, database, clock, number):
    for n, phone_number in enumerate(["+70000000001", "+70000000002"]):
        handover = Handover(f"CODE{n}", f"req_{n}", phone_number, "demo", "Demo messenger")
        unit_args = (clock.now(), "alpha", handover, f"ent_{n}")
        await database.run(lambda tx, args=unit_args: register.open_entry(tx, *args))
    await database.run(lambda tx: register.void(tx, clock.now(), "alpha", "CODE0", "late"))
    status, body = await read(await api.get(f"/lab/operators/alpha/register?phone_number={number}"))
    assert (status, body["entries"]) == (
        200,
        [
            {
                "entry_id": "ent_0",
                "phone_number": "+70000000001",
                "service_id": "demo",
                "service_name": "Demo messenger",
                "code": "CODE0",
                "state": "VOID",
                "opened_at": "2026-01-01T12:00:00.000Z",
                "ended_at": "2026-01-01T12:00:00.000Z",
                "reason": "late",
            }
        ],
    )
    _, whole = await read(await api.get("/lab/operators/alpha/register"))
    assert [entry["entry_id"] for entry in whole["entries"]] == ["ent_0", "ent_1"]
    assert await read(await api.get("/lab/operators/beta/register")) == (200, {"entries": []})
