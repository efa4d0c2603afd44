"""Limits, locks, signals, test numbers and costs through the whole service, as a request meets them."""

from collections.abc import Awaitable
from typing import Any

import pytest
from sqlalchemy import func, select

from confirm import codes
from confirm.challenge import SendState, State
from confirm.errors import ChallengeRequiredError, CoolDownError, LimitedError, LockedError, NumberRefusedError
from confirm.gate import recording_refusals
from confirm.ports import CallFate
from confirm.settings import ConfirmationSettings
from confirm.store import confirmations
from confirm.test_numbers import OF_A_LAB
from smsc_emulator.base.durations import HOUR, MINUTE


def configured(**settings: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("settings", [ConfirmationSettings(**settings)], ids=[""])


async def counted(confirming: Any) -> int:
    return await confirming.database.run(
        lambda tx: tx.conn.execute(select(func.count()).select_from(confirmations)).scalar_one()
    )


async def recorded(confirming: Any, start: Awaitable[Any]) -> Any:
    """Await a start as the API does."""
    async with recording_refusals(confirming.database, confirming.service.gate, confirming.clock.now()):
        return await start


async def ledger(confirming: Any) -> list[tuple[str, int, int]]:
    charges = await confirming.database.run(lambda tx: confirming.service.ledger.entries(tx, "demo"))
    return [(one.kind, one.quantity, one.billable_seconds) for one in charges]


ONE_AN_HOUR = configured(limits=[{"per": "number", "count": 1, "within": HOUR}])


@ONE_AN_HOUR
async def test_a_start_beyond_the_limit_creates_sends_and_ends_nothing(confirming):
    first = await confirming.open()
    await confirming.ticker.advance(MINUTE)
    events = len(confirming.database.journal.since(0, 100))
    with pytest.raises(LimitedError) as limited:
        await confirming.open()
    assert limited.value.retry_after == 59 * 60
    assert await counted(confirming) == 1
    assert len(confirming.sms.texts) == len(await ledger(confirming)) == 1
    assert len(confirming.database.journal.since(0, 100)) == events
    assert (await confirming.check(first, confirming.sms.code)).state is State.CONFIRMED


@ONE_AN_HOUR
async def test_a_start_is_let_through_at_the_instant_that_was_told(confirming):
    await confirming.open()
    await confirming.ticker.advance(HOUR - 1)
    with pytest.raises(LimitedError):
        await confirming.open()
    await confirming.ticker.advance(1)
    await confirming.open()


@ONE_AN_HOUR
async def test_another_code_and_another_step_take_places_too(confirming):
    started = await confirming.start("sms_code", "call_in")
    await confirming.ticker.advance(MINUTE)
    with pytest.raises(LimitedError):
        await confirming.resend(started)
    with pytest.raises(LimitedError):
        await confirming.next(started)
    assert (await confirming.get(started)).method == "sms_code"


@configured(cool_down=HOUR)
async def test_a_step_that_may_not_send_fails_as_limited_and_makes_way_for_the_next(confirming):
    started = await confirming.start("flash_call", "sms_code", "call_in")
    waiting = await confirming.turn(5 * MINUTE, started)
    assert [(step.method, step.outcome) for step in waiting.steps][1:] == [("sms_code", "limited"), ("call_in", None)]
    assert waiting.method == "call_in"
    assert confirming.sms.texts == []


@configured(cool_down=HOUR)
async def test_the_cool_down_holds_across_the_confirmations_of_a_number(confirming):
    await confirming.cancel(await confirming.open())
    with pytest.raises(CoolDownError):
        await confirming.start("flash_call")
    await confirming.start("call_in")


@configured(lock={"failures": 4, "within": HOUR, "lasts": MINUTE})
async def test_failures_across_confirmations_lock_the_number_also_for_the_right_code(confirming):
    first = await confirming.open()
    for _ in range(3):
        first = await confirming.check(first, confirming.wrong)
    assert first.reason == "too_many_attempts"
    second = await confirming.open()
    await confirming.check(second, confirming.wrong)
    with pytest.raises(LockedError) as locked:
        await confirming.check(second, confirming.sms.code)
    assert locked.value.retry_after == 60
    with pytest.raises(LockedError):
        await confirming.open()
    assert (await confirming.get(second)).state is State.PENDING
    await confirming.ticker.advance(MINUTE)
    assert (await confirming.check(second, confirming.sms.code)).state is State.CONFIRMED


@configured(pumping={"on_sequential": "deny", "sequential": 2})
async def test_a_start_that_is_denied_leaves_its_signal_and_no_confirmation(confirming):
    await confirming.open("+70001000001")
    with pytest.raises(NumberRefusedError):
        await recorded(confirming, confirming.open("+70001000002"))
    assert await counted(confirming) == len(confirming.sms.texts) == 1
    signals = confirming.database.journal.since(0, 100, lambda event: event.type == "confirmation.signal")
    assert [(event.subject, event.data["decision"]) for event in signals] == [("+7000100", "deny")]


@configured(pumping={"on_concentration": "challenge", "concentration": 2})
async def test_a_start_that_needs_a_challenge_goes_on_once_it_was_passed(confirming):
    await confirming.start(number="+70001000001", client_address="192.0.2.1")
    with pytest.raises(ChallengeRequiredError):
        await recorded(confirming, confirming.start(number="+70001000009", client_address="192.0.2.1"))
    passed = await confirming.start(number="+70001000009", client_address="192.0.2.1", challenge_passed=True)
    assert passed.send_state is SendState.SENT


def members(shown: Any) -> Any:
    """Return which members and kinds of values an answer has, without the values that differ by nature."""
    return {name: type(value) for name, value in shown.items()}


@configured(pumping={"on_sequential": "shadow", "sequential": 2})
@pytest.mark.parametrize("method", ["sms_code", "flash_call", "call_in", "mo_sms"])
async def test_a_shadow_looks_like_any_other_and_nothing_is_sent_or_charged(confirming, method):
    real = await confirming.start(method, number="+70001000001")
    sent = (len(confirming.sms.texts), len(confirming.switch.calls), await ledger(confirming))
    shadow = await confirming.start(method, number="+70001000002")
    assert (len(confirming.sms.texts), len(confirming.switch.calls), await ledger(confirming)) == sent
    looks = [await confirming.shown(one) for one in (real, shadow)]
    assert members(looks[0]) == members(looks[1])
    assert looks[0]["code_sent"]["state"] == looks[1]["code_sent"]["state"]
    assert not looks[1]["test"]
    assert members(confirming.service.instructions(real)) == members(confirming.service.instructions(shadow))


@configured(pumping={"on_sequential": "shadow", "sequential": 2})
@pytest.mark.parametrize(("method", "digits"), [("sms_code", 6), ("flash_call", 4)])
async def test_not_even_the_code_that_would_have_been_sent_confirms_a_shadow(confirming, method, digits):
    await confirming.start(method, number="+70001000001")
    shadow = await confirming.start(method, number="+70001000002")
    assert shadow.code_mac == ""
    code = codes.derive(confirming.service._key, shadow.id, shadow.generation, digits)
    assert (await confirming.check(shadow, code)).attempts_left == 2


@configured(pumping={"on_low_conversion": "deny", "low_conversion_from": 2})
async def test_a_prefix_in_which_nobody_answers_is_refused_until_somebody_does(confirming):
    for number in ("+70001000200", "+70001000300"):
        await confirming.open(number)
    await confirming.ticker.advance(4 * MINUTE)
    answering = await confirming.open("+70001000100")
    await confirming.ticker.advance(MINUTE)
    with pytest.raises(NumberRefusedError):
        await confirming.open("+70001000500")
    await confirming.open("+70001010500")
    await confirming.check(answering, next(one.split()[0] for to, one in confirming.sms.texts if to == "+70001000100"))
    await confirming.open("+70001000500")


@pytest.fixture
def settings(request):
    return ConfirmationSettings(
        test_numbers=OF_A_LAB,
        limits=[{"per": "service", "count": 1, "within": HOUR}],
        cool_down=HOUR,
        allow_prefixes=["+999"],
        lock={"failures": 1},
    )


@pytest.mark.parametrize(
    ("number", "state", "reason"),
    [
        ("+70009990100", State.FAILED, "send_failed"),
        ("+70009990300", State.FAILED, "too_many_attempts"),
        ("+70009990400", State.CONFIRMED, None),
    ],
)
@pytest.mark.parametrize("method", ["sms_code", "flash_call", "call_in", "mo_sms"])
async def test_a_test_number_ends_as_is_fixed_for_it_at_no_cost_and_beyond_all_limits(
    confirming, number, state, reason, method
):
    for _ in range(2):
        ended = await confirming.start(method, number=number)
        assert (ended.state, ended.reason) == (state, reason)
    assert (confirming.sms.texts, confirming.switch.calls, await ledger(confirming)) == ([], [], [])
    shown = await confirming.shown(ended)
    assert shown["test"]
    assert shown["cost"]["amount"] == "0"


@pytest.mark.parametrize("method", ["sms_code", "flash_call", "call_in", "mo_sms"])
async def test_the_code_of_a_test_number_is_right_and_others_are_wrong(confirming, method):
    started = await confirming.start(method, number="+70009990042")
    assert (await confirming.check(started, "654321")).attempts_left == 2
    assert (await confirming.check(started, "123 456")).state is State.CONFIRMED


async def test_a_test_number_without_an_answer_expires_with_its_lifetime(confirming):
    started = await confirming.start("sms_code", number="+70009990200")
    await confirming.check(started, "123456")
    assert (await confirming.turn(5 * MINUTE - 1, started)).state is State.PENDING
    assert (await confirming.turn(1, started)).state is State.EXPIRED


@configured()
async def test_sms_calls_and_seconds_are_charged_once(confirming):
    await confirming.open()
    called = await confirming.start("flash_call", number="+70000000002")
    await confirming.switch.tell(CallFate.ANSWERED, seconds=3)
    await confirming.switch.tell(CallFate.ANSWERED, seconds=3)
    assert sorted(await ledger(confirming)) == [("call", 0, 3), ("call", 1, 0), ("sms", 1, 0)]
    assert (await confirming.shown(called))["cost"] == {"amount": "0.016", "currency": "XTS", "billable_seconds": 3}


@configured(texts={"ru": "Ваш код подтверждения: {code}. " + "я" * 60})
async def test_a_text_of_several_segments_costs_each_of_them(confirming):
    await confirming.start(locale="ru")
    assert await ledger(confirming) == [("sms", 2, 0)]
