"""Confirming the number of an attempt: tries, codes, steps and methods, until the time for it is over."""

from dataclasses import replace

import pytest

from confirm import challenge
from confirm.errors import ConfirmationOverError, ResendTooSoonError
from confirm.ports import CallFate
from gateway.identification.attempt import Reason, State
from gateway.identification.errors import MethodNotPermittedError, NotConfirmingError

WRONG = "not the code"


async def test_three_wrong_codes_refuse(identifying):
    attempt = await identifying.start()
    states = [(await identifying.check(attempt, WRONG)).state for _ in range(3)]
    assert states == [State.CONFIRMING, State.CONFIRMING, State.REFUSED]
    assert (await identifying.get(attempt)).reason is Reason.CONFIRM_FAILED


async def test_a_new_code_does_not_reset_the_failures(identifying):
    attempt = await identifying.start()
    await identifying.check(attempt, WRONG)
    await identifying.turn("1m")
    await identifying.resend(attempt)
    await identifying.check(attempt, WRONG)
    assert (await identifying.check(attempt, WRONG)).reason is Reason.CONFIRM_FAILED


async def test_a_code_that_expired_leaves_the_attempt_confirming_and_another_may_be_sent(identifying):
    attempt = await identifying.start()
    await identifying.check(attempt, WRONG)
    await identifying.turn("5m1ms")
    assert (await identifying.get(attempt)).state is State.CONFIRMING
    with pytest.raises(ConfirmationOverError):
        await identifying.check(attempt)
    again = await identifying.resend(attempt)
    assert again.confirmation_id != attempt.confirmation_id
    assert (await identifying.check(attempt, WRONG)).state is State.CONFIRMING
    assert (await identifying.check(attempt)).state is State.PENDING


async def test_failures_count_on_in_the_confirmation_that_follows_an_expired_one(identifying):
    attempt = await identifying.start()
    await identifying.check(attempt, WRONG)
    await identifying.check(attempt, WRONG)
    await identifying.turn("5m1ms")
    await identifying.resend(attempt)
    assert (await identifying.check(attempt, WRONG)).reason is Reason.CONFIRM_FAILED


async def test_another_code_waits_for_its_gap(identifying):
    attempt = await identifying.start()
    with pytest.raises(ResendTooSoonError):
        await identifying.resend(attempt)
    assert len(identifying.sms.texts) == 1


async def test_who_does_not_confirm_in_fifteen_minutes_is_refused_whatever_codes_were_sent(identifying):
    attempt = await identifying.start()
    await identifying.turn("14m")
    await identifying.resend(attempt)
    await identifying.turn("1m")
    refused = await identifying.get(attempt)
    assert (refused.state, refused.reason) == (State.REFUSED, Reason.CONFIRM_EXPIRED)
    with pytest.raises(NotConfirmingError):
        await identifying.check(attempt)
    assert refused.request_id is None


async def test_a_code_comes_too_late_even_if_the_deadline_was_not_handled_yet(identifying):
    attempt = await identifying.start()
    identifying.clock.move_to(attempt.due_at + 1)
    with pytest.raises(NotConfirmingError, match="time to confirm"):
        await identifying.check(attempt)


async def test_a_second_check_of_a_confirmed_attempt_is_no_check(identifying):
    attempt = await identifying.pending()
    with pytest.raises(NotConfirmingError, match="it is PENDING"):
        await identifying.check(attempt)
    with pytest.raises(NotConfirmingError):
        await identifying.resend(attempt)


# The methods.


@pytest.mark.parametrize("profile", ["sms-only"])
async def test_a_method_that_the_profile_does_not_permit_starts_nothing_and_ends_nothing(identifying):
    first = await identifying.start()
    with pytest.raises(MethodNotPermittedError, match="sms-only does not permit call_in"):
        await identifying.start(methods=["sms_code", "call_in"])
    assert (await identifying.get(first)).state is State.CONFIRMING


@pytest.mark.parametrize("method", ["call_in", "mo_sms"])
async def test_the_users_own_act_drives_the_attempt_without_any_check_and_does_so_once(identifying, method):
    attempt = await identifying.start(methods=[method])
    if method == "call_in":
        await identifying.call_in(attempt)
        await identifying.call_in(attempt)
    else:
        await identifying.send_token(attempt, times=2)
    assert identifying.story(attempt.id) == ["created", "confirming", "routing", "pending"]


async def test_a_call_after_the_time_to_confirm_is_too_late_though_its_deadline_was_not_handled_yet(identifying):
    attempt = await identifying.start(methods=[{"method": "call_in", "time": "1h"}])
    identifying.clock.move_to(attempt.due_at + 1)
    with identifying.activity.track(is_input=True):
        late = await identifying.call_in(attempt)
    assert (late.state, late.reason) == (State.REFUSED, Reason.CONFIRM_EXPIRED)
    assert late.request_id is None


async def test_a_call_at_the_last_instant_of_the_time_to_confirm_counts(identifying):
    attempt = await identifying.start(methods=[{"method": "call_in", "time": "1h"}])
    identifying.clock.move_to(attempt.due_at)
    with identifying.activity.track(is_input=True):
        assert (await identifying.call_in(attempt)).state is State.PENDING


async def test_where_no_method_reaches_the_user_he_may_ask_for_another_code_until_his_time_is_over(identifying):
    attempt = await identifying.start(methods=["flash_call"])
    await identifying.rings(CallFate.BUSY, 486)
    assert (await identifying.get(attempt)).state is State.CONFIRMING
    await identifying.turn("1m")
    await identifying.resend(attempt)
    await identifying.rings()
    code = identifying.switch.placed[-1][2][-4:]
    assert (await identifying.check(attempt, code)).state is State.PENDING


async def test_what_is_asked_for_after_all_steps_are_over_goes_by_the_same_workflow_again(identifying):
    attempt = await identifying.start(methods=["mo_sms", "sms_code"])
    await identifying.turn("10m1ms")
    assert (await identifying.get(attempt)).state is State.CONFIRMING
    again = await identifying.resend(attempt)
    assert again.confirmation_id != attempt.confirmation_id
    after = await identifying.confirmation(again)
    assert [step.method for step in after.steps] == ["mo_sms", "sms_code"]
    assert (await identifying.send_token(again)).state is State.PENDING


async def test_the_end_of_an_earlier_confirmation_says_nothing_about_the_present_one(identifying):
    attempt = await identifying.start(methods=["call_in"])
    await identifying.turn("5m1ms")
    again = await identifying.resend(attempt)
    former = await identifying.database.run(lambda tx: identifying.confirm.get(tx, attempt.confirmation_id))
    confirmed = replace(former, state=challenge.State.CONFIRMED)
    await identifying.database.run(lambda tx: identifying.service._confirmation_over(tx, 0, confirmed))
    assert await identifying.get(attempt) == again
