"""Calls to access numbers and SMS to the short code: the user acts, and nothing is sent to him."""

import pytest

from confirm.challenge import Proof, SendState, State
from confirm.errors import NothingToCheckError
from confirm.methods import call_in, mo_sms
from confirm.ports import Trust
from confirm.settings import CallInSettings, ConfirmationSettings, MoSmsSettings
from confirm.workflow import StepState
from smsc_emulator.base.durations import MINUTE

OTHER = "+70000000002"


async def test_a_call_to_the_access_number_confirms_without_anything_being_sent(confirming):
    waiting = await confirming.start("call_in")
    assert waiting.send_state is SendState.NONE
    confirmed = await confirming.call_in(waiting.access_number)
    assert confirmed == await confirming.get(waiting)
    assert confirmed.proof == Proof("call_in", "call", "asserted", confirming.clock.now())
    assert confirmed.present.state is StepState.ANSWERED
    assert (confirming.sms.texts, confirming.switch.calls) == ([], [])
    assert confirming.story(waiting) == ["created", "confirmed"]
    assert (await confirming.shown(waiting))["cost"]["amount"] == "0"


async def test_a_call_counts_at_the_very_last_instant_and_not_after_it(by_hand):
    first, second = await by_hand.start("call_in"), await by_hand.start("call_in", number=OTHER)
    by_hand.clock.move_to(first.expires_at)
    assert (await by_hand.call_in(first.access_number)).state is State.CONFIRMED
    by_hand.clock.move_to(first.expires_at + 1)
    assert await by_hand.call_in(second.access_number, OTHER) is None


async def test_a_call_at_the_very_end_of_a_step_counts_and_a_later_one_finds_the_next_step(by_hand):
    first = await by_hand.start("call_in", "sms_code")
    second = await by_hand.start("call_in", "sms_code", number=OTHER)
    by_hand.clock.move_to(first.step_due_at)
    assert (await by_hand.call_in(first.access_number)).state is State.CONFIRMED
    by_hand.clock.move_to(first.step_due_at + 1)
    assert await by_hand.call_in(second.access_number, OTHER) is None
    assert (await by_hand.rest(second)).method == "sms_code"


async def test_the_same_call_twice_or_long_after_is_harmless(confirming):
    waiting = await confirming.start("call_in")
    confirmed = await confirming.call_in(waiting.access_number)
    assert await confirming.call_in(waiting.access_number) is None
    await confirming.turn(60 * MINUTE, waiting)
    assert await confirming.call_in(waiting.access_number) is None
    assert await confirming.get(waiting) == confirmed


async def test_a_call_from_another_number_or_to_another_access_number_proves_nothing(confirming, settings):
    waiting = await confirming.start("call_in")
    elsewhere = next(n for n in settings.call_in.access_numbers if n != waiting.access_number)
    assert await confirming.call_in(waiting.access_number, OTHER) is None
    assert await confirming.call_in(elsewhere) is None
    assert await confirming.get(waiting) == waiting


@pytest.mark.parametrize("trust", [Trust.UNVERIFIED, Trust.SPOOF_SUSPECTED])
async def test_a_call_that_nobody_vouches_for_proves_nothing_and_says_why(confirming, trust):
    waiting = await confirming.start("call_in")
    assert await confirming.call_in(waiting.access_number, trust=trust) is None
    assert (await confirming.get(waiting)).state is State.PENDING
    unproven = confirming.events(waiting)[-1]
    assert (unproven.type, unproven.data["reason"]) == ("confirmation.unproven", trust.value)


async def test_where_less_trust_will_do_what_is_suspected_still_proves_nothing(assemble, database):
    lax = ConfirmationSettings(call_in=CallInSettings(least_trust=Trust.UNVERIFIED))
    confirming = assemble(database, settings=lax)
    waiting = await confirming.start("call_in")
    assert await confirming.call_in(waiting.access_number, trust=Trust.SPOOF_SUSPECTED) is None
    assert (await confirming.call_in(waiting.access_number, trust=Trust.UNVERIFIED)).proof.trust == "unverified"
    await confirming.close()


async def test_a_withheld_number_proves_nothing_and_is_noted_of_the_only_one_that_waits(confirming):
    waiting = await confirming.start("call_in")
    assert await confirming.call_in(waiting.access_number, None) is None
    assert confirming.events(waiting)[-1].data["reason"] == "withheld"
    other = await confirming.start("call_in", number=OTHER)
    for number in ("+70000000003", "+70000000004", "+70000000005", "+70000000006"):
        await confirming.start("call_in", number=number)
    for access_number in (waiting.access_number, other.access_number):
        await confirming.call_in(access_number, None)
    assert {(await confirming.get(one)).state for one in (waiting, other)} == {State.PENDING}


async def test_no_two_services_wait_for_one_number_at_one_access_number(confirming, settings):
    free = settings.call_in.access_numbers
    waiting = [await confirming.start("call_in", service_id=f"service-{n}") for n in range(len(free))]
    assert {one.access_number for one in waiting} == set(free)
    crowded = await confirming.start("call_in", "sms_code", service_id="one more")
    assert (crowded.step, crowded.steps[0].outcome) == (1, "no_access_number")
    alone = await confirming.start("call_in", service_id="the last")
    assert (alone.state, alone.reason) == (State.FAILED, "send_failed")
    owned = await confirming.start("call_in", service_id="the last", owner="idn_1")
    assert (owned.state, owned.present.state) == (State.PENDING, StepState.FAILED)
    await confirming.call_in(waiting[2].access_number)
    assert [(await confirming.get(one)).over for one in waiting] == [False, False, True, False]
    assert (await confirming.start("call_in", service_id="now")).access_number == waiting[2].access_number


async def test_without_an_access_number_the_next_step_is_taken(assemble, database):
    confirming = assemble(database, settings=ConfirmationSettings(call_in=CallInSettings(access_numbers=[])))
    went_on = await confirming.start("call_in", "sms_code")
    assert (went_on.method, went_on.steps[0].outcome) == ("sms_code", "no_access_number")
    await confirming.close()


@pytest.mark.parametrize("method", ["call_in", "mo_sms"])
async def test_there_is_nothing_to_type_where_the_user_acts_himself(confirming, method):
    waiting = await confirming.start(method)
    with pytest.raises(NothingToCheckError):
        await confirming.check(waiting, "123456")
    assert (await confirming.get(waiting)).attempts_left == 3


def test_an_access_number_is_taken_from_its_place_on_and_past_the_end() -> None:
    numbers = ["a", "b", "c"]
    assert call_in.choose(numbers, 2, {"c"}) == "a"
    assert call_in.choose(numbers, 1, set()) == "b"
    assert call_in.choose(numbers, 0, set(numbers)) is None


@pytest.mark.parametrize("words", ["{}", "  {} ", "confirm {}!", "Код: {}.", "{}\nsent from my phone"])
async def test_an_sms_with_the_token_anywhere_in_it_confirms(confirming, words):
    waiting = await confirming.start("mo_sms")
    token = confirming.token(waiting)
    confirmed = await confirming.text_in(words.format(token.lower()))
    assert (confirmed.id, confirmed.proof.source, confirmed.proof.trust) == (waiting.id, "sms", "asserted")


async def test_a_wrong_token_is_no_failure_since_anybody_may_send_sms(confirming):
    waiting = await confirming.start("mo_sms")
    token = confirming.token(waiting)
    for text in ("", "AAAAAA", token[:-1], f"{token}Z", " ".join(token)):
        assert await confirming.text_in(text) is None
    assert await confirming.text_in(token, OTHER) is None
    assert await confirming.text_in(token, None) is None
    assert await confirming.text_in(token, short_code="9999") is None
    assert await confirming.get(waiting) == waiting


async def test_an_sms_that_comes_twice_is_harmless(confirming):
    waiting = await confirming.start("mo_sms")
    token = confirming.token(waiting)
    confirmed = await confirming.text_in(token)
    assert await confirming.text_in(token) is None
    assert await confirming.get(waiting) == confirmed


async def test_an_sms_that_nobody_vouches_for_proves_nothing(confirming):
    waiting = await confirming.start("mo_sms")
    token = confirming.token(waiting)
    assert await confirming.text_in(token, trust=Trust.UNVERIFIED) is None
    assert confirming.events(waiting)[-1].data == {"reason": "unverified", "source": "sms"}


async def test_the_token_tells_which_service_is_meant(confirming):
    first = await confirming.start("mo_sms", service_id="a")
    second = await confirming.start("mo_sms", service_id="b")
    assert confirming.token(first) != confirming.token(second)
    assert (await confirming.text_in(confirming.token(second))).id == second.id
    assert (await confirming.get(first)).state is State.PENDING


async def test_another_token_kills_the_old_one(confirming):
    waiting = await confirming.start("mo_sms")
    old = confirming.token(waiting)
    await confirming.ticker.advance(MINUTE)
    again = await confirming.resend(waiting)
    assert await confirming.text_in(old) is None
    assert (await confirming.text_in(confirming.token(again))).state is State.CONFIRMED


async def test_the_token_is_in_the_instructions_and_nowhere_else(confirming, database):
    waiting = await confirming.start("mo_sms")
    told = confirming.service.instructions(waiting)
    assert told == {
        "method": "mo_sms",
        "until": "2026-01-01T12:05:00.000Z",
        "short_code": "3434",
        "token": told["token"],
        "text": told["token"],
    }
    assert told["token"] not in str(await confirming.shown(waiting))
    assert told["token"] not in str(database.journal.since(0, 1000))
    confirmed = await confirming.text_in(told["token"])
    assert confirming.service.instructions(confirmed) is None


async def test_a_token_is_as_long_as_the_settings_say(assemble, database):
    confirming = assemble(database, settings=ConfirmationSettings(mo_sms=MoSmsSettings(token_length=12)))
    assert len(confirming.token(await confirming.start("mo_sms"))) == 12
    await confirming.close()


def test_a_token_is_found_as_a_word_in_any_case() -> None:
    assert mo_sms.holds("my code is ab2cd3, thanks", "AB2CD3")
    assert not mo_sms.holds("my code is xab2cd3", "AB2CD3")
    assert not mo_sms.holds("", "AB2CD3")
