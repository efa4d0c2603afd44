"""Confirmations in the database, with the SMSC played by the test."""

import asyncio

import pytest
from sqlalchemy import inspect, text

from confirm.challenge import State
from confirm.errors import (
    ConfirmationNotFoundError,
    ConfirmationOverError,
    ConfirmationOwnedError,
    ResendTooSoonError,
)
from smsc_emulator.base.durations import MINUTE, SECOND


def events(confirming, confirmation):
    journal = confirming.database.journal
    return [event.type for event in journal.since(0, 1000) if event.subject == confirmation.id]


async def test_the_code_of_the_sms_confirms_once(confirming):
    confirmation = await confirming.open()
    confirmed = await confirming.check(confirmation, confirming.sms.code)
    assert confirmed.state is State.CONFIRMED
    with pytest.raises(ConfirmationOverError):
        await confirming.check(confirmation, confirming.sms.code)
    assert events(confirming, confirmation) == [
        "confirmation.created",
        "confirmation.code_sent",
        "confirmation.confirmed",
    ]


async def test_blanks_and_dashes_in_a_typed_code_do_not_matter(confirming):
    confirmation = await confirming.open()
    code = confirming.sms.code
    assert (await confirming.check(confirmation, f" {code[:3]}-{code[3:]} ")).state is State.CONFIRMED


async def test_of_two_checks_at_once_one_confirms_and_the_other_is_refused(confirming):
    confirmation = await confirming.open()
    checks = [confirming.check(confirmation, confirming.sms.code) for _ in range(2)]
    results = await asyncio.gather(*checks, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Confirmation", "ConfirmationOverError"]
    assert events(confirming, confirmation).count("confirmation.confirmed") == 1


async def test_the_third_wrong_code_fails_it_and_says_so_in_the_journal(confirming):
    confirmation = await confirming.open()
    for _ in range(3):
        failed = await confirming.check(confirmation, confirming.wrong)
    assert (failed.state, failed.reason) == (State.FAILED, "too_many_attempts")
    assert events(confirming, confirmation)[2:] == ["confirmation.check_failed"] * 3 + ["confirmation.failed"]


async def test_the_right_code_counts_at_five_minutes_sharp_if_the_deadline_has_not_fired(confirming):
    confirmation = await confirming.open()
    at = confirmation.expires_at
    code = confirming.sms.code
    checked = await confirming.database.run(lambda tx: confirming.service.check(tx, at, confirmation.id, code))
    assert checked.state is State.CONFIRMED


async def test_it_is_pending_until_five_minutes_and_expired_then(confirming):
    confirmation = await confirming.open()
    await confirming.ticker.advance(5 * MINUTE - 1)
    assert (await confirming.get(confirmation)).state is State.PENDING
    await confirming.ticker.advance(1)
    expired = await confirming.get(confirmation)
    assert (expired.state, expired.over_at) == (State.EXPIRED, confirmation.expires_at)
    with pytest.raises(ConfirmationOverError):
        await confirming.check(confirmation, confirming.sms.code)
    assert events(confirming, confirmation)[-1] == "confirmation.expired"


async def test_a_second_start_replaces_the_first_and_keeps_its_failures(confirming):
    first = await confirming.open()
    await confirming.check(first, confirming.wrong)
    old_code = confirming.sms.code
    second = await confirming.open()
    replaced = await confirming.get(first)
    assert (replaced.state, replaced.reason) == (State.CANCELLED, "replaced")
    assert second.attempts_left == 2
    assert (await confirming.check(second, old_code)).attempts_left == 1


async def test_starts_at_one_instant_keep_their_order(confirming):
    first = await confirming.open()
    for _ in range(3):
        await confirming.check(first, confirming.wrong)
    second = await confirming.open()
    await confirming.check(second, confirming.wrong)
    third = await confirming.open()
    assert (second.attempts_left, third.attempts_left) == (3, 2)


@pytest.mark.parametrize(("later", "left"), [(15 * MINUTE, 2), (15 * MINUTE + 1, 3)])
async def test_failures_are_remembered_for_fifteen_minutes_after_a_cancellation(confirming, later, left):
    first = await confirming.open()
    await confirming.check(first, confirming.wrong)
    await confirming.cancel(first)
    await confirming.ticker.advance(later)
    assert (await confirming.open()).attempts_left == left


async def test_failures_of_another_service_or_number_do_not_count(confirming):
    first = await confirming.open()
    await confirming.check(first, confirming.wrong)
    assert (await confirming.open(service_id="other")).attempts_left == 3
    assert (await confirming.open("+70000000002")).attempts_left == 3
    assert (await confirming.get(first)).state is State.PENDING


async def test_one_with_an_owner_and_one_without_do_not_replace_each_other_but_share_failures(confirming):
    owned = await confirming.open(owner="idn_1")
    await confirming.check(owned, confirming.wrong)
    alone = await confirming.open()
    assert alone.attempts_left == 2
    assert (await confirming.get(owned)).state is State.PENDING
    await confirming.open(owner="idn_2")
    assert (await confirming.get(owned)).reason == "replaced"
    assert (await confirming.get(alone)).state is State.PENDING


async def test_another_code_has_a_lifetime_of_its_own_and_the_old_failures(confirming):
    confirmation = await confirming.open()
    await confirming.check(confirmation, confirming.wrong)
    old_code = confirming.sms.code
    await confirming.ticker.advance(MINUTE)
    resent = await confirming.resend(confirmation)
    assert confirming.sms.code != old_code
    assert resent.expires_at == confirmation.expires_at + MINUTE
    assert (await confirming.check(confirmation, old_code)).attempts_left == 1
    assert (await confirming.check(confirmation, confirming.sms.code)).state is State.CONFIRMED


@pytest.mark.parametrize(("after", "seconds"), [(0, 60), (1, 60), (59 * SECOND, 1), (60 * SECOND - 1, 1)])
async def test_another_code_inside_the_gap_is_refused_with_the_seconds_left(confirming, after, seconds):
    confirmation = await confirming.open()
    await confirming.ticker.advance(after)
    with pytest.raises(ResendTooSoonError) as refusal:
        await confirming.resend(confirmation)
    assert refusal.value.retry_after == seconds
    assert len(confirming.sms.texts) == 1


async def test_what_is_over_is_neither_cancelled_nor_sent_again(confirming):
    confirmation = await confirming.open()
    cancelled = await confirming.cancel(confirmation)
    assert (cancelled.state, cancelled.reason) == (State.CANCELLED, "requested")
    for act in (confirming.cancel, confirming.resend):
        with pytest.raises(ConfirmationOverError, match="cancelled"):
            await act(confirmation)


async def test_an_unknown_id_and_another_services_id_are_not_found(confirming):
    confirmation = await confirming.open()
    with pytest.raises(ConfirmationNotFoundError):
        await confirming.database.run(lambda tx: confirming.service.get(tx, "cnf_none"))
    with pytest.raises(ConfirmationNotFoundError):
        await confirming.database.run(lambda tx: confirming.service.get_own(tx, confirmation.id, "other"))


async def test_one_with_an_owner_does_not_stand_alone(confirming):
    owned = await confirming.open(owner="idn_1")
    with pytest.raises(ConfirmationOwnedError, match="idn_1"):
        await confirming.database.run(lambda tx: confirming.service.require_standalone(tx, owned.id, "demo"))


async def test_neither_the_tables_nor_the_journal_hold_the_code(confirming):
    confirmation = await confirming.open()
    code = confirming.sms.code
    await confirming.check(confirmation, confirming.wrong)

    def everything(tx):
        tables = inspect(tx.conn).get_table_names()
        return "".join(str(row) for table in tables for row in tx.conn.execute(text(f"SELECT * FROM {table}")))

    stored = await confirming.database.run(everything)
    assert (await confirming.get(confirmation)).code_mac in stored
    assert code not in stored
    assert code not in str(confirming.database.journal.since(0, 1000))
