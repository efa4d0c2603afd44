"""Workflows: steps one after the other, the limits and settings that hold across them, and numbers that are played."""

import pytest

from confirm import workflow
from confirm.challenge import SendState, State
from confirm.errors import ConfirmationOverError, LimitedError, LockedError, NoNextStepError, NumberRefusedError
from confirm.ports import CallFate, SmsRefusedError
from confirm.settings import (
    ConfirmationSettings,
    LimitSettings,
    LockSettings,
    PumpingSettings,
    StepSettings,
    TestNumberSettings,
    TimeSettings,
)
from confirm.workflow import Step, StepState
from smsc_emulator.base.durations import MINUTE, SECOND

SETTINGS = ConfirmationSettings()


def test_steps_take_the_time_asked_for_or_their_methods_own() -> None:
    timed = ConfirmationSettings(times=TimeSettings(flash_call="30s"), code_lifetime="4m")
    asked = [
        StepSettings(method="flash_call"),
        StepSettings(method="sms_code"),
        StepSettings(method="mo_sms", time="1m"),
    ]
    assert [step.time for step in workflow.steps(asked, timed)] == [30 * SECOND, 4 * MINUTE, MINUTE]


def test_without_a_wish_the_steps_are_those_of_the_settings() -> None:
    own = ConfirmationSettings(methods=["call_in", StepSettings(method="sms_code", time="20s")])
    assert workflow.steps((), own) == (Step("call_in", 5 * MINUTE), Step("sms_code", 20 * SECOND))


async def test_each_step_begins_when_the_time_of_the_one_before_is_over(confirming):
    started = await confirming.start("flash_call", "sms_code", "call_in")
    assert started.step_due_at == started.created_at + 5 * MINUTE
    assert started.expires_at == started.created_at + 15 * MINUTE
    assert (await confirming.turn(5 * MINUTE - 1, started)).step == 0
    second = await confirming.turn(1, started)
    assert (second.step, second.method, second.send_state) == (1, "sms_code", SendState.SENT)
    third = await confirming.turn(5 * MINUTE, started)
    assert (third.method, third.step_due_at) == ("call_in", None)
    assert third.access_number in SETTINGS.call_in.access_numbers
    over = await confirming.turn(5 * MINUTE, started)
    assert (over.state, over.over_at) == (State.EXPIRED, started.expires_at)
    assert [step.state for step in over.steps] == [StepState.TIMED_OUT] * 3
    steps = [event for event in confirming.story(started) if event.startswith("step_")]
    assert steps == ["step_ended", "step_started"] * 2


async def test_only_the_present_steps_secret_is_good(confirming):
    started = await confirming.start("flash_call", "sms_code")
    shown = confirming.switch.calls[-1].caller
    went_on = await confirming.next(started)
    assert went_on.steps[0].state is StepState.SKIPPED
    assert (await confirming.check(went_on, shown)).attempts_left == 2
    assert (await confirming.check(went_on, shown[-4:])).attempts_left == 1
    assert (await confirming.check(went_on, confirming.sms.code)).state is State.CONFIRMED


async def test_failures_add_up_over_all_steps(confirming):
    started = await confirming.start("sms_code", "sms_code", "sms_code")
    for left in (2, 1):
        assert (await confirming.check(started, confirming.wrong)).attempts_left == left
        await confirming.next(started)
    failed = await confirming.check(started, confirming.wrong)
    assert (failed.state, failed.reason, failed.step) == (State.FAILED, "too_many_attempts", 2)


async def test_a_code_counts_at_the_very_end_of_its_step_and_is_wrong_after_it(by_hand):
    first = await by_hand.start("sms_code", "call_in")
    second = await by_hand.start("sms_code", "sms_code", number="+70000000002")
    (_, text), (_, other) = by_hand.sms.texts
    by_hand.clock.move_to(first.step_due_at)
    assert (await by_hand.check(first, text[:6])).state is State.CONFIRMED
    by_hand.clock.move_to(first.step_due_at + 1)
    late = await by_hand.check(second, other[:6])
    assert (late.step, late.attempts_left) == (1, 2)


async def test_no_step_follows_where_the_lifetime_was_over_before_anybody_looked(by_hand):
    started = await by_hand.start("flash_call", "sms_code")
    late = started.expires_at + 1
    await by_hand.database.run(lambda tx: by_hand.service.step_times(tx, late))
    over = await by_hand.get(started)
    assert (over.state, over.step, by_hand.sms.texts) == (State.EXPIRED, 0, [])


async def test_another_code_gives_the_step_its_whole_time_again(confirming):
    started = await confirming.start("sms_code", "call_in")
    await confirming.ticker.advance(4 * MINUTE)
    resent = await confirming.resend(started)
    assert resent.step_due_at == started.step_due_at + 4 * MINUTE
    assert resent.expires_at == started.expires_at + 4 * MINUTE


async def test_after_the_last_step_there_is_no_next_one(confirming):
    started = await confirming.start("sms_code")
    with pytest.raises(NoNextStepError):
        await confirming.next(started)
    await confirming.cancel(started)
    with pytest.raises(ConfirmationOverError):
        await confirming.next(started)


async def test_it_fails_when_every_step_has(confirming):
    confirming.sms.outcomes = [SmsRefusedError(0x45)]
    confirming.switch.fates = [(CallFate.FAILED,)]
    started = await confirming.start("sms_code", "flash_call")
    failed = await confirming.rest(started)
    assert (failed.state, failed.reason) == (State.FAILED, "send_failed")
    assert [(step.state, step.outcome) for step in failed.steps] == [
        (StepState.FAILED, "refused"),
        (StepState.FAILED, "failed"),
    ]


async def test_one_with_an_owner_waits_for_his_decision_when_every_step_has_failed(confirming):
    confirming.sms.outcomes = [SmsRefusedError(0x45)] * 2
    waiting = await confirming.start("sms_code", "sms_code", owner="idn_1")
    assert (waiting.state, waiting.step_due_at, waiting.present.state) == (State.PENDING, None, StepState.FAILED)
    await confirming.ticker.advance(MINUTE)
    assert (await confirming.resend(waiting)).present.state is StepState.CURRENT
    assert (await confirming.check(waiting, confirming.sms.code)).state is State.CONFIRMED


async def test_the_end_is_heard_once_in_its_transaction_whatever_brings_it(confirming):
    heard = []
    confirming.service.on_over.append(lambda tx, now, ended: heard.append((ended.id, ended.state, tx.events[-1].type)))
    called, typed = await confirming.start("call_in"), await confirming.start("sms_code", number="+70000000002")
    expired, cancelled = [await confirming.start("sms_code", number=f"+7000000000{n}") for n in (3, 4)]
    await confirming.call_in(called.access_number)
    await confirming.check(typed, confirming.sms.texts[0][1][:6])
    await confirming.cancel(cancelled)
    await confirming.ticker.advance(5 * MINUTE)
    ends = [(called, "confirmed"), (typed, "confirmed"), (cancelled, "cancelled"), (expired, "expired")]
    assert heard == [(one.id, end, f"confirmation.{end}") for one, end in ends]


async def test_what_raises_on_the_end_undoes_it(confirming):
    def refuse(tx, now, ended):
        raise RuntimeError("no")

    started = await confirming.start("sms_code")
    confirming.service.on_over.append(refuse)
    with pytest.raises(RuntimeError):
        await confirming.check(started, confirming.sms.code)
    assert await confirming.get(started) == started
    confirming.service.on_over.clear()


# Limits.


async def test_a_step_that_a_limit_forbids_is_left_out_and_a_wish_for_it_is_refused(assemble, database):
    limited = ConfirmationSettings(limits=[LimitSettings(per="number", count=1, within="6m")])
    confirming = assemble(database, settings=limited)
    started = await confirming.start("sms_code", "flash_call", "sms_code")
    with pytest.raises(LimitedError) as refusal:
        await confirming.next(started)
    assert refusal.value.retry_after == 360
    assert await confirming.get(started) == started
    over = await confirming.turn(5 * MINUTE, started)
    assert (over.state, over.reason) == (State.FAILED, "send_failed")
    assert [step.outcome for step in over.steps] == [None, "limited", "limited"]
    assert confirming.switch.calls == []
    await confirming.close()


async def test_a_refused_start_creates_nothing_and_replaces_nothing(assemble, database):
    limited = ConfirmationSettings(limits=[LimitSettings(per="service", count=1, within="1h")])
    confirming = assemble(database, settings=limited)
    first = await confirming.start("sms_code")
    for number in ("+70000000001", "+70000000002"):
        with pytest.raises(LimitedError):
            await confirming.start("sms_code", number=number)
    assert (await confirming.get(first)).state is State.PENDING
    assert len(confirming.sms.texts) == 1
    await confirming.close()


async def test_a_number_that_may_not_be_confirmed_is_refused(assemble, database):
    confirming = assemble(database, settings=ConfirmationSettings(deny_prefixes=["+7000"]))
    with pytest.raises(NumberRefusedError):
        await confirming.start("sms_code")
    await confirming.close()


async def test_a_lock_holds_for_answers_too(assemble, database):
    lock = LockSettings(failures=2, within="1h", lasts="10m")
    confirming = assemble(database, settings=ConfirmationSettings(lock=lock, code_lifetime="30m"))
    started = await confirming.start("sms_code")
    for _ in range(2):
        await confirming.check(started, confirming.wrong)
    with pytest.raises(LockedError) as refusal:
        await confirming.check(started, confirming.sms.code)
    assert refusal.value.retry_after == 600
    await confirming.ticker.advance(10 * MINUTE)
    assert (await confirming.check(started, confirming.sms.code)).state is State.CONFIRMED
    await confirming.close()


@pytest.mark.parametrize("method", ["sms_code", "flash_call"])
async def test_in_the_shadow_everything_looks_sent_and_nothing_is(assemble, database, method):
    shadow = PumpingSettings(concentration=2, on_concentration="shadow")
    confirming = assemble(database, settings=ConfirmationSettings(pumping=shadow))
    real = await confirming.start(method, number="+70000000002", client_address="192.0.2.1")
    dark = await confirming.start(method, client_address="192.0.2.1")
    assert dark.shadow
    assert len(confirming.sms.texts) + len(confirming.switch.calls) == 1
    shown, other = await confirming.shown(dark), await confirming.shown(real)
    assert shown["code_sent"]["state"] == other["code_sent"]["state"] == "sent"
    assert (shown["code_sent"]["message_id"] is None) == (other["code_sent"]["message_id"] is None)
    assert shown["cost"]["amount"] == "0"
    assert confirming.story(dark) == ["created", "code_sent"]
    await confirming.close()


# Test numbers.


@pytest.fixture
async def played(assemble, database):
    """The parts of a gateway with a test number for each outcome, none of which any limit lets through."""
    outcomes = ["answer", "confirmed", "send_failed", "expired", "too_many_attempts"]
    numbers = [
        TestNumberSettings(first=f"+7000999000{n}", code="123456", outcome=outcome)
        for n, outcome in enumerate(outcomes)
    ]
    none_free = [LimitSettings(per="service", count=1, within="1h")]
    settings = ConfirmationSettings(test_numbers=numbers, limits=none_free, deny_prefixes=["+7000999"])
    confirming = assemble(database, settings=settings)
    await confirming.start("sms_code")
    yield confirming
    assert len(confirming.sms.texts) == 1
    assert confirming.switch.calls == []
    await confirming.close()


@pytest.mark.parametrize("method", ["sms_code", "flash_call", "call_in", "mo_sms"])
async def test_a_test_numbers_fixed_code_confirms_by_any_method_and_costs_nothing(played, method):
    started = await played.start(method, number="+70009990000")
    assert (started.test, started.send_state) == (True, SendState.SENT)
    assert (await played.check(started, "123457")).attempts_left == 2
    assert (await played.check(started, "123456")).state is State.CONFIRMED
    shown = await played.shown(started)
    assert (shown["test"], shown["cost"]["amount"]) == (True, "0")


@pytest.mark.parametrize(
    ("number", "state", "reason"),
    [
        ("+70009990001", State.CONFIRMED, None),
        ("+70009990002", State.FAILED, "send_failed"),
        ("+70009990003", State.PENDING, None),
        ("+70009990004", State.FAILED, "too_many_attempts"),
    ],
)
async def test_a_test_numbers_fixed_outcome_comes_by_itself(played, number, state, reason):
    started = await played.start("sms_code", number=number)
    assert (started.state, started.reason) == (state, reason)


async def test_one_that_is_to_expire_does_so_whatever_is_typed(played):
    started = await played.start("sms_code", number="+70009990003")
    assert (await played.check(started, "123456")).attempts_left == 2
    assert (await played.turn(5 * MINUTE, started)).state is State.EXPIRED
