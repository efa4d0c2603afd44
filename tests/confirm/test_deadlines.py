"""The sending of codes: refusals, outages, doubt, and the death of the process."""

import asyncio

from confirm.challenge import SendState, State
from confirm.ports import SmsInDoubtError, SmsRefusedError, SmsUnavailableError
from confirm.store import confirmations
from smsc_emulator.base.durations import SECOND


async def test_a_refused_sms_fails_the_confirmation_before_the_start_is_answered(confirming):
    confirming.sms.outcomes = [SmsRefusedError(0x45)]
    failed = await confirming.open()
    assert (failed.state, failed.reason, failed.send_error) == (State.FAILED, "send_failed", 0x45)


async def test_one_with_an_owner_outlives_a_refused_sms_and_can_be_sent_again(confirming):
    confirming.sms.outcomes = [SmsRefusedError(0x45)]
    waiting = await confirming.open(owner="idn_1")
    assert (waiting.state, waiting.send_state) == (State.PENDING, SendState.REFUSED)
    await confirming.ticker.advance(60 * SECOND)
    assert (await confirming.resend(waiting)).send_state is SendState.SENT
    assert (await confirming.check(waiting, confirming.sms.code)).state is State.CONFIRMED


async def test_a_code_that_cannot_be_handed_over_is_sent_five_seconds_later(confirming):
    confirming.sms.outcomes = [SmsUnavailableError()]
    put_off = await confirming.open()
    assert (put_off.send_state, put_off.send_due_at) == (SendState.QUEUED, put_off.created_at + 5 * SECOND)
    assert "code_put_off" in confirming.story(put_off)
    await confirming.ticker.advance(5 * SECOND)
    assert (await confirming.get(put_off)).send_state is SendState.SENT
    assert (await confirming.check(put_off, confirming.sms.code)).state is State.CONFIRMED


async def test_what_ends_while_its_code_is_put_off_is_never_sent(confirming):
    confirming.sms.outcomes = [SmsUnavailableError()]
    await confirming.cancel(await confirming.open())
    await confirming.ticker.advance(60 * SECOND)
    assert len(confirming.sms.texts) == 1


async def test_a_message_in_doubt_is_not_sent_again_by_itself(confirming):
    confirming.sms.outcomes = [SmsInDoubtError()]
    opened = await confirming.start("sms_code", settled=False)
    doubtful = await confirming.service.send_settled(opened.id, seconds=0.05)
    await confirming.ticker.advance(120 * SECOND)
    assert doubtful.send_state is SendState.SUBMITTING
    assert len(confirming.sms.texts) == 1
    assert (await confirming.check(doubtful, confirming.sms.code)).state is State.CONFIRMED


async def test_the_smscs_answer_to_an_earlier_code_says_nothing_about_the_last(confirming):
    answer = asyncio.get_running_loop().create_future()
    confirming.sms.outcomes = [answer]
    opened = await confirming.start("sms_code", settled=False)
    assert not (await confirming.service.send_settled(opened.id, seconds=0.05)).send_settled
    confirming.clock.move_to(opened.created_at + 60 * SECOND)
    await confirming.unit(lambda tx, now: confirming.service.resend(tx, now, opened.id))
    resent = await confirming.service.send_settled(opened.id)
    answer.set_result("late")
    await confirming.activity.settled(confirming.clock.now())
    assert (await confirming.get(resent)).message_id == "message-2"


async def test_a_process_that_dies_before_the_claim_leaves_the_code_to_be_sent(restart):
    first = await restart()
    opened = await first.start("sms_code", settled=False)
    second = await restart()
    await second.ticker.advance(0)
    assert len(second.sms.texts) == 1
    assert (await second.check(opened, second.sms.code)).state is State.CONFIRMED


async def test_a_process_that_dies_between_claim_and_answer_sends_no_second_sms(restart):
    first = await restart()
    opened = await first.start("sms_code", settled=False)
    [sending] = await first.unit(first.service.claim_sends)
    second = await restart()
    await second.ticker.advance(120 * SECOND)
    assert second.sms.texts == []
    assert (await second.get(opened)).send_state is SendState.SUBMITTING
    assert (await second.check(opened, sending.text[:6])).state is State.CONFIRMED


async def test_a_process_that_dies_holds_the_code_nowhere_on_disk(restart, tmp_path):
    first = await restart()
    opened = await first.start("sms_code", settled=False)
    [sending] = await first.unit(first.service.claim_sends)
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert opened.id.encode() in on_disk
    assert sending.text[:6].encode() not in on_disk


async def test_deadlines_are_looked_up_by_an_index():
    indexed = {column.name for index in confirmations.indexes for column in index.columns}
    assert {"send_due_at", "expires_at"} <= indexed
