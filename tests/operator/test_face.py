import json

import pytest
from aiohttp import ClientError

from smsc_emulator.base.signature import sign
from smsc_emulator.operator import register
from smsc_emulator.operator.behaviour import Behaviour

BETA_SECRET = "whsec_YmV0YS10ZXN0LW9wZXJhdG9yLXNpZ25pbmcta2V5"
HANDOVER = {
    "code": "ABCDEF0123456789ABCDEF01",
    "request_id": "req_1",
    "phone_number": "+70000000001",
    "service_id": "demo",
    "service_name": "Demo messenger",
}


async def entries(side, operator_id="alpha"):
    return await side.database.run(lambda tx: register.page(tx, operator_id, None))


@pytest.mark.parametrize("resource", ["queries", "codes", "voids"])
async def test_a_message_signed_with_another_operators_secret_is_refused(side, resource):
    status, problem = await side.post(resource, side.query(), secret=BETA_SECRET)
    assert (status, problem["code"]) == (401, "unauthorized")


async def test_a_message_without_a_signature_is_refused(side):
    async with side.session.post(f"{side.url}/operator/alpha/queries", json=side.query()) as answer:
        assert answer.status == 401


async def test_a_body_changed_after_signing_is_refused(side):
    headers = sign("whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ==", "msg_1", b"{}")
    body = json.dumps(side.query())
    async with side.session.post(f"{side.url}/operator/alpha/queries", data=body, headers=headers) as answer:
        assert answer.status == 401
    assert side.events("operator.query_received") == []


async def test_an_unknown_operator_is_not_found(side):
    status, problem = await side.post("queries", side.query(), operator_id="gamma")
    assert (status, problem["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"last_name": "x"},
        {"mode": "match"},
        {"phone_number": "70000000001"},
        {"reply_to": "ftp://127.0.0.1/"},
        {"request_id": "a b"},
        {"request_id": 1},
        {"sent_at": "now"},
    ],
)
async def test_in_presence_mode_anything_else_in_a_query_is_an_error(side, change):
    status, problem = await side.post("queries", side.query() | change)
    assert (status, problem["code"]) == (400, "bad_request")
    assert next(iter(change)) in problem["detail"]


async def test_a_code_opens_an_entry_with_number_code_service_and_time(side):
    status, answer = await side.post("codes", HANDOVER)
    assert status == 200
    (entry,) = await entries(side)
    assert (entry.entry_id, entry.state, entry.opened_at) == (answer["entry_id"], "OPEN", side.clock.now())
    assert {field: getattr(entry, field) for field in HANDOVER} == HANDOVER
    assert [event.subject for event in side.events("register.opened")] == [answer["entry_id"]]


async def test_a_code_handed_over_twice_has_one_entry(side):
    first = await side.post("codes", HANDOVER)
    assert await side.post("codes", HANDOVER) == first
    assert len(await entries(side)) == 1
    assert len(side.events("register.opened")) == 1


async def test_a_register_that_leaves_codes_unanswered_enters_each_once(side):
    await side.behave(register="unanswered")
    for _ in range(2):
        with pytest.raises(ClientError):
            await side.post("codes", HANDOVER)
    await side.behave(register="open")
    _, answer = await side.post("codes", HANDOVER)
    assert [entry.entry_id for entry in await entries(side)] == [answer["entry_id"]]


@pytest.mark.parametrize(
    "change", [{"phone_number": "+70000000002"}, {"code": "ZZZZ"}, {"request_id": "req_2"}, {"service_id": "other"}]
)
async def test_a_code_or_request_with_other_data_is_a_conflict(side, change):
    await side.post("codes", HANDOVER)
    status, problem = await side.post("codes", HANDOVER | change)
    assert (status, problem["code"]) == (409, "code_conflict")
    assert len(await entries(side)) == 1


async def test_a_code_of_one_operator_is_not_taken_by_another(side):
    await side.post("codes", HANDOVER)
    status, _ = await side.post("codes", HANDOVER, operator_id="beta", secret=BETA_SECRET)
    assert status == 409
    assert await entries(side, "beta") == []


async def test_a_void_ends_the_entry_once_and_keeps_its_first_reason(side):
    _, opened = await side.post("codes", HANDOVER)
    for reason in ("superseded", "late"):
        status, answer = await side.post("voids", {"code": HANDOVER["code"], "reason": reason})
        assert (status, answer) == (200, {"entry_id": opened["entry_id"]})
    (entry,) = await entries(side)
    assert (entry.state, entry.reason, entry.ended_at) == ("VOID", "superseded", side.clock.now())
    assert len(side.events("register.voided")) == 1


async def test_a_code_handed_over_again_after_its_void_stays_void(side):
    await side.post("codes", HANDOVER)
    await side.post("voids", {"code": HANDOVER["code"], "reason": "late"})
    await side.post("codes", HANDOVER)
    assert [entry.state for entry in await entries(side)] == ["VOID"]


async def test_a_void_of_an_unknown_code_or_another_operators_code_names_no_entry(side):
    await side.post("codes", HANDOVER)
    message = {"code": HANDOVER["code"], "reason": "late"}
    assert await side.post("voids", message, operator_id="beta", secret=BETA_SECRET) == (200, {"entry_id": None})
    assert await side.post("voids", message | {"code": "OTHER"}) == (200, {"entry_id": None})
    assert [entry.state for entry in await entries(side)] == ["OPEN"]


async def test_codes_are_in_no_event(side):
    await side.post("codes", HANDOVER)
    await side.post("voids", {"code": HANDOVER["code"], "reason": "late"})
    told = [dict(event.data) for event in side.database.journal.since(0, 100)]
    assert told
    assert HANDOVER["code"] not in json.dumps(told)


async def test_a_closed_register_takes_no_code_until_it_is_open_again(side):
    behaviour = Behaviour("truth", 0, "closed")
    await side.database.run(lambda tx: side.behaviours.put(tx, "alpha", behaviour))
    status, problem = await side.post("codes", HANDOVER)
    assert (status, problem["code"]) == (503, "register_closed")
    assert await entries(side) == []
    await side.behave("truth")
    status, _ = await side.post("codes", HANDOVER)
    assert status == 200
