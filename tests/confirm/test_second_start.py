"""What a second start for a number does while one is open."""

import pytest

from confirm.challenge import State
from confirm.errors import CoolDownError, PendingConfirmationError, ResendTooSoonError
from confirm.ports import CallFate
from confirm.settings import ConfirmationSettings
from smsc_emulator.base.durations import MINUTE, SECOND


@pytest.fixture
async def by(assemble, database):
    """Return a function that assembles the parts under one policy."""
    made = []

    def make(policy, **more):
        made.append(assemble(database, settings=ConfirmationSettings(second_start=policy, **more)))
        return made[-1]

    yield make
    for parts in made:
        await parts.close()


async def test_replace_ends_the_first(by):
    confirming = by("replace")
    first, second = await confirming.start("sms_code"), await confirming.start("sms_code")
    assert first.id != second.id
    assert ((await confirming.get(first)).state, second.state) == (State.CANCELLED, State.PENDING)


async def test_conflict_refuses_the_second_and_names_the_first(by):
    confirming = by("conflict")
    first = await confirming.start("sms_code")
    with pytest.raises(PendingConfirmationError) as refusal:
        await confirming.start("flash_call")
    assert refusal.value.confirmation_id == first.id
    await confirming.cancel(first)
    assert (await confirming.start("flash_call")).id != first.id


async def test_independent_leaves_the_first_alone_but_shares_its_failures(by):
    confirming = by("independent")
    first = await confirming.start("sms_code")
    old_code = confirming.sms.code
    await confirming.check(first, confirming.wrong)
    second = await confirming.start("sms_code")
    assert second.attempts_left == 2
    assert (await confirming.check(first, old_code)).state is State.CONFIRMED
    assert (await confirming.get(second)).state is State.PENDING


async def test_new_code_goes_on_with_the_first_and_kills_its_code(by):
    confirming = by("new_code")
    first = await confirming.start("sms_code")
    old_code = confirming.sms.code
    await confirming.ticker.advance(MINUTE)
    second = await confirming.start("sms_code")
    assert second.id == first.id
    assert confirming.sms.code != old_code
    assert (await confirming.check(second, old_code)).attempts_left == 2
    assert (await confirming.check(second, confirming.sms.code)).state is State.CONFIRMED


@pytest.mark.parametrize("restarted", [False, True])
async def test_same_code_sends_the_same_code_again_though_it_is_stored_nowhere(by, restarted):
    confirming = by("same_code")
    first = await confirming.start("sms_code")
    await confirming.ticker.advance(MINUTE)
    if restarted:
        old, confirming = confirming, by("same_code")
        confirming.sms = old.sms
    second = await confirming.start("sms_code")
    assert second.id == first.id
    assert second.expires_at == first.expires_at + MINUTE
    assert (await confirming.check(second, confirming.sms.code)).state is State.CONFIRMED


async def test_same_code_sends_two_texts_that_are_equal(by):
    confirming = by("same_code")
    await confirming.start("sms_code")
    await confirming.ticker.advance(MINUTE)
    await confirming.start("sms_code")
    first, second = confirming.sms.texts
    assert first == second


async def test_same_code_calls_again_from_the_same_number_once_the_first_call_has_ended(by):
    confirming = by("same_code", resend_gap="1s")
    first = await confirming.start("flash_call")
    await confirming.ticker.advance(SECOND)
    second = await confirming.start("flash_call")
    second = await confirming.rest(second)
    assert second.id == first.id
    assert len({placed.caller for placed in confirming.switch.calls}) == 1
    assert (len(confirming.switch.calls), confirming.switch.most_open) == (2, 1)
    assert (await confirming.check(second, confirming.switch.code)).state is State.CONFIRMED


async def test_same_code_calls_again_from_the_number_of_the_services_own_code(by):
    confirming = by("same_code")
    first = await confirming.start("flash_call", code="4321")
    await confirming.turn(MINUTE, first)
    again = await confirming.start("flash_call")
    assert [placed.caller for placed in confirming.switch.calls] == ["+70001004321"] * 2
    assert (await confirming.check(again, "4321")).state is State.CONFIRMED


@pytest.mark.parametrize("fate", [CallFate.RINGING, CallFate.NOBODY])
async def test_an_own_code_that_is_resent_shows_the_same_number_again(by, fate):
    confirming = by("replace")
    confirming.switch.fates = [(fate,)]
    first = await confirming.start("flash_call", code="4321")
    await confirming.turn(MINUTE, first)
    again = await confirming.resend(first, code="4321")
    assert [placed.caller for placed in confirming.switch.calls] == ["+70001004321"] * 2
    assert (await confirming.check(again, "4321")).state is State.CONFIRMED


async def test_an_own_code_whose_resend_was_refused_is_never_sent(by):
    confirming = by("same_code", cool_down=2 * MINUTE)
    first = await confirming.start("sms_code", code="A1b2C3")
    await confirming.turn(MINUTE, first)
    with pytest.raises(CoolDownError):
        await confirming.unit(lambda tx, now: confirming.service.resend(tx, now, first.id, "D4e5F6"))
    await confirming.turn(MINUTE, first)
    await confirming.start("sms_code")
    assert [text[:6] for _, text in confirming.sms.texts] == ["A1b2C3"] * 2


@pytest.mark.parametrize("method", ["call_in", "mo_sms"])
async def test_same_code_keeps_the_place_that_the_user_was_told(by, method):
    confirming = by("same_code")
    first = await confirming.start(method)
    told = confirming.service.instructions(first)
    await confirming.ticker.advance(MINUTE)
    again = confirming.service.instructions(await confirming.start(method))
    assert {**again, "until": told["until"]} == told
    assert again["until"] > told["until"]


@pytest.mark.parametrize("policy", ["same_code", "new_code"])
async def test_inside_the_gap_the_second_start_is_refused_with_the_seconds_left(by, policy):
    confirming = by(policy)
    first = await confirming.start("sms_code")
    await confirming.ticker.advance(20 * SECOND)
    with pytest.raises(ResendTooSoonError) as refusal:
        await confirming.start("sms_code")
    assert refusal.value.retry_after == 40
    assert (await confirming.get(first)) == first


async def test_the_cool_down_holds_for_a_second_start_whatever_it_does(by):
    confirming = by("replace", cool_down="2m")
    first = await confirming.start("sms_code")
    await confirming.ticker.advance(MINUTE)
    for act in (confirming.start("sms_code"), confirming.resend(first)):
        with pytest.raises(CoolDownError) as refusal:
            await act
        assert refusal.value.retry_after == 60
    assert (await confirming.get(first)).state is State.PENDING


@pytest.mark.parametrize("policy", ["same_code", "new_code", "conflict"])
async def test_one_that_is_over_or_another_services_or_owned_is_no_open_one(by, policy):
    confirming = by(policy)
    first = await confirming.start("sms_code")
    others = [
        await confirming.start("sms_code", service_id="other"),
        await confirming.start("sms_code", owner="idn_1"),
        await confirming.start("sms_code", number="+70000000002"),
    ]
    confirming.clock.move_to(first.expires_at + 1)
    anew = await confirming.start("sms_code")
    assert len({first.id, anew.id, *(other.id for other in others)}) == 5


@pytest.mark.parametrize("policy", ["same_code", "new_code", "conflict", "independent"])
async def test_an_owned_one_is_always_replaced_by_the_next_of_its_kind(by, policy):
    confirming = by(policy)
    first = await confirming.start("sms_code", owner="idn_1")
    await confirming.start("sms_code", owner="idn_2")
    assert (await confirming.get(first)).reason == "replaced"
