"""What stands in the way of confirmations over HTTP: limits, locks, ranges, signals of pumping, and open ones."""

import pytest

from confirm.settings import ConfirmationSettings
from smsc_emulator.base.durations import MINUTE, SECOND

PATH = "/v1/confirmations"
NUMBER = "+70000000001"


def settings_with(**more):
    return ConfirmationSettings.model_validate(more)


def created(face):
    return len(face.events("confirmation.created"))


@pytest.mark.parametrize("settings", [settings_with(limits=[{"per": "number", "count": 2, "within": "10m"}])])
async def test_a_limit_that_is_used_up_is_told_with_the_seconds_until_a_place_is_free(face):
    await face.start()
    await face.ticker.advance(90_500)
    await face.start()
    status, problem, headers = await face.refused()
    assert (status, problem["code"], headers["Retry-After"]) == (429, "limited", "510")
    assert (created(face), len(face.sms.texts)) == (2, 2)
    await face.start("+70000000002")
    await face.ticker.advance(510 * SECOND)
    await face.start()


@pytest.mark.parametrize("settings", [settings_with(limits=[{"per": "client_address", "count": 1, "within": "10m"}])])
async def test_a_clients_address_is_one_in_whatever_form_it_is_written(face):
    await face.start(client_address="192.0.2.1")
    status, problem, _ = await face.refused("+70000000002", client_address="::ffff:192.0.2.1")
    assert (status, problem["code"]) == (429, "limited")
    await face.start("+70000000002", client_address="192.0.2.2")
    await face.start("+70000000003")


@pytest.mark.parametrize("settings", [settings_with(cool_down="30s")])
async def test_two_sends_to_one_number_have_a_cool_down_between_them_the_next_step_too(face):
    started = await face.start(methods=["flash_call", "sms_code"])
    await face.ticker.advance(10 * SECOND)
    status, problem, headers = await face.refused()
    assert (status, problem["code"], headers["Retry-After"]) == (429, "cool_down", "20")
    status, problem, headers = await face.ask("POST", f"{PATH}/{started['id']}/next")
    assert (status, problem["code"], headers["Retry-After"]) == (429, "cool_down", "20")
    assert (await face.get(started))["step"] == 0


@pytest.mark.parametrize("settings", [settings_with(lock={"failures": 2, "within": "1h", "lasts": "1h"})])
async def test_a_number_with_too_many_failures_is_locked_for_starts_and_answers(face):
    started = await face.start()
    for _ in range(2):
        await face.check(started, face.sms.wrong)
    status, problem, headers = await face.refused()
    assert (status, problem["code"], headers["Retry-After"]) == (429, "number_locked", "3600")
    status, problem = await face.check(started, face.sms.code)
    assert (status, problem["code"]) == (429, "number_locked")


@pytest.mark.parametrize("settings", [settings_with(allow_prefixes=["+7"], deny_prefixes=["+70005"])])
@pytest.mark.parametrize("number", ["+99900000001", "+70005000001"])
async def test_a_number_out_of_range_is_refused(face, number):
    status, problem, _ = await face.refused(number)
    assert (status, problem["code"]) == (403, "number_refused")
    assert (created(face), face.sms.texts) == (0, [])
    await face.start()


@pytest.mark.parametrize("settings", [settings_with(pumping={"sequential": 2, "on_sequential": "challenge"})])
async def test_what_looks_like_pumping_needs_a_challenge_and_stays_on_record_though_it_was_refused(face):
    await face.start()
    status, problem, _ = await face.refused("+70000000002")
    assert (status, problem["code"]) == (403, "challenge_required")
    [signal] = face.events("confirmation.signal")
    assert (signal.subject, signal.data["decision"]) == ("+7000000", "challenge")
    assert created(face) == 1
    await face.start("+70000000002", challenge_passed=True)


@pytest.mark.parametrize("settings", [settings_with(second_start="conflict")])
async def test_where_a_second_start_conflicts_the_open_one_is_named(face):
    first = await face.start()
    status, problem, _ = await face.refused()
    assert (status, problem["code"], problem["confirmation_id"]) == (409, "confirmation_pending", first["id"])
    await face.ask("DELETE", f"{PATH}/{first['id']}")
    await face.start()


@pytest.mark.parametrize("settings", [settings_with(second_start="same_code")])
async def test_where_a_second_start_sends_the_same_code_it_waits_for_the_gap_and_goes_on_with_the_first(face):
    first = await face.start()
    status, problem, headers = await face.refused()
    assert (status, problem["code"], headers["Retry-After"]) == (429, "resend_too_soon", "60")
    await face.ticker.advance(MINUTE)
    again = await face.start()
    assert again["id"] == first["id"]
    assert face.sms.texts[0] == face.sms.texts[1]


TEST_NUMBERS = settings_with(
    test_numbers=[
        {"first": "+70009990000", "code": "123456"},
        {"first": "+70009990400", "outcome": "confirmed"},
        {"first": "+70009990100", "outcome": "send_failed"},
    ]
)


@pytest.mark.parametrize("settings", [TEST_NUMBERS])
@pytest.mark.parametrize("method", ["sms_code", "flash_call", "call_in", "mo_sms"])
async def test_a_test_number_has_its_code_by_every_method_and_nothing_is_sent(face, method):
    started = await face.start("+70009990000", method=method)
    assert (started["test"], started["cost"]["amount"]) == (True, "0")
    status, confirmed = await face.check(started, "123456")
    assert (status, confirmed["state"], confirmed["test"]) == (200, "confirmed", True)
    assert (face.sms.texts, face.calls.placed) == ([], [])


@pytest.mark.parametrize("settings", [TEST_NUMBERS])
@pytest.mark.parametrize(("number", "state"), [("+70009990400", "confirmed"), ("+70009990100", "failed")])
async def test_a_test_number_with_an_outcome_has_it_at_once(face, number, state):
    assert (await face.start(number))["state"] == state
