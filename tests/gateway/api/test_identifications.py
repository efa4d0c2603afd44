"""Identifications, bindings and may-send over HTTP, with the lab's operators on sockets; the test plays the SMSC."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.settings import Settings
from smsc_emulator.base.durations import MINUTE, iso, parse
from smsc_emulator.base.signature import sign
from smsc_emulator.operator import register

SECRETS = {operator.id: operator.secret for operator in Settings().operators}
PATH = "/v1/identifications"
NUMBER = "+70000000001"


async def test_a_user_types_his_code_and_is_identified_with_an_entry_in_the_operators_register(gateway):
    started = await gateway.start()
    assert started["id"].startswith("idn_")
    assert (started["state"], started["confirmation"]["state"]) == ("CONFIRMING", "pending")
    assert started["confirmation"]["attempts_left"] == 3
    status, checked = await gateway.check(started)
    assert (status, checked["state"], checked["operator_id"]) == (200, "PENDING", "alpha")
    assert checked["deadline_at"] == "2026-01-01T12:20:00.000Z"
    assert checked["identification_code"] is None
    done = await gateway.until(started, "IDENTIFIED")
    (entry,) = await gateway.database.run(lambda tx: register.page(tx, "alpha", NUMBER))
    assert (entry.code, entry.service_id) == (done["identification_code"], "demo")
    assert done == {
        "id": started["id"],
        "service_id": "demo",
        "user_id": "user-1",
        "phone_number": NUMBER,
        "state": "IDENTIFIED",
        "reason": None,
        "confirmation": done["confirmation"],
        "instructions": None,
        "cost": {"amount": "0.07", "currency": "XTS", "billable_seconds": 0},
        "operator_id": "alpha",
        "deadline_at": None,
        "identification_code": entry.code,
        "binding_id": done["binding_id"],
        "profile": "ru-1801",
        "created_at": "2026-01-01T12:00:00.000Z",
        "updated_at": "2026-01-01T12:00:00.000Z",
    }
    assert done["confirmation"]["state"] == "confirmed"


async def test_the_events_of_the_good_way_come_in_its_order(gateway):
    done = await gateway.identified()
    steps = ("identification.", "confirmation.", "lookup.code", "register.", "binding.")
    events = gateway.database.journal.since(0, 100, lambda event: event.type.startswith(steps))
    assert [event.type for event in events] == [
        "identification.created",
        "confirmation.created",
        "identification.confirming",
        "confirmation.code_sent",
        "confirmation.confirmed",
        "identification.routing",
        "identification.pending",
        "identification.verdict",
        "identification.registering",
        "lookup.code_sent",
        "register.opened",
        "lookup.code_acknowledged",
        "binding.active",
        "identification.identified",
    ]
    assert events[-1].subject == done["id"]


async def test_a_number_outside_the_operators_database_is_refused(gateway):
    started = await gateway.start("+70000000098")
    await gateway.check(started)
    refused = await gateway.until(started, "REFUSED")
    assert (refused["reason"], refused["operator_id"], refused["identification_code"]) == ("absent", "beta", None)


async def test_silence_is_refused_when_twenty_minutes_of_the_lab_clock_are_over(gateway):
    await gateway.behave("silent")
    started = await gateway.start()
    await gateway.check(started)
    await gateway.ticker.advance(20 * MINUTE)
    refused = await gateway.get(started)
    assert (refused["state"], refused["reason"], refused["deadline_at"]) == ("REFUSED", "no_answer", None)


@pytest.mark.parametrize(
    ("delay", "state", "reason"),
    [("19m59s", "IDENTIFIED", None), ("20m", "IDENTIFIED", None), ("20m1ms", "REFUSED", "no_answer")],
)
async def test_an_operator_that_takes_all_its_time_is_in_time_and_one_that_takes_a_millisecond_more_is_not(
    gateway, delay, state, reason
):
    await gateway.behave("truth", delay)
    started = await gateway.start()
    await gateway.check(started)
    await gateway.event("operator.query_received")
    await gateway.ticker.advance(parse("21m"))
    done = await gateway.get(started)
    assert (done["state"], done["reason"]) == (state, reason)
    verdict = await gateway.event("identification.verdict")
    assert verdict.data["outcome"] == ("accepted" if reason is None else "late")


# The signed face for operators.


async def test_the_first_verdict_is_accepted_a_second_is_repeated_and_a_strange_one_foreign(gateway):
    await gateway.behave("silent")
    started = await gateway.start()
    await gateway.check(started)
    request_id = await gateway.request_id(started)
    assert await gateway.verdict(request_id, number="+70000000002") == (200, {"outcome": "foreign"})
    assert await gateway.verdict("req_unknown") == (200, {"outcome": "foreign"})
    assert await gateway.verdict(request_id) == (200, {"outcome": "accepted"})
    assert await gateway.verdict(request_id, "ABSENT") == (200, {"outcome": "repeated"})
    assert (await gateway.until(started, "IDENTIFIED"))["reason"] is None


async def test_a_verdict_that_another_operator_signed_is_not_taken(gateway):
    await gateway.behave("silent")
    started = await gateway.start()
    await gateway.check(started)
    status, problem = await gateway.verdict(await gateway.request_id(started), signer="beta")
    assert (status, problem["code"]) == (401, "unauthorized")
    assert (await gateway.get(started))["state"] == "PENDING"


@pytest.mark.parametrize(
    "more", [{"name": "A. Person"}, {"result": "MAYBE"}, {"as_of": "yesterday"}, {"as_of": "2026-99-01T00:00:00Z"}]
)
async def test_a_verdict_with_anything_about_a_person_or_without_sense_is_a_bad_request(gateway, more):
    status, problem = await gateway.verdict("req_1", **more)
    assert (status, problem["code"]) == (400, "bad_request")


async def test_a_verdict_whose_body_is_slow_counts_from_its_head(gateway):
    """Its head came at the deadline's own instant; the deadline waits for the rest."""
    await gateway.behave("silent")
    started = await gateway.start()
    await gateway.check(started)
    request_id = await gateway.request_id(started)
    await gateway.ticker.advance(20 * MINUTE - 1)
    body = {"request_id": request_id, "phone_number": NUMBER, "result": "PRESENT"}
    raw = json.dumps({**body, "as_of": iso(gateway.clock.now())}).encode()
    rest = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield raw[:10]
        await rest.wait()
        yield raw[10:]

    gateway.clock.move_to(gateway.clock.now() + 1)
    headers = {**sign(SECRETS["alpha"], request_id, raw), "content-length": str(len(raw))}
    sending = asyncio.ensure_future(
        gateway.session.post(f"{gateway.url}/v1/operators/alpha/verdicts", data=slowly(), headers=headers)
    )
    await gateway.activity.input_began.wait()
    turning = asyncio.ensure_future(gateway.ticker.advance(1))
    await gateway.get(started)
    rest.set()
    async with await sending as answer:
        assert await answer.json() == {"outcome": "accepted"}
    await turning
    assert (await gateway.until(started, "IDENTIFIED"))["reason"] is None


# What the service does.


async def test_wrong_codes_are_answered_with_the_tries_left_and_the_last_one_refuses(gateway):
    started = await gateway.start()
    answers = [await gateway.check(started, gateway.wrong) for _ in range(3)]
    assert [(status, one["state"], one["confirmation"]["attempts_left"]) for status, one in answers] == [
        (200, "CONFIRMING", 2),
        (200, "CONFIRMING", 1),
        (200, "REFUSED", 0),
    ]
    assert answers[-1][1]["reason"] == "confirm_failed"
    status, problem = await gateway.check(started)
    assert (status, problem["code"]) == (409, "identification_not_confirming")


async def test_a_code_that_has_expired_is_a_conflict_and_another_one_may_be_sent(gateway):
    started = await gateway.start()
    await gateway.ticker.advance(6 * MINUTE)
    status, problem = await gateway.check(started)
    assert (status, problem["code"]) == (409, "confirmation_over")
    status, again = await gateway.ask("POST", f"{PATH}/{started['id']}/resend")
    assert (status, again["state"], again["confirmation"]["code_sent"]["state"]) == (200, "CONFIRMING", "sent")
    assert len(gateway.sms.texts) == 2
    assert (await gateway.check(started))[1]["state"] == "PENDING"


async def test_another_code_at_once_is_too_soon(gateway):
    started = await gateway.start()
    status, problem = await gateway.ask("POST", f"{PATH}/{started['id']}/resend")
    assert (status, problem["code"]) == (429, "resend_too_soon")


async def test_a_cancelled_identification_is_over(gateway):
    started = await gateway.start()
    status, cancelled = await gateway.ask("DELETE", f"{PATH}/{started['id']}")
    assert (status, cancelled["state"], cancelled["confirmation"]["state"]) == (200, "CANCELLED", "cancelled")
    status, problem = await gateway.ask("DELETE", f"{PATH}/{started['id']}")
    assert (status, problem["code"]) == (409, "identification_over")


async def test_a_second_start_for_the_number_supersedes_the_first(gateway):
    first = await gateway.start()
    second = await gateway.start(user="user-2")
    assert (await gateway.get(first))["state"] == "SUPERSEDED"
    assert second["state"] == "CONFIRMING"


async def test_a_repeated_start_with_its_key_starts_nothing_new(gateway):
    body = {"user_id": "user-1", "phone_number": NUMBER}
    first = await gateway.ask("POST", PATH, body, Idempotency_Key="key-1")
    assert await gateway.ask("POST", PATH, body, Idempotency_Key="key-1") == first
    assert len(gateway.sms.texts) == 1
    status, problem = await gateway.ask("POST", PATH, {**body, "user_id": "user-2"}, Idempotency_Key="key-1")
    assert (status, problem["code"]) == (422, "idempotency_key_reused")


async def test_a_waiting_request_is_answered_when_the_state_changes(gateway):
    started = await gateway.start()
    waiting = asyncio.ensure_future(gateway.get(started, "?wait=30s"))
    await gateway.get(started)
    await gateway.check(started, gateway.wrong)
    await gateway.ask("DELETE", f"{PATH}/{started['id']}")
    assert (await waiting)["state"] == "CANCELLED"


@pytest.mark.parametrize("query", ["", "?wait=30s&state=NEW", "?wait=1ms", "?wait=1ms&state=CONFIRMING"])
async def test_a_request_does_not_wait_for_what_is_there_or_longer_than_it_says(gateway, query):
    started = await gateway.start()
    assert (await gateway.get(started, query))["state"] == "CONFIRMING"


async def test_a_request_about_what_is_over_does_not_wait(gateway):
    started = await gateway.start()
    await gateway.ask("DELETE", f"{PATH}/{started['id']}")
    assert (await gateway.get(started, "?wait=60s&state=CANCELLED"))["state"] == "CANCELLED"


@pytest.mark.parametrize(("service_id", "status"), [("demo", 201), (None, 201), ("other", 403), ("Not a service", 400)])
async def test_a_service_starts_identifications_of_its_own_only(gateway, service_id, status):
    body = {"service_id": service_id, "user_id": "user-1", "phone_number": NUMBER}
    assert (await gateway.ask("POST", PATH, body))[0] == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_id": ""},
        {"user_id": "x" * 129},
        {"user_id": "two\nlines"},
        {"user_id": 7},
        {"phone_number": "70000000001"},
        {"phone_number": None},
        {"passport": "none of the gateway's business"},
    ],
    ids=str,
)
async def test_a_start_with_a_wrong_member_is_a_bad_request(gateway, wrong):
    body = {"user_id": "user-1", "phone_number": NUMBER, **wrong}
    status, problem = await gateway.ask("POST", PATH, body)
    assert (status, problem["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("DELETE", ""), ("POST", "/check"), ("POST", "/resend")],
)
async def test_what_is_another_services_or_nobodys_is_not_found(gateway, method, path):
    started = await gateway.start()
    body = {"code": gateway.code} if path == "/check" else None
    for id_, key in ((started["id"], "another-key"), ("idn_unknown", "lab-demo-key")):
        status, problem = await gateway.ask(method, f"{PATH}/{id_}{path}", body, key=key)
        assert (status, problem["code"]) == (404, "not_found")
    assert (await gateway.get(started))["state"] == "CONFIRMING"


async def test_the_confirmation_of_an_identification_is_checked_through_the_identification(gateway):
    started = await gateway.start()
    assert started["confirmation"]["id"].startswith("cnf_")
    assert (await gateway.check(started))[1]["confirmation"]["state"] == "confirmed"


# Bindings and permission.


async def test_the_binding_shows_what_was_identified_and_its_code_to_its_service(gateway):
    done = await gateway.identified()
    status, binding = await gateway.ask("GET", f"/v1/bindings/{done['binding_id']}")
    assert status == 200
    assert binding["entry_id"].startswith("ent_")
    assert {name: binding[name] for name in ("state", "basis", "user_id", "phone_number", "operator_id")} == {
        "state": "ACTIVE",
        "basis": "verdict",
        "user_id": "user-1",
        "phone_number": NUMBER,
        "operator_id": "alpha",
    }
    assert binding["identification_id"] == done["id"]
    assert binding["identification_code"] == done["identification_code"]
    status, _ = await gateway.ask("GET", f"/v1/bindings/{done['binding_id']}", key="another-key")
    assert status == 404


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("?user_id=user-1", 1),
        ("?phone_number=%2B70000000001", 1),
        ("?phone_number=+70000000011", 1),
        ("?user_id=user-1&phone_number=%2B70000000011", 0),
        ("?limit=1", 1),
    ],
)
async def test_bindings_are_listed_by_user_and_by_number(gateway, query, count):
    await gateway.identified()
    await gateway.identified("+70000000011", "user-2")
    status, page = await gateway.ask("GET", f"/v1/bindings{query}")
    assert (status, len(page["bindings"])) == (200, count)
    assert (await gateway.ask("GET", f"/v1/bindings{query}", key="another-key"))[1] == {"bindings": []}


async def test_a_user_may_send_while_he_is_bound(gateway):
    async def may_send(user: str) -> dict[str, Any]:
        return (await gateway.ask("GET", f"/v1/services/demo/may-send?user={user}"))[1]

    nobody = {"may_send": False, "reason": "not_identified", "state": "NONE", "binding_id": None}
    assert await may_send("user-1") == nobody
    first = await gateway.identified()
    active = {"may_send": True, "reason": None, "state": "ACTIVE", "binding_id": first["binding_id"]}
    assert await may_send("user-1") == active
    await gateway.identified(user="user-2")
    assert await may_send("user-1") == {**active, "may_send": False, "reason": "closed", "state": "CLOSED"}


async def test_the_register_ends_with_one_entry_in_force_for_a_number_that_changed_hands(gateway):
    first = await gateway.identified()
    second = await gateway.identified(user="user-2")
    await gateway.event("lookup.void_acknowledged")
    entries = await gateway.database.run(lambda tx: register.page(tx, "alpha", NUMBER))
    in_force = [entry.code for entry in entries if entry.state == "OPEN"]
    assert in_force == [second["identification_code"]]
    assert {entry.code for entry in entries} == {first["identification_code"], second["identification_code"]}


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/v1/services/other/may-send?user=user-1", "lab-demo-key", 403),
        ("/v1/services/nobody/may-send?user=user-1", "lab-demo-key", 403),
        ("/v1/services/demo/may-send", "lab-demo-key", 400),
        ("/v1/services/demo/may-send?user=user-1", "no-key", 401),
        ("/v1/bindings", "no-key", 401),
        (f"{PATH}/idn_1", "no-key", 401),
    ],
)
async def test_questions_without_the_right_or_without_sense_are_refused(gateway, path, key, status):
    assert (await gateway.ask("GET", path, key=key))[0] == status
