"""Confirmations over HTTP."""

import asyncio

import pytest

from confirm.ports import SmsRefusedError, SmsUnavailableError
from confirm.workflow import Wish
from smsc_emulator.base.durations import MINUTE


async def test_a_start_answers_with_the_confirmation_after_its_code_was_sent(face):
    status, confirmation, _ = await face.ask(
        "POST", "/v1/confirmations", {"phone_number": "+70000000001", "method": "sms_code"}
    )
    assert status == 201
    assert confirmation.pop("id").startswith("cnf_")
    assert confirmation == {
        "service_id": "demo",
        "phone_number": "+70000000001",
        "method": "sms_code",
        "state": "pending",
        "reason": None,
        "attempts_left": 3,
        "created_at": "2026-01-01T12:00:00.000Z",
        "expires_at": "2026-01-01T12:05:00.000Z",
        "code_sent": {"state": "sent", "at": "2026-01-01T12:00:00.000Z", "message_id": "1", "command_status": None},
        "methods": ["sms_code"],
        "step": 0,
        "steps": [
            {
                "method": "sms_code",
                "state": "current",
                "outcome": None,
                "started_at": "2026-01-01T12:00:00.000Z",
                "ended_at": None,
            }
        ],
        "next_step_at": None,
        "call": None,
        "access_number": None,
        "short_code": None,
        "proof": None,
        "cost": {"amount": "0.05", "currency": "XTS", "billable_seconds": 0},
        "test": False,
        "instructions": {"method": "sms_code", "until": "2026-01-01T12:05:00.000Z", "digits": 6},
    }


async def test_the_right_code_confirms_and_then_nothing_more_can_be_checked(face):
    confirmation = await face.start()
    status, confirmed = await face.check(confirmation, face.sms.code)
    assert (status, confirmed["state"]) == (200, "confirmed")
    status, problem = await face.check(confirmation, face.sms.code)
    assert (status, problem["code"]) == (409, "confirmation_over")


async def test_wrong_codes_are_answered_with_the_attempts_left_until_none_is(face):
    confirmation = await face.start()
    answers = [await face.check(confirmation, face.sms.wrong) for _ in range(3)]
    assert [(status, one["state"], one["attempts_left"]) for status, one in answers] == [
        (200, "pending", 2),
        (200, "pending", 1),
        (200, "failed", 0),
    ]
    assert answers[-1][1]["reason"] == "too_many_attempts"


@pytest.mark.parametrize("code", ["1", "abc", "код", "12345678901234567890123456789012", "' OR 1=1"])
async def test_any_printable_text_is_a_code_though_a_wrong_one(face, code):
    confirmation = await face.start()
    status, checked = await face.check(confirmation, code)
    assert (status, checked["attempts_left"]) == (200, 2)


@pytest.mark.parametrize("code", ["", "1" * 33, "12\n34", 123456, None])
async def test_what_is_no_text_of_a_code_is_a_bad_request_and_costs_no_attempt(face, code):
    confirmation = await face.start()
    status, problem = await face.check(confirmation, code)
    assert (status, problem["code"]) == (400, "bad_request")
    assert (await face.ask("GET", f"/v1/confirmations/{confirmation['id']}"))[1]["attempts_left"] == 3


async def test_checks_sent_at_once_use_the_code_once(face):
    confirmation = await face.start()
    answers = await asyncio.gather(*(face.check(confirmation, face.sms.code) for _ in range(5)))
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409, 409]


async def test_a_cancelled_one_is_answered_and_cannot_be_cancelled_again(face):
    path = f"/v1/confirmations/{(await face.start())['id']}"
    status, cancelled, _ = await face.ask("DELETE", path)
    assert (status, cancelled["state"], cancelled["reason"]) == (200, "cancelled", "requested")
    status, problem, _ = await face.ask("DELETE", path)
    assert (status, problem["code"]) == (409, "confirmation_over")


async def test_another_code_too_soon_is_told_when_to_ask_again(face):
    path = f"/v1/confirmations/{(await face.start())['id']}/resend"
    await face.ticker.advance(20_500)
    status, problem, headers = await face.ask("POST", path)
    assert (status, problem["code"], headers["Retry-After"]) == (429, "resend_too_soon", "40")
    await face.ticker.advance(39_500)
    status, resent, _ = await face.ask("POST", path)
    assert (status, resent["expires_at"]) == (200, "2026-01-01T12:06:00.000Z")
    assert len(face.sms.texts) == 2


async def test_a_refused_sms_is_already_told_by_the_answer_to_the_start(face):
    face.sms.failure = SmsRefusedError(0x45)
    confirmation = await face.start()
    assert (confirmation["state"], confirmation["reason"]) == ("failed", "send_failed")
    assert confirmation["code_sent"]["command_status"] == 0x45


async def test_an_smsc_that_is_away_leaves_the_code_queued(face):
    face.sms.failure = SmsUnavailableError()
    confirmation = await face.start()
    assert (confirmation["state"], confirmation["code_sent"]["state"]) == ("pending", "queued")


async def test_a_wait_ends_early_on_a_change_of_state_and_not_on_a_wrong_code(face):
    confirmation = await face.start()
    read = asyncio.create_task(face.ask("GET", f"/v1/confirmations/{confirmation['id']}?wait=30s"))
    await face.check(confirmation, face.sms.wrong)
    assert not read.done()
    await face.ticker.advance(5 * MINUTE)
    _, expired, _ = await read
    assert (expired["state"], expired["attempts_left"]) == ("expired", 2)


async def test_a_wait_in_which_nothing_happens_gives_the_confirmation_as_it_is(face):
    confirmation = await face.start()
    status, read, _ = await face.ask("GET", f"/v1/confirmations/{confirmation['id']}?wait=10ms")
    assert (status, read) == (200, confirmation)


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/check", {"code": "1"}),
        ("POST", "/resend", None),
        ("POST", "/next", None),
    ],
)
async def test_another_services_confirmation_is_not_there(face, method, rest, body):
    path = f"/v1/confirmations/{(await face.start())['id']}{rest}"
    status, problem, _ = await face.ask(method, path, body, key="another-key")
    assert (status, problem["code"]) == (404, "not_found")


async def test_one_that_an_identification_owns_is_read_here_and_changed_there(face):
    now = face.clock.now()
    owned = await face.database.run(lambda tx: face.service.start(tx, now, Wish("demo", "+70000000001", owner="idn_1")))
    path = f"/v1/confirmations/{owned.id}"
    assert (await face.ask("GET", path))[0] == 200
    changes = [
        ("DELETE", "", None),
        ("POST", "/check", {"code": "1"}),
        ("POST", "/resend", None),
        ("POST", "/next", None),
    ]
    for method, rest, body in changes:
        status, problem, _ = await face.ask(method, path + rest, body)
        assert (status, problem["code"]) == (409, "confirmation_owned")
        assert "idn_1" in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [{}, {"phone_number": "89161234567"}, {"phone_number": "+70000000001", "method": "pigeon"}, {"phone": 1}, []],
)
async def test_a_start_that_is_not_understood_sends_nothing(face, body):
    status, problem, _ = await face.ask("POST", "/v1/confirmations", body)
    assert (status, problem["code"]) == (400, "bad_request")
    assert face.sms.texts == []


@pytest.mark.parametrize("credentials", [None, "Bearer wrong", "Basic lab-demo-key", "lab-demo-key", "Bearer \udcff"])
async def test_without_a_services_key_nothing_opens(face, credentials):
    headers = (
        {}
        if credentials is None
        else {"Authorization": credentials.encode("utf-8", "surrogateescape").decode("latin-1")}
    )
    async with face.session.get(f"{face.url}/v1/confirmations/cnf_1", headers=headers) as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
