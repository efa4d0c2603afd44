"""Missed calls whose callers end in the code: which number calls, what of it confirms, and who may never learn it."""

import pytest
from sqlalchemy import inspect, text

from confirm.challenge import SendState, State
from confirm.errors import OwnCodeError
from confirm.settings import ConfirmationSettings, FlashCallSettings
from smsc_emulator.base.durations import MINUTE, SECOND


def pool(*callers: str, **more: object) -> ConfirmationSettings:
    return ConfirmationSettings(flash_call=FlashCallSettings(callers=list(callers)), **more)


@pytest.mark.parametrize("spelling", ["{code}", " {code} ", "{caller}", "8{national}", "007{national}", "{national}"])
async def test_the_last_digits_and_the_whole_number_in_any_spelling_confirm(confirming, spelling):
    ringing = await confirming.start("flash_call")
    assert ringing.send_state is SendState.SENT
    caller = confirming.switch.calls[-1].caller
    typed = spelling.format(code=caller[-4:], caller=caller, national=caller[2:])
    confirmed = await confirming.check(ringing, typed, source="intercepted")
    assert (confirmed.state, confirmed.proof.source) == (State.CONFIRMED, "intercepted")


@pytest.mark.parametrize("spoil", [lambda caller: "+7999" + caller[5:], lambda caller: caller[-6:], lambda caller: "x"])
async def test_a_number_that_only_ends_like_the_caller_is_wrong(confirming, spoil):
    ringing = await confirming.start("flash_call")
    caller = confirming.switch.calls[-1].caller
    assert (await confirming.check(ringing, spoil(caller))).attempts_left == 2


async def test_a_code_has_as_many_digits_as_the_settings_say(assemble, database):
    six = FlashCallSettings(callers=["+7000100XXXX", "+7000101XXXX"], digits=6)
    confirming = assemble(database, settings=ConfirmationSettings(flash_call=six))
    ringing = await confirming.start("flash_call")
    told = confirming.service.instructions(ringing)
    assert (told["caller_prefix"], told["digits"]) == ("+70001", 6)
    [placed] = confirming.switch.calls
    assert (await confirming.check(ringing, placed.caller[-4:])).attempts_left == 2
    assert (await confirming.check(ringing, placed.caller[-6:])).state is State.CONFIRMED
    await confirming.close()


@pytest.mark.parametrize(("wanted", "weak"), [(4, False), (5, True)])
async def test_a_code_is_weak_that_has_fewer_digits_than_are_wanted(assemble, database, wanted, weak):
    confirming = assemble(database, settings=ConfirmationSettings(flash_call=FlashCallSettings(wanted_digits=wanted)))
    assert (await confirming.shown(await confirming.start("flash_call")))["call"]["weak"] is weak
    await confirming.close()


async def test_two_services_never_show_one_handset_one_code_at_a_time(assemble, database):
    confirming = assemble(database, settings=pool("+70001000001", "+70001010001", "+70001000002"))
    codes = []
    for service in ("a", "b", "c"):
        await confirming.start("flash_call", service_id=service, settled=False)
        await confirming.ticker.advance(0)
        codes += [placed.caller[-4:] for placed in confirming.switch.calls[len(codes) :]]
    assert sorted(codes) == ["0001", "0002"]
    await confirming.close()


async def test_a_caller_rests_for_the_quarantine_and_a_used_up_pool_fails_the_step(assemble, database):
    confirming = assemble(database, settings=pool("+70001000001"))
    first = await confirming.start("flash_call")
    await confirming.turn(5 * MINUTE, first)
    used_up = await confirming.start("flash_call", "sms_code")
    assert (used_up.step, used_up.steps[0].outcome) == (1, "no_caller_number")
    await confirming.turn(15 * MINUTE, first)
    used_up = await confirming.start("flash_call", "sms_code")
    assert used_up.step == 1, "the quarantine's last instant still counts"
    await confirming.ticker.advance(1)
    assert (await confirming.start("flash_call", "sms_code")).step == 0
    assert (await confirming.start("flash_call", number="+70000000002")).step == 0
    await confirming.close()


async def test_the_services_own_code_calls_from_the_number_that_ends_in_it(confirming):
    await confirming.start("flash_call", code="4321")
    assert confirming.switch.calls[-1].caller == "+70001004321"


@pytest.mark.parametrize("code", ["12345", "123", "12a4"])
async def test_a_code_that_no_number_of_the_pool_ends_in_is_refused(confirming, code):
    with pytest.raises(OwnCodeError):
        await confirming.start("flash_call", code=code)


async def test_a_code_outside_the_pool_is_refused_and_nothing_started(assemble, database):
    confirming = assemble(database, settings=pool("+70001000001"))
    with pytest.raises(OwnCodeError):
        await confirming.start("flash_call", code="0002")
    assert confirming.database.journal.since(0, 10) == []


async def test_the_snapshot_tells_how_weak_the_code_is_and_no_more_of_the_caller_than_its_beginning(confirming):
    ringing = await confirming.start("flash_call")
    shown = await confirming.shown(ringing)
    assert shown["call"] == {"caller_prefix": "+7000100", "digits": 4, "entropy_digits": 4.0, "weak": True}
    assert confirming.service.instructions(ringing)["caller_prefix"] == "+7000100"


async def test_neither_the_tables_nor_the_journal_hold_the_caller(confirming):
    ringing = await confirming.start("flash_call")
    caller = confirming.switch.calls[-1].caller
    await confirming.turn(10 * SECOND, ringing)

    def everything(tx):
        tables = inspect(tx.conn).get_table_names()
        return "".join(str(row) for table in tables for row in tx.conn.execute(text(f"SELECT * FROM {table}")))

    stored = await confirming.database.run(everything)
    assert ringing.call in stored
    assert caller not in stored
    assert caller[2:] not in stored
    assert f"'{caller[-4:]}'" not in stored
    assert caller[1:] not in str(confirming.database.journal.since(0, 1000))
