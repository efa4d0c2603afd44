from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer

from gateway.api.lab import operators, subscribers
from gateway.lookup import porting
from gateway.lookup.client import numbering_plan
from gateway.settings import Settings
from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.durations import instant, parse
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.web import operations
from smsc_emulator.operator import register
from smsc_emulator.operator.behaviour import Behaviour, Behaviours, Outage
from smsc_emulator.operator.notices import Contracts
from smsc_emulator.operator.register import Handover
from smsc_emulator.operator.subscribers import Subscribers

SETTINGS = Settings()
PLAN = numbering_plan(SETTINGS.operators)
NOON = instant("2026-01-01T12:00:00Z")


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
        subscribers.routes(
            database,
            PLAN,
            {operator.id for operator in SETTINGS.operators},
            Contracts(SETTINGS.operators, behaviours, SeededRandomness("notices")),
            lambda: None,
        ),
        operators.routes(database, SETTINGS.operators, behaviours),
    ]
    async with TestClient(TestServer(application(operations(groups, {}, clock)))) as client:
        yield client


async def read(answer) -> tuple[int, dict]:
    async with answer:
        return answer.status, await answer.json(content_type=None)


def shown(phone_number: str, operator_id: str, **change: Any) -> dict[str, Any]:
    """Return how a subscriber of whom nothing else is known is shown."""
    return {
        "phone_number": phone_number,
        "operator_id": operator_id,
        "imsi": "00101" + phone_number[-10:],
        "sim": "active",
        "owner": "own",
        "end_user_known": False,
        "kyc": "verified",
        "attributes": [],
        "began_at": "2026-01-01T12:00:00.000Z",
        "ended_at": None,
        "end_reason": None,
    } | change


async def test_the_default_lab_lists_its_twenty_subscribers(api):
    status, body = await read(await api.get("/lab/subscribers"))
    assert (status, len(body["subscribers"])) == (200, 20)
    assert body["subscribers"][0] == shown("+70000000001", "alpha", began_at="1970-01-01T00:00:00.000Z")


@pytest.mark.parametrize("plus", ["+", "%2B"])
async def test_subscribers_are_listed_by_operator_and_in_pages(api, plus):
    _, body = await read(await api.get(f"/lab/subscribers?operator_id=beta&after={plus}70000000018&limit=1"))
    assert [found["phone_number"] for found in body["subscribers"]] == ["+70000000019"]


async def test_a_subscriber_that_is_added_has_a_number_and_is_routed_to_its_operator(api, index, database):
    new = {"phone_number": "+70000000555", "operator_id": "beta", "imsi": "001010000000555"}
    async with api.post("/lab/subscribers", json=new) as answer:
        assert (answer.status, await answer.json()) == (201, shown("+70000000555", "beta"))
        assert answer.headers["Location"] == "/lab/subscribers/+70000000555"
    assert "+70000000555" in index.numbers()
    assert await read(await api.get("/lab/subscribers/+70000000555")) == (200, shown("+70000000555", "beta"))
    assert PLAN.holder("+70000000555") == "alpha"
    assert (await database.run(lambda tx: porting.route(tx, NOON, PLAN, "+70000000555"))).operator_id == "beta"


async def test_a_contract_that_ends_frees_the_number_and_sends_it_back_to_its_range(api, index, database):
    await read(await api.post("/lab/subscribers", json={"phone_number": "+70000000555", "operator_id": "beta"}))
    async with api.delete("/lab/subscribers/+70000000555") as answer:
        assert (answer.status, await answer.read()) == (204, b"")
    assert "+70000000555" not in index.numbers()
    assert (await read(await api.get("/lab/subscribers/+70000000555")))[0] == 404
    assert (await read(await api.delete("/lab/subscribers/+70000000555")))[0] == 404
    assert (await database.run(lambda tx: porting.route(tx, NOON, PLAN, "+70000000555"))).operator_id == "alpha"


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


async def test_a_number_is_kept_off_sale_for_sixty_days_but_from_its_former_subscriber(api, clock):
    await read(await api.delete("/lab/subscribers/+70000000001"))
    sale = {"phone_number": "+70000000001", "operator_id": "alpha"}
    clock.move_to(clock.now() + parse("60d") - 1)
    status, problem = await read(await api.post("/lab/subscribers", json=sale))
    assert (status, problem["code"]) == (409, "number_in_quarantine")
    assert "2026-03-02T12:00:00.000Z" in problem["detail"]
    back = await read(await api.post("/lab/subscribers", json=sale | {"former_subscriber": True}))
    assert back[0] == 201
    await read(await api.delete("/lab/subscribers/+70000000001"))
    clock.move_to(clock.now() + parse("60d"))
    assert (await read(await api.post("/lab/subscribers", json=sale)))[0] == 201


async def test_a_subscriber_moves_with_his_number_and_both_contracts_stay_on_record(api, index, database, clock):
    assert (await read(await api.post("/lab/subscribers/+70000000001/port", json={"operator_id": "beta"})))[0] == 200
    status, body = await read(await api.get("/lab/subscribers/+70000000001/contracts"))
    donor = {"began_at": "1970-01-01T00:00:00.000Z", "ended_at": "2026-01-01T12:00:00.000Z", "end_reason": "ported"}
    assert (status, body["contracts"]) == (
        200,
        [shown("+70000000001", "alpha", **donor), shown("+70000000001", "beta")],
    )
    for at, operator_id in [(NOON - 1, "alpha"), (NOON, "beta")]:
        route = await database.run(lambda tx, now=at: porting.route(tx, now, PLAN, "+70000000001"))
        assert route.operator_id == operator_id
    assert dict(index.contracts())["+70000000001"] == "beta"
    again = await read(await api.post("/lab/subscribers/+70000000001/port", json={"operator_id": "beta"}))
    assert (again[0], again[1]["code"]) == (409, "same_operator")


async def test_a_ported_number_whose_contract_ends_goes_back_to_its_range_and_into_quarantine(api, database, clock):
    await read(await api.post("/lab/subscribers/+70000000001/port", json={"operator_id": "beta"}))
    await read(await api.delete("/lab/subscribers/+70000000001"))
    assert (await database.run(lambda tx: porting.route(tx, clock.now(), PLAN, "+70000000001"))).operator_id == "alpha"
    sale = {"phone_number": "+70000000001", "operator_id": "alpha"}
    assert (await read(await api.post("/lab/subscribers", json=sale)))[1]["code"] == "number_in_quarantine"


@pytest.mark.parametrize("parties", [[], ["owner"], ["user"], ["owner", "owner"]])
async def test_a_line_is_re_registered_only_where_its_owner_and_its_user_come_together(api, parties):
    change = {"owner": "third_person", "person": {"family_name": "Owner"}}
    await read(await api.patch("/lab/subscribers/+70000000001", json=change))
    path, user = "/lab/subscribers/+70000000001/reissue", {"person": {"family_name": "User"}}
    status, problem = await read(await api.post(path, json=user | {"parties": parties}))
    assert (status, problem["code"]) == (409, "both_parties_needed")
    status, body = await read(await api.post(path, json=user | {"parties": ["user", "owner"]}))
    assert (status, body) == (200, shown("+70000000001", "alpha", attributes=["family_name"]))
    _, body = await read(await api.get("/lab/subscribers/+70000000001/contracts"))
    assert [each["end_reason"] for each in body["contracts"]] == ["reissued", None]


async def test_what_a_contract_says_of_a_person_is_changed_and_shown_to_nobody(api, database):
    person = {"family_name": "Petrova", "given_name": "Anna", "birth_date": "1990-01-02"}
    status, body = await read(
        await api.patch("/lab/subscribers/+70000000001", json={"person": person, "sim": "blocked", "kyc": "fake"})
    )
    change = {"attributes": list(person), "sim": "blocked", "kyc": "fake", "began_at": "1970-01-01T00:00:00.000Z"}
    assert (status, body) == (200, shown("+70000000001", "alpha", **change))
    assert (await read(await api.patch("/lab/subscribers/+70000000001", json={"kyc": "verified"})))[1]["attributes"]
    (event, _) = database.journal.since(0, 10, lambda event: event.type == "subscriber.changed")
    assert event.data["fields"] == ["birth_date", "family_name", "given_name", "kyc", "sim"]
    told = str([event.data for event in database.journal.since(0, 100)])
    assert not any(value in told for value in person.values())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("PATCH", "", {"kyc": "fake"}),
        ("POST", "/port", {"operator_id": "beta"}),
        ("POST", "/reissue", {"parties": ["owner", "user"]}),
    ],
)
async def test_a_number_without_a_contract_is_not_found(api, method, path, body):
    status, problem = await read(await api.request(method, f"/lab/subscribers/+70000000098{path}", json=body))
    assert (status, problem["code"]) == (404, "not_found")


async def test_a_move_to_an_operator_that_there_is_not_changes_nothing(api):
    status, _ = await read(await api.post("/lab/subscribers/+70000000001/port", json={"operator_id": "gamma"}))
    assert status == 404
    assert (await read(await api.get("/lab/subscribers/+70000000001")))[1]["operator_id"] == "alpha"


WELL_BEHAVED = {
    "answer": "truth",
    "delay": "0s",
    "register": "open",
    "clock_skew": "0s",
    "outage": None,
    "corporate": None,
    "minor": None,
    "gray": None,
    "notices": "sent",
    "notice_delay": "0s",
    "notice_repeat": 1,
    "faults": {"repeat": 1, "then_contradict": False, "spoil": None},
}


async def test_operators_are_listed_with_their_behaviour(api):
    await read(await api.put("/lab/operators/beta/behaviour", json={"answer": "silent"}))
    status, body = await read(await api.get("/lab/operators"))
    assert (status, body["operators"]) == (
        200,
        [
            WELL_BEHAVED | {"id": "alpha", "name": "Alpha Mobile"},
            WELL_BEHAVED | {"answer": "silent", "id": "beta", "name": "Beta Telecom"},
        ],
    )


async def test_a_behaviour_is_set_and_shown(api, database, behaviours):
    wanted = {
        "answer": "absent",
        "delay": "1m30s",
        "register": "closed",
        "clock_skew": "-5m",
        "outage": {"kind": "refused", "from": "2026-01-01T12:10:00.000Z", "until": "2026-01-01T12:19:30.000Z"},
        "corporate": "absent",
        "minor": "absent",
        "gray": "absent",
        "notices": "never",
        "notice_delay": "3h",
        "notice_repeat": 3,
        "faults": {"repeat": 3, "then_contradict": True, "spoil": "wrong_number"},
    }
    assert await read(await api.put("/lab/operators/alpha/behaviour", json=wanted)) == (200, wanted)
    assert await read(await api.get("/lab/operators/alpha/behaviour")) == (200, wanted)
    assert await database.run(lambda tx: behaviours.get(tx, "alpha")) == Behaviour(
        answer="absent",
        delay=90_000,
        register="closed",
        clock_skew=-300_000,
        outage=Outage("refused", NOON + parse("10m"), NOON + parse("19m30s")),
        corporate="absent",
        minor="absent",
        gray="absent",
        notices="never",
        notice_delay=parse("3h"),
        notice_repeat=3,
        verdict_repeat=3,
        then_contradict=True,
        spoil="wrong_number",
    )
    assert await database.run(lambda tx: behaviours.get(tx, "beta")) == Behaviour("truth", 0)


async def test_an_outage_without_an_instant_begins_now_and_has_no_end(api):
    await read(await api.put("/lab/operators/alpha/behaviour", json={"answer": "truth", "outage": {"kind": "error"}}))
    _, body = await read(await api.get("/lab/operators/alpha/behaviour"))
    assert body["outage"] == {"kind": "error", "from": "2026-01-01T12:00:00.000Z", "until": None}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"answer": "maybe"},
        {"answer": "truth", "delay": "30"},
        {"answer": "truth", "x": 1},
        {"answer": "truth", "outage": {"kind": "error", "until": "2026-13-01T12:00:00Z"}},
        {"answer": "truth", "faults": {"repeat": 0}},
    ],
)
async def test_a_behaviour_that_there_is_not_is_refused(api, body):
    status, problem = await read(await api.put("/lab/operators/alpha/behaviour", json=body))
    assert (status, problem["code"]) == (400, "bad_request")


@pytest.mark.parametrize("path", ["behaviour", "register", "notices"])
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
