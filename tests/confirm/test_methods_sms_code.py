"""Codes by SMS: receipts, the services' own codes and texts, and what a refusal tells."""

import asyncio

import pytest

from confirm.challenge import SendState, State
from confirm.errors import OwnCodeError, UnknownTemplateError
from confirm.ports import ReceiptState, SmsReceipt, SmsRefusedError, SmsUnavailableError
from confirm.sending import Taken
from confirm.settings import ConfirmationSettings
from confirm.workflow import StepState
from smsc_emulator.base.durations import MINUTE, SECOND

UNDELIVERED = [ReceiptState.UNDELIVERABLE, ReceiptState.REJECTED, ReceiptState.EXPIRED, ReceiptState.DELETED]


async def receive(confirming, message_id, state=ReceiptState.UNDELIVERABLE):
    receipt = SmsReceipt(message_id, state, "001")
    return await confirming.unit(lambda tx, now: confirming.service.receipt(tx, now, receipt))


@pytest.mark.parametrize("state", UNDELIVERED)
async def test_an_sms_that_is_not_delivered_makes_way_for_the_next_step(confirming, state):
    sent = await confirming.start("sms_code", "flash_call")
    await receive(confirming, sent.message_id, state)
    went_on = await confirming.rest(sent)
    assert (went_on.method, went_on.steps[0].outcome) == ("flash_call", "undelivered")
    ended = next(event for event in confirming.events(sent) if event.type == "confirmation.step_ended")
    assert (ended.data["receipt_state"], ended.data["receipt_error"]) == (state.value, "001")
    assert len(confirming.switch.calls) == 1


@pytest.mark.parametrize("state", UNDELIVERED)
async def test_an_sms_that_is_not_delivered_on_the_last_step_looks_like_one_that_is(confirming, state):
    sent = await confirming.start("sms_code")
    before = await confirming.shown(sent)
    await confirming.ticker.advance(SECOND)
    await receive(confirming, sent.message_id, state)
    assert await confirming.shown(await confirming.rest(sent)) == before
    told = [event.type for event in confirming.events(sent) if "service_id" in event.data]
    assert told == ["confirmation.created", "confirmation.code_sent"], "a second notice would tell of the receipt"
    truth = confirming.events(sent)[-1]
    assert (truth.type, truth.data["receipt_state"]) == ("confirmation.code_undelivered", state.value)
    assert (await confirming.check(sent, confirming.sms.code)).attempts_left == 2
    assert (await confirming.turn(5 * MINUTE, sent)).state is State.EXPIRED


async def test_a_delivery_is_told_once_and_changes_nothing_else(confirming):
    sent = await confirming.start("sms_code")
    for _ in range(2):
        delivered = await receive(confirming, sent.message_id, ReceiptState.DELIVERED)
    assert (delivered.present.state, delivered.present.outcome) == (StepState.CURRENT, "delivered")
    assert confirming.story(sent).count("code_delivered") == 1
    shown = await confirming.shown(delivered)
    assert shown["steps"][0]["outcome"] is None, "that it was delivered would tell that the number exists"
    assert (await confirming.check(sent, confirming.sms.code)).state is State.CONFIRMED


@pytest.mark.parametrize("act", ["resend", "next", "check"])
async def test_a_receipt_about_an_older_code_says_nothing(confirming, act):
    sent = await confirming.start("sms_code", "sms_code")
    await confirming.ticker.advance(MINUTE)
    code = confirming.sms.code
    later = await (confirming.check(sent, code) if act == "check" else getattr(confirming, act)(sent))
    await receive(confirming, sent.message_id)
    assert await confirming.get(sent) == later


async def test_a_receipt_that_comes_before_the_answer_to_its_sms_waits_for_that(confirming):
    answer = asyncio.get_running_loop().create_future()
    confirming.sms.outcomes = [answer]
    sent = await confirming.start("sms_code", "flash_call", settled=False)
    confirming.service.wake()
    await confirming.sms.asked.wait()
    assert await receive(confirming, "early") is None
    answer.set_result("early")
    went_on = await confirming.rest(sent)
    assert went_on.steps[0].outcome == "undelivered"


async def test_receipts_of_strangers_are_not_kept_without_end(confirming):
    for number in range(1001):
        await receive(confirming, f"stranger-{number}")
    for number, message_id, step in (("+70000000001", "stranger-0", 0), ("+70000000002", "stranger-1000", 1)):
        sent = await confirming.start("sms_code", "flash_call", number=number, settled=False)
        [sending] = await confirming.unit(confirming.service.claim_sends)
        claimed, outcome = sending.claimed, Taken(message_id)
        await confirming.unit(lambda tx, now, c=claimed, o=outcome: confirming.service.send_ended(tx, now, c, o))
        assert (await confirming.get(sent)).step == step


async def test_the_answer_to_an_sms_of_a_step_that_was_left_changes_nothing_but_the_cost(confirming):
    answer = asyncio.get_running_loop().create_future()
    confirming.sms.outcomes = [answer]
    started = await confirming.start("sms_code", "flash_call", settled=False)
    confirming.service.wake()
    await confirming.sms.asked.wait()
    await confirming.unit(lambda tx, now: confirming.service.next(tx, now, started.id))
    answer.set_result("late")
    went_on = await confirming.rest(started)
    assert (went_on.method, went_on.send_state, went_on.message_id) == ("flash_call", SendState.SENT, None)
    assert (await confirming.check(went_on, confirming.sms.code)).attempts_left == 2
    assert (await confirming.shown(went_on))["cost"]["amount"] == "0.06"  # the SMS, and the call that rings


async def test_a_refusal_for_want_of_the_number_looks_like_a_code_that_was_sent(confirming):
    confirming.sms.outcomes = [SmsRefusedError(0x0B)]
    lost = await confirming.start("sms_code")
    reached = await confirming.start("sms_code", number="+70000000002")
    shown, other = await confirming.shown(lost), await confirming.shown(reached)
    assert shown["code_sent"].pop("message_id") is not None
    other["code_sent"].pop("message_id")
    for different in ("id", "phone_number", "cost"):
        shown.pop(different), other.pop(different)
    assert shown == other
    assert (await confirming.turn(5 * MINUTE, lost)).state is State.EXPIRED
    assert confirming.story(lost) == ["created", "code_sent", "expired"]
    assert confirming.events(lost)[1].data["cause"] == "nobody"


async def test_where_numbers_may_be_revealed_it_fails_at_once(assemble, database):
    confirming = assemble(database, settings=ConfirmationSettings(reveal_numbers=True))
    confirming.sms.outcomes = [SmsRefusedError(0x0B)]
    failed = await confirming.start("sms_code")
    assert (failed.state, failed.reason, failed.steps[0].outcome) == (State.FAILED, "send_failed", "nobody")
    assert confirming.story(failed) == ["created", "code_refused", "failed"]
    await confirming.close()


@pytest.mark.parametrize("code", ["1234", "A1b2C3d4E5"])
async def test_the_services_own_code_is_sent_and_right(confirming, code):
    started = await confirming.start("sms_code", code=code)
    assert confirming.sms.texts[-1][1] == f"{code} is your confirmation code."
    assert code not in str(confirming.database.journal.since(0, 1000))
    assert (await confirming.check(started, code)).state is State.CONFIRMED


@pytest.mark.parametrize("code", ["123", "12345678901", "12 34", "пять5"])
async def test_an_own_code_that_no_sms_should_carry_is_refused(confirming, code):
    with pytest.raises(OwnCodeError):
        await confirming.start("sms_code", code=code)
    with pytest.raises(OwnCodeError):
        await confirming.start("call_in", code="1234")


async def test_an_own_code_serves_every_step_and_is_tried_again_when_the_smsc_is_away(confirming):
    confirming.sms.outcomes = [SmsUnavailableError()]
    started = await confirming.start("sms_code", "flash_call", code="4321")
    await confirming.turn(5 * SECOND, started)
    assert [text[:4] for _, text in confirming.sms.texts] == ["4321", "4321"]
    went_on = await confirming.next(started)
    assert confirming.switch.code == "4321"
    assert (await confirming.check(went_on, "4321")).state is State.CONFIRMED


async def test_an_own_code_that_a_restart_lost_before_it_was_sent_fails_its_step(restart, tmp_path):
    first = await restart()
    started = await first.start("sms_code", "sms_code", code="A1b2C3d4", settled=False)
    assert b"A1b2C3d4" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    second = await restart()
    lost = await second.rest(started)
    assert second.sms.texts == []
    assert (lost.state, [step.outcome for step in lost.steps]) == (State.FAILED, ["code_lost", "code_lost"])


async def test_another_code_may_be_the_services_own_or_not(confirming):
    started = await confirming.start("sms_code")
    await confirming.ticker.advance(MINUTE)
    own = await confirming.resend(started, code="98765")
    assert confirming.sms.texts[-1][1].startswith("98765 ")
    await confirming.ticker.advance(MINUTE)
    drawn = await confirming.resend(own)
    assert (await confirming.check(drawn, "98765")).attempts_left == 2
    assert (await confirming.check(drawn, confirming.sms.code)).state is State.CONFIRMED


async def test_the_text_is_in_the_users_language_and_by_the_template_asked_for(assemble, database):
    templates = {"login": {"en": "{code} lets you in to {brand}.", "ru": "{code}: вход в {brand}."}}
    confirming = assemble(database, settings=ConfirmationSettings(templates=templates))
    await confirming.start("sms_code", template="login", locale="ru-RU", brand="Demo")
    assert confirming.sms.texts[-1][1].endswith(": вход в Demo.")
    with pytest.raises(UnknownTemplateError):
        await confirming.start("sms_code", template="none")
    await confirming.close()


async def test_a_long_text_costs_each_of_its_segments_once(assemble, database):
    confirming = assemble(database, settings=ConfirmationSettings(text="{code}" + " and so on" * 20))
    started = await confirming.start("sms_code")
    assert (await confirming.shown(started))["cost"] == {
        "amount": "0.1",
        "currency": "XTS",
        "billable_seconds": 0,
    }
    await confirming.close()


async def test_codes_repeat_with_their_key_and_are_others_with_another():
    from confirm import codes

    drawn = [codes.derive(b"key", f"cnf_{n}", 1, 6) for n in range(2000)]
    assert drawn == [codes.derive(b"key", f"cnf_{n}", 1, 6) for n in range(2000)]
    assert drawn != [codes.derive(b"other", f"cnf_{n}", 1, 6) for n in range(2000)]
    assert len(set(drawn)) > 1980
    assert {code[0] for code in drawn} == set("0123456789")
    assert all(len(code) == 6 for code in drawn)
    tokens = "".join(codes.derive_token(b"key", f"cnf_{n}", 1, 6) for n in range(500))
    assert set(tokens) == set(codes.TOKEN_ALPHABET)
    assert {codes.derive_index(b"key", f"cnf_{n}", 1, 3) for n in range(50)} == {0, 1, 2}
