"""The questions that profiles answer otherwise than ru-1801 does: who identifies, what is asked, when, and of whom."""

import pytest

from gateway.identification import codes, queries
from gateway.identification.attempt import Outcome, Reason, State
from gateway.identification.bindings import Basis
from gateway.identification.bindings import State as BindingState
from gateway.identification.errors import (
    AttributesNotAskedError,
    RetryTooSoonError,
    SessionNotFoundError,
    SessionRefusedError,
)
from smsc_emulator.base.durations import HOUR, MINUTE, iso

SAID = {"family_name": "Testova", "birth_date": "1990-01-01"}


async def session_of(identifying, kind="app", user="user-1", device="phone-1"):
    now, sessions = identifying.clock.now(), identifying.service.sessions
    return await identifying.database.run(lambda tx: sessions.open(tx, now, "demo", user, device, kind))


# Who identifies.


async def test_a_number_of_another_country_is_refused_before_anything_is_sent(identifying):
    attempt = await identifying.start("+99900000001")
    assert (attempt.state, attempt.reason, attempt.hint) == (State.REFUSED, Reason.FOREIGN_NUMBER, "change_number")
    assert identifying.sms.texts == []


@pytest.mark.parametrize("profile", ["self"])
async def test_where_the_service_identifies_by_itself_a_confirmed_number_is_enough_and_nobody_is_asked(identifying):
    done = await identifying.check(await identifying.start())
    assert (done.state, done.mode, done.request_id) == (State.IDENTIFIED, "self", None)
    (binding,) = await identifying.bindings()
    assert (binding.state, binding.basis, binding.operator_id) == (BindingState.ACTIVE, Basis.SELF, None)
    assert await identifying.permission() is None


# What is asked, and with what.


@pytest.mark.parametrize("profile", ["match"])
async def test_in_match_mode_the_operator_compares_what_the_user_says_and_it_is_forgotten_after(identifying):
    attempt = await identifying.check(await identifying.start(attributes=SAID))
    query = await identifying.message(attempt.request_id)
    assert (query.body["mode"], query.body["attributes"]) == ("match", SAID)
    await identifying.answer(attempt, match={"family_name": "true", "birth_date": "not_available"})
    await identifying.enter(await identifying.get(attempt))
    (binding,) = await identifying.bindings()
    assert binding.basis is Basis.MATCH
    assert "attributes" not in (await identifying.message(attempt.request_id)).body
    assert await identifying.database.run(lambda tx: queries.attributes_of(tx, attempt.id)) is None
    assert not any("Testova" in repr(event.data) for event in identifying.database.journal.since(0, 1000))


@pytest.mark.parametrize("profile", ["match"])
async def test_a_third_persons_sim_is_a_mismatch_with_the_hint_to_change_the_number(identifying):
    attempt = await identifying.check(await identifying.start(attributes=SAID))
    await identifying.answer(attempt, match={"family_name": "false", "birth_date": "true"})
    refused = await identifying.get(attempt)
    assert (refused.reason, refused.hint) == (Reason.MISMATCH, "change_number")


async def test_in_presence_mode_nothing_is_said_of_a_person_by_the_user_or_by_the_operator(identifying):
    with pytest.raises(AttributesNotAskedError):
        await identifying.start(attributes=SAID)
    assert identifying.sms.texts == []
    attempt = await identifying.pending()
    with pytest.raises(AttributesNotAskedError):
        await identifying.answer(attempt, match={"family_name": "true"})
    assert await identifying.get(attempt) == attempt


@pytest.mark.parametrize("profile", ["from-taking"])
async def test_time_that_runs_from_the_taking_is_told_anew_when_the_query_is_taken(identifying):
    attempt = await identifying.pending()
    message = await identifying.message(attempt.request_id)
    await identifying.turn("5m")
    now = identifying.clock.now()
    await identifying.database.run(lambda tx: identifying.service.acknowledged(tx, now, message, {}))
    taken = identifying.events(attempt.id)[-1]
    assert (taken.type, taken.data["identification"]["deadline_at"]) == ("identification.taken", iso(now + 20 * MINUTE))
    assert (await identifying.get(attempt)).due_at == now + 20 * MINUTE


@pytest.mark.parametrize("profile", ["along"])
async def test_a_code_that_goes_along_is_entered_with_the_answer(identifying):
    attempt = await identifying.pending()
    query = await identifying.message(attempt.request_id)
    assert query.body["code"] == attempt.identification_code
    await identifying.answer(attempt, entry_id="ent_1")
    done = await identifying.get(attempt)
    assert (done.state, done.entry_id) == (State.IDENTIFIED, "ent_1")
    assert await identifying.message(f"{attempt.request_id}_code") is None


@pytest.mark.parametrize("profile", ["along"])
async def test_a_code_that_went_along_is_voided_by_the_refusal_and_again_by_an_answer_that_comes_later(identifying):
    attempt = await identifying.pending()
    await identifying.turn("20m")
    void = await identifying.message(f"{attempt.request_id}_void")
    assert void.body == {"code": attempt.identification_code, "reason": "no_answer"}
    await identifying.turn("30s")
    assert await identifying.answer(attempt, entry_id="ent_1") is Outcome.LATE
    again = await identifying.message(f"{attempt.request_id}_void_again")
    assert again.body == {"code": attempt.identification_code, "reason": "late"}
    assert await identifying.bindings() == []


@pytest.mark.parametrize("profile", ["operators-codes"])
async def test_a_code_that_the_operator_makes_comes_with_its_entry(identifying):
    attempt = await identifying.registering()
    message = await identifying.message(f"{attempt.request_id}_code")
    assert "code" not in message.body
    now, answer = identifying.clock.now(), {"entry_id": "ent_1", "code": "MADEBYALPHA"}
    await identifying.database.run(lambda tx: identifying.service.acknowledged(tx, now, message, answer))
    (binding,) = await identifying.bindings()
    assert (binding.identification_code, binding.entry_id) == ("MADEBYALPHA", "ent_1")
    assert (await identifying.database.run(lambda tx: codes.find(tx, "MADEBYALPHA"))).over_at is None


# When.


@pytest.mark.parametrize("profile", ["end-to-end"])
async def test_end_to_end_all_has_to_happen_within_twenty_minutes_of_the_start(identifying):
    attempt = await identifying.start()
    await identifying.turn("4m")
    pending = await identifying.check(attempt)
    assert pending.due_at == attempt.created_at + 20 * MINUTE
    await identifying.turn("16m")
    assert (await identifying.get(attempt)).reason is Reason.NO_ANSWER


@pytest.mark.parametrize("profile", ["patient"])
async def test_a_refused_user_waits_where_the_profile_says_so_and_another_does_not(identifying):
    attempt = await identifying.pending()
    await identifying.answer(attempt, "ABSENT")
    await identifying.turn("4m")
    with pytest.raises(RetryTooSoonError) as error:
        await identifying.start()
    assert error.value.retry_after == 360
    assert (await identifying.start(user="user-2")).state is State.CONFIRMING
    await identifying.turn("6m")
    assert (await identifying.start()).state is State.CONFIRMING


# Of whom.


@pytest.mark.parametrize("profile", ["one-account"])
async def test_where_one_number_is_one_account_another_user_does_not_get_it(identifying):
    binding = await identifying.bound()
    refused = await identifying.start(user="user-2")
    assert (refused.reason, refused.hint) == (Reason.POLICY_HOLD, "number_in_use")
    assert await identifying.binding(binding.id) == binding
    assert (await identifying.start()).state is State.CONFIRMING


@pytest.mark.parametrize("profile", ["sim"])
@pytest.mark.parametrize(("sim", "state"), [(True, State.CONFIRMING), (False, State.REFUSED), (None, State.REFUSED)])
async def test_where_the_sim_has_to_be_in_the_device_a_number_without_it_is_refused(identifying, sim, state):
    assert (await identifying.start(sim_in_device=sim)).state is state


@pytest.mark.parametrize("profile", ["consent"])
@pytest.mark.parametrize(("consent", "hint"), [(True, None), (False, "ask_for_consent")])
async def test_where_consent_is_asked_for_nothing_begins_without_it(identifying, consent, hint):
    assert (await identifying.start(consent=consent)).hint == hint


async def test_no_consent_is_asked_for_by_default(identifying):
    assert (await identifying.start()).state is State.CONFIRMING


# Sessions.


@pytest.mark.parametrize("profile", ["sim"])
async def test_a_web_session_ends_after_six_hours_and_one_on_the_phone_does_not(identifying):
    started = await identifying.start(sim_in_device=True)
    await identifying.answer(await identifying.check(started))
    await identifying.enter(await identifying.get(started))
    web, app = await session_of(identifying, "web"), await session_of(identifying)
    assert (web.expires_at, app.expires_at) == (identifying.clock.now() + 6 * HOUR, None)
    await identifying.turn("6h")
    sessions = identifying.service.sessions
    ended = await identifying.database.run(lambda tx: sessions.get(tx, "demo", web.id))
    assert (ended.ended_at, ended.reason) == (web.expires_at, "expired")
    assert await identifying.database.run(lambda tx: sessions.get(tx, "demo", app.id)) == app


async def test_nobody_has_a_session_who_may_not_use_the_service_or_is_another_services(identifying):
    with pytest.raises(SessionRefusedError):
        await session_of(identifying)
    await identifying.bound()
    session = await session_of(identifying)
    with pytest.raises(SessionNotFoundError):
        await identifying.database.run(lambda tx: identifying.service.sessions.get(tx, "other", session.id))


@pytest.mark.parametrize(("profile", "lets_in"), [("login", True), ("test", False)])
async def test_a_code_logs_its_user_in_where_the_profile_lets_it(identifying, lets_in):
    binding = await identifying.bound()
    now, sessions, code = identifying.clock.now(), identifying.service.sessions, binding.identification_code

    def log_in(tx):
        return sessions.log_in(tx, now, "demo", code, "phone-1", "app")

    if lets_in:
        assert (await identifying.database.run(log_in)).user_id == "user-1"
    else:
        with pytest.raises(SessionRefusedError):
            await identifying.database.run(log_in)
