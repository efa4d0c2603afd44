"""Confirmations over HTTP by each method, by workflows, and with what a start may wish for."""

import asyncio

import pytest
from sqlalchemy import select

from confirm.ports import CallFate, SmsRefusedError, Trust
from confirm.settings import ConfirmationSettings
from confirm.store import confirmations, idempotency_keys
from smsc_emulator.base.durations import MINUTE, SECOND

PATH = "/v1/confirmations"
NUMBER = "+70000000001"


def steps(confirmation):
    return [(step["method"], step["state"], step["outcome"]) for step in confirmation["steps"]]


async def stored(face):
    """Return all that is kept of confirmations and of answers, and all that the journal tells, as one text."""
    tables = (confirmations, idempotency_keys)
    rows = await face.database.run(lambda tx: [tx.conn.execute(select(table)).all() for table in tables])
    return f"{rows} {face.database.journal.since(0, 1000)}"


# A missed call.


async def test_a_flash_call_is_told_by_what_all_callers_begin_with_and_confirmed_by_its_last_digits(face):
    started = await face.start(method="flash_call")
    assert started["instructions"] == {
        "method": "flash_call",
        "until": "2026-01-01T12:05:00.000Z",
        "caller_prefix": "+7000100",
        "digits": 4,
    }
    assert started["call"] == {"caller_prefix": "+7000100", "digits": 4, "entropy_digits": 4.0, "weak": True}
    assert face.calls.caller.startswith("+7000100")
    await face.rings()
    assert (await face.get(started))["code_sent"]["state"] == "sent"
    _, confirmed = await face.check(started, face.calls.caller[-4:])
    assert confirmed["proof"] == {
        "method": "flash_call",
        "source": "typed",
        "trust": None,
        "at": "2026-01-01T12:00:00.000Z",
    }
    assert confirmed["cost"]["amount"] == "0.01"  # from its first ring
    assert face.calls.caller not in await stored(face)


@pytest.mark.parametrize("form", ["+{0}", "8{1}", "007{1}", "{1}"])
async def test_the_whole_number_of_the_caller_is_right_in_any_form_and_an_app_may_have_read_it(face, form):
    started = await face.start(method="flash_call")
    await face.rings()
    number = face.calls.caller
    answer = {"code": form.format(number[1:], number[2:]), "source": "intercepted"}
    status, confirmed, _ = await face.ask("POST", f"{PATH}/{started['id']}/check", answer)
    assert (status, confirmed["state"], confirmed["proof"]["source"]) == (200, "confirmed", "intercepted")


async def test_the_call_of_a_confirmation_that_is_over_is_taken_back(face):
    started = await face.start(method="flash_call")
    await face.rings()
    await face.ask("DELETE", f"{PATH}/{started['id']}")
    await face.ticker.advance(0)
    assert face.calls.hung_up == [face.calls.call]


# The user's own call and SMS.


async def test_a_call_to_the_access_number_confirms_and_ends_a_wait(face):
    started = await face.start(method="call_in")
    number = started["access_number"]
    assert started["instructions"] == {
        "method": "call_in",
        "until": "2026-01-01T12:05:00.000Z",
        "access_number": number,
    }
    assert (started["code_sent"]["state"], started["call"]) == ("none", None)
    waiting = asyncio.create_task(face.get(started, "?wait=9s"))
    await face.get(started)
    await face.call_in(NUMBER, number)
    confirmed = await waiting
    assert (confirmed["state"], confirmed["instructions"]) == ("confirmed", None)
    assert confirmed["proof"] == {
        "method": "call_in",
        "source": "call",
        "trust": "asserted",
        "at": "2026-01-01T12:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("caller", "trust"),
    [
        (NUMBER, Trust.UNVERIFIED),
        (NUMBER, Trust.SPOOF_SUSPECTED),
        (None, Trust.ASSERTED),
        ("+70000000002", Trust.ASSERTED),
    ],
)
async def test_a_call_that_nobody_can_be_sure_of_leaves_it_pending(face, caller, trust):
    started = await face.start(method="call_in")
    await face.call_in(caller, started["access_number"], trust)
    assert (await face.get(started))["state"] == "pending"


async def test_an_sms_with_the_token_confirms_and_the_token_is_shown_and_never_kept(face):
    started = await face.start(method="mo_sms")
    told = started["instructions"]
    assert (told["method"], told["short_code"], told["text"]) == ("mo_sms", "3434", told["token"])
    assert told["token"].casefold() not in (await stored(face)).casefold()
    await face.sms_in(NUMBER, "another")
    assert (await face.get(started))["instructions"] == told
    await face.sms_in(NUMBER, f"here it is: {told['token'].lower()}!")
    confirmed = await face.get(started)
    assert (confirmed["state"], confirmed["proof"]["source"], confirmed["instructions"]) == ("confirmed", "sms", None)


async def test_a_repeated_start_shows_the_token_again_though_it_was_not_kept(face):
    body = {"phone_number": NUMBER, "method": "mo_sms"}
    first = await face.ask("POST", PATH, body, Idempotency_Key="k1")
    again = await face.ask("POST", PATH, body, Idempotency_Key="k1")
    assert again[:2] == first[:2]
    assert first[1]["instructions"]["token"] not in await stored(face)


@pytest.mark.parametrize("method", ["call_in", "mo_sms"])
async def test_what_the_user_answers_himself_has_no_code_to_check(face, method):
    started = await face.start(method=method)
    status, problem = await face.check(started, "123456")
    assert (status, problem["code"]) == (409, "nothing_to_check")
    assert (await face.get(started))["attempts_left"] == 3


# Workflows.


async def test_a_workflow_shows_its_steps_and_when_the_next_begins(face):
    started = await face.start(methods=[{"method": "flash_call", "time": "40s"}, "sms_code"])
    assert (started["method"], started["methods"], started["step"]) == ("flash_call", ["flash_call", "sms_code"], 0)
    assert steps(started) == [("flash_call", "current", None), ("sms_code", "waiting", None)]
    assert (started["next_step_at"], started["expires_at"]) == ("2026-01-01T12:00:40.000Z", "2026-01-01T12:05:40.000Z")
    await face.rings()
    await face.ticker.advance(40 * SECOND)
    await face.service.send_settled(started["id"])
    after = await face.get(started)
    assert (after["method"], after["step"], after["next_step_at"]) == ("sms_code", 1, None)
    assert steps(after)[0][:2] == ("flash_call", "timed_out")
    assert (await face.check(started, face.sms.code))[1]["state"] == "confirmed"


async def test_a_call_that_does_not_get_through_makes_way_for_the_next_step_and_ends_a_wait(face):
    started = await face.start(methods=["flash_call", "sms_code"])
    waiting = asyncio.create_task(face.get(started, "?wait=9s"))
    await face.get(started)
    await face.rings(CallFate.BUSY, 486, cause=17)
    after = await waiting
    assert (after["state"], after["step"], after["method"]) == ("pending", 1, "sms_code")
    assert steps(after) == [("flash_call", "failed", "not_reached"), ("sms_code", "current", None)]


async def test_the_next_step_can_be_asked_for_until_there_is_none(face):
    started = await face.start(methods=["flash_call", "sms_code"])
    await face.rings()
    status, after, _ = await face.ask("POST", f"{PATH}/{started['id']}/next")
    assert (status, after["method"], after["code_sent"]["state"]) == (200, "sms_code", "sent")
    assert steps(after)[0][:2] == ("flash_call", "skipped")
    await face.ticker.advance(0)
    assert face.calls.hung_up == [face.calls.call]
    status, problem = await face.check(started, face.calls.caller[-4:])
    assert (status, problem["state"], problem["attempts_left"]) == (200, "pending", 2)
    status, problem, _ = await face.ask("POST", f"{PATH}/{started['id']}/next")
    assert (status, problem["code"]) == (409, "no_next_step")


@pytest.mark.parametrize(
    "more",
    [
        {"method": "sms_code", "methods": ["sms_code"]},
        {"method": None, "methods": ["sms_code"]},
        {"methods": []},
        {"methods": ["sms_code"] * 9},
        {"methods": ["pigeon"]},
        {"methods": [{"method": "sms_code", "time": "0s"}]},
        {"methods": [{"method": "sms_code", "time": 60}]},
        {"methods": [{"time": "60s"}]},
        {"code": "123"},
        {"code": "12345678901"},
        {"code": "12 34"},
        {"locale": "russian language"},
        {"template": ""},
        {"client_address": "somewhere"},
        {"challenge_passed": "yes"},
    ],
    ids=str,
)
async def test_a_wish_that_makes_no_sense_starts_nothing(face, more):
    status, problem, _ = await face.refused(**more)
    assert (status, problem["code"]) == (400, "bad_request")
    assert face.sms.texts == []
    assert face.calls.placed == []


# What else a start may wish for.


TEXTS = ConfirmationSettings(templates={"login": {"en": "{code} for {brand}", "ru": "{code} для {brand}"}})


@pytest.mark.parametrize("settings", [TEXTS])
@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "271828 is your confirmation code."),
        (
            {"locale": "ru-RU"},
            "Ваш код подтверждения: 271828.",
        ),
        ({"locale": "de"}, "271828 is your confirmation code."),
        ({"template": "login"}, "271828 for Demo messenger"),
        ({"template": "login", "locale": "ru"}, "271828 для Demo messenger"),
    ],
)
async def test_the_text_is_the_templates_in_the_language_that_is_asked_for(face, more, text):
    started = await face.start(code="271828", **more)
    assert face.sms.texts == [text]
    assert started["instructions"]["digits"] is None
    assert "271828" not in await stored(face)
    assert (await face.check(started, "271828"))[1]["state"] == "confirmed"


async def test_a_template_that_is_not_there_is_told_so(face):
    status, problem, _ = await face.refused(template="birthday")
    assert (status, problem["code"]) == (404, "no_such_template")


@pytest.mark.parametrize(
    "more",
    [
        {"code": "12345", "method": "flash_call"},
        {"code": "ABCD", "method": "flash_call"},
        {"code": "1234", "method": "call_in"},
    ],
    ids=str,
)
async def test_a_code_of_the_services_own_that_the_method_cannot_carry_is_refused(face, more):
    status, problem, _ = await face.refused(**more)
    assert (status, problem["code"]) == (409, "own_code_unfit")


async def test_another_code_may_be_the_services_own_too(face):
    started = await face.start(code="OLD1")
    await face.ticker.advance(MINUTE)
    status, again, _ = await face.ask("POST", f"{PATH}/{started['id']}/resend", {"code": "NEW1"})
    assert (status, again["code_sent"]["state"]) == (200, "sent")
    assert (await face.check(started, "OLD1"))[1]["attempts_left"] == 2
    assert (await face.check(started, "NEW1"))[1]["state"] == "confirmed"


async def test_a_key_that_came_with_another_code_is_refused_and_what_is_kept_of_the_code_needs_a_secret(face):
    body = {"phone_number": NUMBER, "code": "1234"}
    assert (await face.ask("POST", PATH, body, Idempotency_Key="k1"))[0] == 201
    status, problem, _ = await face.ask("POST", PATH, {**body, "code": "1235"}, Idempotency_Key="k1")
    assert (status, problem["code"]) == (422, "idempotency_key_reused")


# What answers tell.


def seen(confirmation):
    """Return all of it that does not name it."""
    return {name: told for name, told in confirmation.items() if name not in ("id", "phone_number")}


async def test_the_answer_about_a_number_that_is_nobodys_is_like_any_other(face):
    reached = await face.start()
    face.sms.failure = SmsRefusedError(0x0B)
    nobody = await face.start("+70000000002")
    for one in (reached, nobody):
        assert one["code_sent"].pop("message_id")
        assert one["cost"].pop("amount") in ("0", "0.05")
    assert seen(nobody) == seen(reached)
    [refused] = [event for event in face.events("confirmation.code_sent") if event.subject == nobody["id"]]
    assert (refused.data["cause"], refused.data["confirmation"]["steps"][0]["outcome"]) == ("nobody", None)


@pytest.mark.parametrize("settings", [ConfirmationSettings(reveal_numbers=True)])
async def test_where_numbers_may_be_told_of_it_has_failed_at_once(face):
    face.sms.failure = SmsRefusedError(0x0B)
    nobody = await face.start()
    assert (nobody["state"], nobody["reason"], steps(nobody)) == (
        "failed",
        "send_failed",
        [("sms_code", "failed", "nobody")],
    )


async def test_a_call_is_answered_when_it_was_placed_whatever_becomes_of_it(face):
    started = await face.start(method="flash_call")
    assert started["code_sent"]["state"] == "submitting"
    await face.rings(CallFate.NOBODY, 404, cause=1)
    after = await face.get(started)
    assert (after["state"], steps(after)) == ("pending", [("flash_call", "current", None)])
