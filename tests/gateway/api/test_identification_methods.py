"""Identifications over HTTP by each method and each fallback; the test plays the SMSC and the voice network."""

import asyncio

import pytest

from confirm.ports import CallFate, CallReport, InboundCall, InboundSms, ReceiptState, SmsReceipt, Trust
from confirm.settings import ConfirmationSettings
from smsc_emulator.base.durations import MINUTE

PATH = "/v1/identifications"
NUMBER = "+70000000001"


async def report(gateway, fate=CallFate.RINGING, status=180, **more):
    now, told = gateway.clock.now(), CallReport(gateway.calls.call, fate, status, **more)
    await gateway.database.run(lambda tx: gateway.confirm.call_report(tx, now, told))


async def call_in(gateway, started, caller=NUMBER, trust=Trust.ASSERTED):
    now, call = gateway.clock.now(), InboundCall("cll_in", caller, started["instructions"]["access_number"], trust)
    await gateway.database.run(lambda tx: gateway.confirm.inbound_call(tx, now, call))
    gateway.confirm.wake()


async def send_in(gateway, started):
    told = started["instructions"]
    now, sms = gateway.clock.now(), InboundSms(NUMBER, told["short_code"], told["text"], Trust.ASSERTED)
    await gateway.database.run(lambda tx: gateway.confirm.inbound_sms(tx, now, sms))
    gateway.confirm.wake()


async def missed_call(gateway, started):
    await report(gateway)
    await gateway.check(started, gateway.calls.caller[-4:])


async def text(gateway, started):
    await gateway.check(started)


BY_METHOD = {"sms_code": text, "flash_call": missed_call, "call_in": call_in, "mo_sms": send_in}


@pytest.mark.parametrize("method", BY_METHOD)
async def test_a_user_is_identified_by_each_method_whose_proof_alone_drives_him_on(gateway, method):
    started = await gateway.start(methods=[method])
    assert (started["state"], started["instructions"]["method"]) == ("CONFIRMING", method)
    await BY_METHOD[method](gateway, started)
    done = await gateway.until(started, "IDENTIFIED")
    assert done["confirmation"]["proof"]["method"] == method
    kinds = ("confirmation.confirmed", "identification.routing", "identification.pending", "binding.active")
    told = gateway.database.journal.since(0, 1000, lambda event: event.type in kinds)
    assert [event.type for event in told] == list(kinds)


@pytest.mark.parametrize("second", ["sms_code", "call_in", "mo_sms"])
async def test_where_a_call_does_not_get_through_the_next_method_identifies(gateway, second):
    started = await gateway.start(methods=["flash_call", second])
    await report(gateway, CallFate.BLOCKED, 403, cause=55)
    now = await gateway.get(started)
    await gateway.confirm.send_settled(now["confirmation"]["id"])
    assert (now["state"], now["instructions"]["method"]) == ("CONFIRMING", second)
    assert [step["state"] for step in now["confirmation"]["steps"]] == ["failed", "current"]
    await BY_METHOD[second](gateway, now)
    assert (await gateway.until(started, "IDENTIFIED"))["confirmation"]["proof"]["method"] == second


async def test_a_receipt_that_says_undelivered_makes_way_for_the_next_method(gateway):
    started = await gateway.start(methods=["sms_code", "call_in"])
    now, receipt = gateway.clock.now(), SmsReceipt("1", ReceiptState.UNDELIVERABLE, "011")
    await gateway.database.run(lambda tx: gateway.confirm.receipt(tx, now, receipt))
    await call_in(gateway, await gateway.get(started))
    assert (await gateway.until(started, "IDENTIFIED"))["confirmation"]["step"] == 1


async def test_the_next_method_begins_when_its_time_has_come_or_when_it_is_asked_for(gateway):
    started = await gateway.start(methods=[{"method": "call_in", "time": "2m"}, "flash_call", "mo_sms"])
    await gateway.ticker.advance(2 * MINUTE)
    now = await gateway.get(started)
    assert now["instructions"]["method"] == "flash_call"
    await gateway.confirm.send_settled(now["confirmation"]["id"])
    status, after = await gateway.ask("POST", f"{PATH}/{started['id']}/next")
    assert (status, after["instructions"]["method"]) == (200, "mo_sms")
    await gateway.ticker.advance(0)
    assert gateway.calls.hung_up == [gateway.calls.call]
    status, problem = await gateway.ask("POST", f"{PATH}/{started['id']}/next")
    assert (status, problem["code"]) == (409, "no_next_step")
    await send_in(gateway, after)
    await gateway.until(started, "IDENTIFIED")


async def test_a_wait_ends_with_the_call_that_identifies(gateway):
    started = await gateway.start(methods=["call_in"])
    waiting = asyncio.create_task(gateway.get(started, "?wait=9s"))
    await gateway.get(started)
    await call_in(gateway, started)
    assert (await waiting)["state"] != "CONFIRMING"


@pytest.mark.parametrize(
    ("caller", "trust"), [("+70000000002", Trust.ASSERTED), (None, Trust.ASSERTED), (NUMBER, Trust.SPOOF_SUSPECTED)]
)
async def test_another_number_a_withheld_or_a_suspected_one_leaves_him_unconfirmed(gateway, caller, trust):
    started = await gateway.start(methods=["call_in"])
    await call_in(gateway, started, caller, trust)
    assert (await gateway.get(started))["state"] == "CONFIRMING"


@pytest.mark.parametrize("how", ["cancelled", "superseded", "expired"])
async def test_any_end_of_an_attempt_takes_its_ringing_call_back(gateway, how):
    started = await gateway.start(methods=[{"method": "flash_call", "time": "1h"}])
    await report(gateway)
    call = gateway.calls.call
    match how:
        case "cancelled":
            await gateway.ask("DELETE", f"{PATH}/{started['id']}")
        case "superseded":
            await gateway.start(methods=["call_in"])
        case _:
            await gateway.ticker.advance(15 * MINUTE)
    await gateway.ticker.advance(0)
    assert call in gateway.calls.hung_up
    after = await gateway.get(started)
    assert after["state"] == {"expired": "REFUSED"}.get(how, how.upper())
    assert after["confirmation"]["state"] == "cancelled"


@pytest.mark.parametrize(
    "wrong",
    [{"methods": []}, {"methods": ["pigeon"]}, {"method": "sms_code"}, {"code": "1234"}, {"client_address": "here"}],
    ids=str,
)
async def test_a_wish_that_makes_no_sense_starts_nothing(gateway, wrong):
    status, problem = await gateway.ask("POST", PATH, {"user_id": "user-1", "phone_number": NUMBER, **wrong})
    assert (status, problem["code"]) == (400, "bad_request")


async def test_what_the_confirmation_and_the_query_cost_is_told_and_in_the_ledger(gateway):
    done = await gateway.identified()
    assert done["cost"] == {"amount": "0.07", "currency": "XTS", "billable_seconds": 0}
    _, page = await gateway.ask("GET", "/v1/ledger")
    assert [(one["kind"], one["subject_id"]) for one in page["charges"]] == [
        ("sms", done["confirmation"]["id"]),
        ("query", done["id"]),
    ]


async def test_without_a_confirmation_no_query_is_asked_or_charged(gateway):
    started = await gateway.start()
    for _ in range(3):
        await gateway.check(started, gateway.wrong)
    _, page = await gateway.ask("GET", "/v1/ledger")
    assert [one["kind"] for one in page["charges"]] == ["sms"]


@pytest.mark.parametrize(
    "settings", [ConfirmationSettings.model_validate({"limits": [{"per": "number", "count": 2, "within": "1h"}]})]
)
async def test_a_start_that_is_not_let_through_leaves_the_attempt_before_it_as_it_was(gateway):
    first = await gateway.start(methods=["call_in"])
    await gateway.ask("DELETE", f"{PATH}/{first['id']}")
    second = await gateway.start(methods=["mo_sms"])
    status, problem = await gateway.ask("POST", PATH, {"user_id": "user-1", "phone_number": NUMBER})
    assert (status, problem["code"]) == (429, "limited")
    assert (await gateway.get(second))["state"] == "CONFIRMING"


@pytest.mark.parametrize(
    "settings",
    [ConfirmationSettings.model_validate({"pumping": {"sequential": 2, "on_sequential": "challenge"}})],
)
async def test_a_challenge_is_asked_for_and_answered_here_too_and_its_signal_stays(gateway):
    await gateway.start()
    body = {"user_id": "user-2", "phone_number": "+70000000002"}
    status, problem = await gateway.ask("POST", PATH, body)
    assert (status, problem["code"]) == (403, "challenge_required")
    assert await gateway.event("confirmation.signal")
    assert (await gateway.ask("POST", PATH, {**body, "challenge_passed": True}))[0] == 201


CROWDED = {"pumping": {"concentration": 2, "on_concentration": "challenge"}}


@pytest.mark.parametrize(
    "settings",
    [
        ConfirmationSettings.model_validate(
            {**CROWDED, "limits": [{"per": "client_address", "count": 3, "within": "1h"}]}
        )
    ],
)
async def test_another_code_after_the_lifetime_of_the_first_counts_for_his_address_and_asks_for_no_challenge(gateway):
    first = await gateway.start(client_address="192.0.2.1")
    await gateway.start("+70000000002", client_address="192.0.2.1", challenge_passed=True)
    await gateway.ticker.advance(6 * MINUTE)
    assert (await gateway.ask("POST", f"{PATH}/{first['id']}/resend"))[0] == 200
    body = {"user_id": "user-3", "phone_number": "+70000000003", "client_address": "192.0.2.1"}
    status, problem = await gateway.ask("POST", PATH, {**body, "challenge_passed": True})
    assert (status, problem["code"]) == (429, "limited")


async def test_a_repeated_start_shows_its_token_again_and_none_is_told_in_the_journal(gateway):
    body = {"user_id": "user-1", "phone_number": NUMBER, "methods": ["mo_sms"]}
    first = await gateway.ask("POST", PATH, body, Idempotency_Key="key-1")
    assert await gateway.ask("POST", PATH, body, Idempotency_Key="key-1") == first
    assert first[1]["instructions"]["token"] not in str(gateway.database.journal.since(0, 1000))
