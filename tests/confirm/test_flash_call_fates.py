"""What becomes of a flash call, and of its step: it rings, is hung up, refused, put off, or outlives the process."""

import asyncio

import pytest

from confirm.challenge import SendState, State
from confirm.deadlines import CodeSending
from confirm.errors import ConfirmationOverError
from confirm.methods import flash_call
from confirm.ports import CallFate, CallUnavailableError
from confirm.settings import ConfirmationSettings, FlashCallSettings
from confirm.workflow import StepState
from smsc_emulator.base.durations import MINUTE, SECOND

CONGESTED = (CallFate.CONGESTED,)


async def test_the_call_rings_for_its_time_and_is_taken_back(confirming):
    ringing = await confirming.start("flash_call")
    await confirming.turn(10 * SECOND - 1, ringing)
    assert confirming.switch.hung_up == []
    rung = await confirming.turn(1, ringing)
    assert confirming.switch.hung_up == [ringing.call]
    assert (rung.state, rung.present.outcome) == (State.PENDING, "cancelled")
    assert (await confirming.check(rung, confirming.switch.code)).state is State.CONFIRMED


@pytest.mark.parametrize("act", ["check", "cancel", "next"])
async def test_a_call_that_nobody_needs_any_more_is_hung_up_at_once(confirming, act):
    ringing = await confirming.start("flash_call", "sms_code")
    match act:
        case "check":
            await confirming.check(ringing, confirming.switch.code)
        case "cancel":
            await confirming.cancel(ringing)
        case _:
            await confirming.next(ringing)
    await confirming.rest(ringing)
    assert confirming.switch.hung_up == [ringing.call]
    assert not confirming.switch.calls[0].open


@pytest.mark.parametrize("fate", [CallFate.REJECTED, CallFate.BUSY, CallFate.ANSWERED, CallFate.NO_ANSWER])
async def test_a_call_that_rang_has_shown_its_code_however_it_ended(confirming, fate):
    ringing = await confirming.start("flash_call", "sms_code")
    await confirming.switch.tell(fate)
    rung = await confirming.get(ringing)
    assert rung.present.state is StepState.CURRENT
    assert rung.present.outcome == flash_call.outcome(fate, rang=True, diverted=False)
    assert (await confirming.check(rung, confirming.switch.code)).state is State.CONFIRMED


@pytest.mark.parametrize(
    ("fate", "shown"),
    [
        (CallFate.BUSY, "not_reached"),
        (CallFate.REJECTED, "not_reached"),
        (CallFate.FAILED, "failed"),
        (CallFate.ANSWERED, "not_reached"),
        (CallFate.NOBODY, "not_reached"),
        (CallFate.NO_ANSWER, "not_reached"),
        (CallFate.BLOCKED, "not_reached"),
    ],
)
async def test_a_call_that_never_rang_makes_way_for_the_next_step(confirming, fate, shown):
    confirming.switch.fates = [(fate,)]
    went_on = await confirming.start("flash_call", "sms_code")
    went_on = await confirming.rest(went_on)
    assert (went_on.method, went_on.step, went_on.send_state) == ("sms_code", 1, SendState.SENT)
    steps = (await confirming.shown(went_on))["steps"]
    assert (steps[0]["state"], steps[0]["outcome"]) == ("failed", shown)
    told = next(event for event in confirming.events(went_on) if event.type.endswith("step_ended"))
    assert told.data["cause"] == fate.value
    assert (await confirming.check(went_on, confirming.sms.code)).state is State.CONFIRMED


async def alike(confirming, confirmation):
    """Return what is shown of a confirmation, without what differs between any two."""
    shown = await confirming.shown(confirmation)
    return {name: value for name, value in shown.items() if name not in ("id", "phone_number", "cost")}


SILENT = [CallFate.NOBODY, CallFate.NO_ANSWER, CallFate.BLOCKED, CallFate.BUSY, CallFate.REJECTED, CallFate.ANSWERED]


@pytest.mark.parametrize("fate", SILENT)
async def test_a_last_step_that_reaches_nobody_looks_like_one_whose_user_does_not_answer(confirming, fate):
    confirming.switch.fates = [(fate,)]
    lost = await confirming.start("flash_call")
    reached = await confirming.start("flash_call", number="+70000000002")
    assert await alike(confirming, lost) == await alike(confirming, reached)
    gone = await confirming.turn(5 * MINUTE, lost)
    assert (gone.state, gone.present.outcome) == (State.EXPIRED, fate.value)
    assert await alike(confirming, gone) == await alike(confirming, await confirming.get(reached))
    assert any(event.data.get("cause") == fate.value for event in confirming.events(lost))


async def test_a_last_step_whose_call_was_diverted_looks_like_one_whose_user_does_not_answer(confirming):
    confirming.switch.fates = [(CallFate.DIVERTED,)]
    diverted = await confirming.start("flash_call")
    reached = await confirming.start("flash_call", number="+70000000002")
    gone = await confirming.turn(5 * MINUTE, diverted)
    assert (gone.state, gone.present.outcome) == (State.EXPIRED, "diverted")
    shown, other = await alike(confirming, gone), await alike(confirming, await confirming.get(reached))
    for each in (shown, other):
        del each["code_sent"]["at"]  # the network took its time
    assert shown == other


async def test_it_fails_at_once_where_numbers_may_be_revealed(assemble, database):
    open_settings = ConfirmationSettings(reveal_numbers=True)
    confirming = assemble(database, settings=open_settings)
    confirming.switch.fates = [(CallFate.NOBODY,)]
    failed = await confirming.start("flash_call")
    assert (failed.state, failed.reason) == (State.FAILED, "send_failed")
    assert (await confirming.shown(failed))["steps"][0]["outcome"] == "nobody"
    await confirming.close()


async def test_a_congested_network_is_tried_three_times_with_the_same_code(confirming):
    confirming.switch.fates = [CONGESTED, CONGESTED]
    put_off = await confirming.start("flash_call")
    assert put_off.send_state is SendState.QUEUED
    await confirming.turn(5 * SECOND, put_off)
    rings = await confirming.turn(5 * SECOND, put_off)
    assert rings.send_state is SendState.SENT
    assert len({placed.caller for placed in confirming.switch.calls}) == 1
    assert len({placed.call for placed in confirming.switch.calls}) == 3
    assert (await confirming.check(rings, confirming.switch.code)).state is State.CONFIRMED


async def test_the_third_congestion_fails_the_step(confirming):
    confirming.switch.fates = [CONGESTED] * 3
    await confirming.start("flash_call")
    await confirming.ticker.advance(10 * SECOND)
    [failed] = [e for e in confirming.database.journal.since(0, 1000) if e.type == "confirmation.failed"]
    assert failed.data["confirmation"]["steps"][0]["outcome"] == "congested"


async def test_without_a_way_to_the_switch_it_is_placed_later(confirming):
    confirming.switch.fates = [CallUnavailableError("no way")] * 4
    waiting = await confirming.start("flash_call")
    waiting = await confirming.turn(19 * SECOND, waiting)
    assert confirming.switch.calls == []
    rings = await confirming.turn(1 * SECOND, waiting)
    assert rings.send_state is SendState.SENT


async def test_a_diverted_call_fails_when_it_is_taken_back_without_having_rung(confirming):
    confirming.switch.fates = [(CallFate.DIVERTED, CallFate.DIVERTED)]
    diverted = await confirming.start("flash_call", "sms_code")
    assert diverted.step == 0
    went_on = await confirming.turn(10 * SECOND, diverted)
    assert (went_on.step, went_on.steps[0].outcome) == (1, "diverted")


async def test_a_diverted_call_that_rings_after_all_has_shown_its_code(confirming):
    confirming.switch.fates = [(CallFate.DIVERTED, CallFate.RINGING)]
    rings = await confirming.start("flash_call", "sms_code")
    rung = await confirming.turn(10 * SECOND, rings)
    assert (rung.step, rung.present.outcome) == (0, "cancelled")


async def test_it_rings_for_as_long_as_the_settings_say(assemble, database):
    confirming = assemble(database, settings=ConfirmationSettings(flash_call=FlashCallSettings(ring=25 * SECOND)))
    ringing = await confirming.start("flash_call")
    await confirming.turn(25 * SECOND - 1, ringing)
    assert confirming.switch.hung_up == []
    await confirming.turn(1, ringing)
    assert confirming.switch.hung_up == [ringing.call]
    await confirming.close()


async def test_a_call_of_which_nothing_is_heard_is_taken_back(confirming):
    confirming.switch.fates = [()]
    silent = await confirming.start("flash_call", "sms_code")
    assert silent.send_state is SendState.SUBMITTING
    went_on = await confirming.turn(2 * MINUTE, silent)
    assert confirming.switch.hung_up == [silent.call]
    assert (went_on.step, went_on.steps[0].outcome) == (1, "no_answer")


async def test_reports_that_come_twice_late_or_about_nothing_change_nothing(confirming):
    ringing = await confirming.start("flash_call", "sms_code")
    await confirming.switch.tell(CallFate.RINGING)
    went_on = await confirming.next(ringing)
    for fate in (CallFate.CANCELLED, CallFate.CANCELLED, CallFate.NOBODY, CallFate.RINGING, CallFate.DIVERTED):
        await confirming.switch.tell(fate)
    assert await confirming.get(went_on) == went_on
    assert confirming.story(ringing).count("code_sent") == 2
    confirming.switch.calls[-1].call = "cll_unknown"
    await confirming.switch.tell(CallFate.REJECTED)
    assert await confirming.get(went_on) == went_on


async def test_a_call_that_is_hung_up_while_it_waits_for_its_turn_is_never_placed(by_hand):
    answer = asyncio.get_running_loop().create_future()
    by_hand.sms.outcomes = [answer]
    ways = by_hand.service, by_hand.sms, "confirmlab", by_hand.database, by_hand.clock, by_hand.activity
    sending = CodeSending(*ways, calls=by_hand.switch, at_once=1)
    await by_hand.start("sms_code", settled=False)
    await sending.fire(by_hand.clock.now())
    await by_hand.sms.asked.wait()
    waiting = await by_hand.start("flash_call", number="+70000000002", settled=False)
    await sending.fire(by_hand.clock.now())
    await by_hand.cancel(waiting)
    await by_hand.ring_ends.fire(by_hand.clock.now())
    answer.set_result("message")
    await by_hand.activity.settled(by_hand.clock.now())
    assert (len(by_hand.sms.texts), by_hand.switch.calls) == (1, [])
    await sending.close()


async def test_a_call_that_rings_after_its_confirmation_was_cancelled_is_hung_up_and_says_nothing(confirming):
    confirming.switch.fates = [()]
    silent = await confirming.start("flash_call")
    cancelled = await confirming.cancel(silent)
    await confirming.switch.tell(CallFate.RINGING)
    await confirming.rest(silent)
    assert await confirming.get(silent) == cancelled
    assert confirming.switch.hung_up == [silent.call]
    assert "code_sent" not in confirming.story(silent)


async def test_a_call_that_is_answered_while_it_is_hung_up_is_billed(confirming):
    ringing = await confirming.start("flash_call")
    confirming.switch.reports_hang_up = False
    await confirming.turn(10 * SECOND, ringing)
    for _ in range(2):
        await confirming.switch.tell(CallFate.ANSWERED, seconds=3)
    assert (await confirming.shown(ringing))["cost"]["billable_seconds"] == 3
    assert (await confirming.shown(ringing))["cost"]["amount"] == "0.016"


async def test_another_code_takes_back_the_call_that_rings_before_it_calls_again(assemble, database):
    confirming = assemble(database, settings=ConfirmationSettings(resend_gap="1ms"))
    ringing = await confirming.start("flash_call")
    first = confirming.switch.code
    await confirming.ticker.advance(1)
    again = await confirming.resend(ringing)
    again = await confirming.rest(again)
    assert len(confirming.switch.calls) == 2
    assert confirming.switch.most_open == 1
    assert confirming.switch.calls[0].caller != confirming.switch.calls[1].caller
    assert (await confirming.check(again, first)).attempts_left == 2
    assert (await confirming.check(again, confirming.switch.code)).state is State.CONFIRMED
    await confirming.close()


async def test_a_second_start_waits_until_the_call_of_the_first_is_taken_back(confirming):
    await confirming.start("flash_call")
    second = await confirming.start("flash_call")
    assert (await confirming.rest(second)).send_state is SendState.SENT
    assert confirming.switch.most_open == 1


# The death of the process.


async def test_a_claimed_call_is_not_placed_again_and_the_user_may_type_what_he_saw(restart):
    first = await restart()
    opened = await first.start("flash_call", settled=False)
    [sending] = await first.unit(first.service.claim_sends)
    second = await restart()
    await second.ticker.advance(MINUTE)
    assert second.switch.calls == []
    assert (await second.get(opened)).send_state is SendState.SUBMITTING
    assert (await second.check(opened, sending.caller[-4:])).state is State.CONFIRMED


async def test_a_call_that_rang_when_the_process_died_is_hung_up_by_the_next_one(restart):
    first = await restart()
    ringing = await first.start("flash_call")
    second = await restart(first.switch)
    rung = await second.turn(10 * SECOND, ringing)
    assert first.switch.hung_up == [ringing.call]
    assert (await second.check(rung, first.switch.code)).state is State.CONFIRMED


async def test_a_call_that_was_being_hung_up_when_the_process_died_is_hung_up_again(restart):
    first = await restart()
    ringing = await first.start("flash_call", "sms_code")
    await first.unit(first.service.ring_ends)
    await first.unit(lambda tx, now: first.service.ring_ends(tx, now + 10 * SECOND))
    second = await restart(first.switch)
    await second.turn(40 * SECOND, ringing)
    assert first.switch.hung_up == [ringing.call]
    with pytest.raises(ConfirmationOverError):
        await second.check(await second.turn(11 * MINUTE, ringing), "0000")


async def test_a_queued_call_is_placed_after_a_restart_with_the_same_name_only_once(restart):
    first = await restart()
    opened = await first.start("flash_call", settled=False)
    second = await restart()
    await asyncio.gather(second.rest(opened), second.rest(opened))
    assert len(second.switch.calls) == 1


@pytest.mark.parametrize("rang", [False, True])
@pytest.mark.parametrize("fate", [fate for fate in CallFate if fate not in (CallFate.RINGING, CallFate.DIVERTED)])
def test_every_fate_has_an_outcome(fate, rang):
    assert flash_call.outcome(fate, rang=rang, diverted=False)
