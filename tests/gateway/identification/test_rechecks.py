"""Users who are identified again: after a notice, a change of data or number, and users from before the rules."""

import pytest

from confirm.workflow import Wish
from gateway.identification import breaches, codes
from gateway.identification.attempt import Cause, Reason, State
from gateway.identification.bindings import Basis
from gateway.identification.bindings import State as BindingState
from gateway.identification.errors import AttributesNotAskedError, BindingStateError
from gateway.identification.notices import Taken
from gateway.identification.rechecks import ExistingUser
from gateway.lookup import porting
from smsc_emulator.base.durations import HOUR, MINUTE, SECOND

OTHER = "+70000000002"


async def code_of(identifying, code):
    return await identifying.database.run(lambda tx: codes.find(tx, code))


async def breaches_of(identifying):
    return await identifying.database.run(breaches.page)


async def port(identifying, operator_id):
    plan, now = identifying.service._course._plan, identifying.clock.now()
    await identifying.database.run(lambda tx: porting.move(tx, plan, "+70000000001", operator_id, since=now))


# A notice that a contract has ended.


async def test_a_notice_has_the_user_identified_again_at_once_and_without_his_doing(identifying):
    binding = await identifying.bound()
    await identifying.turn("3h")
    assert await identifying.notice(binding) is Taken.ACCEPTED
    now = identifying.clock.now()
    attempt = await identifying.recheck_of(binding)
    assert (attempt.cause, attempt.state, attempt.due_at) == (Cause.TERMINATED, State.PENDING, now + 20 * MINUTE)
    rechecked = await identifying.binding(binding.id)
    assert (rechecked.state, rechecked.due_at) == (BindingState.RECHECK, now + 20 * MINUTE)
    assert len(identifying.sms.texts) == 1
    assert await identifying.permission() is None


async def test_a_notice_takes_back_a_code_that_is_still_on_its_way_to_the_register(identifying):
    attempt = await identifying.registering()
    await identifying.turn("24h")
    attempt = await identifying.get(attempt)
    binding = await identifying.binding(attempt.binding_id)
    assert (binding.state, binding.entry_id) == (BindingState.ACTIVE, None)
    assert await identifying.notice(binding) is Taken.ACCEPTED
    assert (await identifying.message(f"{attempt.request_id}_code")).withdrawn_at is not None
    assert (await identifying.message(f"{attempt.request_id}_void")).body["reason"] == "ended"


async def test_a_present_after_the_notice_renews_the_binding_with_a_new_code(identifying):
    binding = await identifying.bound()
    await identifying.notice(binding)
    attempt = await identifying.recheck_of(binding)
    await identifying.turn("19m")
    await identifying.answer(attempt)
    await identifying.enter(await identifying.get(attempt), "ent_2")
    renewed = await identifying.binding(binding.id)
    assert (renewed.state, renewed.entry_id, renewed.due_at) == (BindingState.ACTIVE, "ent_2", None)
    assert renewed.identification_code != binding.identification_code
    assert (await code_of(identifying, binding.identification_code)).over_by == "ended"
    assert await identifying.message(f"{binding.request_id}_void") is None


async def test_an_absent_after_the_notice_suspends_the_user_and_ends_his_sessions_on_every_device(identifying):
    binding = await identifying.bound()
    now, service = identifying.clock.now(), identifying.service
    for device in ("phone", "tablet", "computer"):
        await identifying.database.run(lambda tx, d=device: service.sessions.open(tx, now, "demo", "user-1", d, "app"))
    await identifying.notice(binding)
    attempt = await identifying.recheck_of(binding)
    await identifying.turn("4m")
    await identifying.answer(attempt, "ABSENT")
    suspended = await identifying.binding(binding.id)
    assert (suspended.state, suspended.reason) == (BindingState.SUSPENDED, "absent")
    assert await identifying.permission() == "suspended"
    sessions = await identifying.database.run(lambda tx: service.sessions.of_user(tx, "demo", "user-1", is_open=False))
    assert [(one.ended_at is not None, one.reason) for one in sessions] == [(True, "suspended")] * 3


async def test_silence_to_the_end_of_the_recheck_suspends_to_the_millisecond(identifying):
    binding = await identifying.bound()
    await identifying.notice(binding)
    await identifying.turn("19m59s999ms")
    assert (await identifying.binding(binding.id)).state is BindingState.RECHECK
    await identifying.turn("1ms")
    suspended = await identifying.binding(binding.id)
    assert (suspended.state, suspended.reason) == (BindingState.SUSPENDED, "no_answer")
    assert await breaches_of(identifying) == []


async def test_a_suspended_user_who_is_identified_anew_has_his_binding_again(identifying):
    binding = await identifying.bound()
    await identifying.notice(binding)
    await identifying.turn("20m")
    await identifying.turn("1h")
    await identifying.identified()
    again = await identifying.binding(binding.id)
    assert (again.state, again.reason) == (BindingState.ACTIVE, None)
    assert [one.id for one in await identifying.bindings()] == [binding.id]


async def test_a_notice_that_is_repeated_is_one_notice(identifying):
    binding = await identifying.bound()
    outcomes = [await identifying.notice(binding) for _ in range(3)]
    assert outcomes == [Taken.ACCEPTED, Taken.REPEATED, Taken.REPEATED]
    assert identifying.story(binding.id) == ["active", "recheck"]


@pytest.mark.parametrize(
    "other", [{"operator": "beta"}, {"number": OTHER}, {"code": "NOBODYSCODE"}], ids=["operator", "number", "code"]
)
async def test_a_notice_of_what_is_not_the_operators_changes_nothing(identifying, other):
    binding = await identifying.bound()
    assert await identifying.notice(binding, **other) is Taken.FOREIGN
    assert await identifying.binding(binding.id) == binding


@pytest.mark.parametrize(("late_by", "count"), [(0, 0), (1, 1), (SECOND, 1)])
async def test_a_notice_after_exactly_a_day_is_in_time_and_a_later_one_a_breach_of_the_operators(
    identifying, late_by, count
):
    binding = await identifying.bound()
    ended_at = identifying.clock.now()
    identifying.clock.move_to(ended_at + 24 * HOUR + late_by)
    assert await identifying.notice(binding, ended_at=ended_at) is Taken.ACCEPTED
    found = await breaches_of(identifying)
    assert [(one.rule, one.side, one.party) for one in found] == [("T_notice", "operator", "alpha")] * count
    assert (await identifying.binding(binding.id)).state is BindingState.RECHECK


async def test_a_number_that_was_given_to_somebody_else_has_to_be_confirmed_again(identifying):
    binding = await identifying.bound()
    await identifying.notice(binding, "reissued")
    attempt = await identifying.recheck_of(binding)
    assert (attempt.cause, attempt.state) == (Cause.RECYCLED, State.CONFIRMING)
    await identifying.turn("15m")
    assert (await identifying.binding(binding.id)).reason == "confirm_expired"


async def test_a_ported_number_is_asked_about_at_its_new_operator(identifying):
    binding = await identifying.bound()
    await port(identifying, "beta")
    await identifying.notice(binding, "ported")
    attempt = await identifying.recheck_of(binding)
    assert (attempt.cause, attempt.operator_id) == (Cause.PORTED, "beta")
    await identifying.answer(attempt)
    await identifying.enter(await identifying.get(attempt), "ent_beta")
    assert (await identifying.binding(binding.id)).operator_id == "beta"


async def test_another_user_who_gives_the_number_does_not_stop_the_recheck_and_takes_the_number_if_he_confirms(
    identifying,
):
    binding = await identifying.bound()
    await identifying.notice(binding)
    other = await identifying.start(user="user-2")
    assert (await identifying.recheck_of(binding)).state is State.PENDING
    await identifying.check(other)
    await identifying.answer(await identifying.get(other))
    await identifying.enter(await identifying.get(other), "ent_3")
    closed = await identifying.binding(binding.id)
    assert (closed.state, closed.reason) == (BindingState.CLOSED, "replaced")
    await identifying.turn("1d")
    assert (await identifying.binding(binding.id)).state is BindingState.CLOSED


@pytest.mark.parametrize("profile", ["hold"])
async def test_where_service_is_held_a_user_may_not_send_while_he_is_rechecked(identifying):
    binding = await identifying.bound()
    await identifying.notice(binding)
    assert await identifying.permission() == "recheck"
    attempt = await identifying.recheck_of(binding)
    await identifying.answer(attempt)
    await identifying.enter(await identifying.get(attempt), "ent_2")
    assert await identifying.permission() is None


async def test_a_cancelled_recheck_leaves_the_binding_to_its_own_deadline(identifying):
    binding = await identifying.bound()
    await identifying.notice(binding)
    await identifying.cancel(await identifying.recheck_of(binding))
    assert (await identifying.binding(binding.id)).state is BindingState.RECHECK
    await identifying.turn("20m")
    assert (await identifying.binding(binding.id)).reason == "recheck_overdue"


async def test_a_gateway_that_was_away_at_the_deadline_puts_its_own_breach_on_record(identifying):
    binding = await identifying.bound()
    await identifying.notice(binding)
    await identifying.cancel(await identifying.recheck_of(binding))
    identifying.clock.move_to(identifying.clock.now() + HOUR)
    await identifying.turn("0s")
    assert (await identifying.binding(binding.id)).state is BindingState.SUSPENDED
    (breach,) = await breaches_of(identifying)
    assert (breach.rule, breach.side, breach.happened_at - breach.due_at) == ("T_recheck", "gateway", 40 * MINUTE)


# A notice, or a move, while the operator is asked.


async def test_a_present_of_before_the_notice_is_asked_afresh_once_and_then_refused(identifying):
    attempt = await identifying.pending()
    before = identifying.clock.now()
    await identifying.turn("1m")
    assert await identifying.notice() is Taken.ACCEPTED
    await identifying.answer(attempt, as_of=before)
    again = await identifying.get(attempt)
    assert (again.state, again.fresh_queries) == (State.PENDING, 1)
    assert again.request_id != attempt.request_id
    await identifying.answer(again, as_of=before)
    refused = await identifying.get(attempt)
    assert (refused.state, refused.reason) == (State.REFUSED, Reason.TERMINATED_DURING)


async def test_a_notice_while_registering_voids_the_code_and_asks_afresh_with_another(identifying):
    attempt = await identifying.registering()
    await identifying.turn("1m")
    await identifying.notice(code=attempt.identification_code)
    again = await identifying.get(attempt)
    assert (again.state, again.identification_code) == (State.PENDING, None)
    void = await identifying.message(f"{attempt.request_id}_void")
    assert void.body == {"code": attempt.identification_code, "reason": "out_of_date"}
    assert await identifying.enter(attempt) == again
    await identifying.answer(again)
    done = await identifying.enter(await identifying.get(again))
    assert done.state is State.IDENTIFIED
    assert done.identification_code != attempt.identification_code


@pytest.mark.parametrize("result", ["ABSENT", "PRESENT"])
async def test_what_the_donor_says_of_a_number_that_moved_meanwhile_is_asked_of_the_recipient_once(identifying, result):
    attempt = await identifying.pending()
    await port(identifying, "beta")
    await identifying.turn("10m")
    await identifying.answer(attempt, result)
    at_beta = await identifying.get(attempt)
    assert (at_beta.state, at_beta.operator_id) == (State.PENDING, "beta")
    assert at_beta.due_at == identifying.clock.now() + 20 * MINUTE
    await identifying.answer(at_beta)
    assert (await identifying.get(attempt)).state is State.REGISTERING


@pytest.mark.parametrize("profile", ["range-holder"])
async def test_where_the_holder_of_the_range_is_asked_the_donors_absent_stands(identifying):
    attempt = await identifying.pending()
    await port(identifying, "beta")
    await identifying.answer(attempt, "ABSENT")
    assert (await identifying.get(attempt)).reason is Reason.ABSENT


# Changes.


async def test_changed_data_are_asked_about_without_a_confirmation_and_suspend_if_they_fail(identifying):
    binding = await identifying.bound()
    now, rechecks = identifying.clock.now(), identifying.service.rechecks
    attempt = await identifying.database.run(lambda tx: rechecks.change_data(tx, now, binding, None))
    assert (attempt.cause, attempt.state) == (Cause.DATA_CHANGED, State.PENDING)
    await identifying.answer(attempt, "ABSENT")
    assert (await identifying.binding(binding.id)).state is BindingState.SUSPENDED
    void = await identifying.message(f"{binding.request_id}_void")
    assert void.body["reason"] == "suspended"
    again = await identifying.binding(binding.id)
    with pytest.raises(BindingStateError):
        await identifying.database.run(lambda tx: rechecks.change_data(tx, now, again, None))


async def change_number(identifying, binding, number=OTHER):
    now, wish = identifying.clock.now(), Wish("demo", number)
    service = identifying.service
    attempt = await identifying.database.run(
        lambda tx: service.rechecks.change_number(tx, now, binding, wish, None, sim=None)
    )
    await identifying.confirm.send_settled(attempt.confirmation_id)
    return attempt


async def test_a_new_number_takes_the_place_of_the_old_one_once_it_is_identified(identifying):
    binding = await identifying.bound()
    attempt = await change_number(identifying, binding)
    assert (attempt.cause, attempt.state) == (Cause.NUMBER_CHANGED, State.CONFIRMING)
    await identifying.answer(await identifying.check(attempt))
    assert (await identifying.binding(binding.id)).state is BindingState.ACTIVE
    await identifying.enter(await identifying.get(attempt), "ent_2")
    old, new = await identifying.binding(binding.id), (await identifying.bindings(phone_number=OTHER))[0]
    assert (old.state, old.reason, new.state) == (BindingState.CLOSED, "number_changed", BindingState.ACTIVE)
    assert new.identification_code != old.identification_code
    assert (await code_of(identifying, old.identification_code)).over_by == "void"


@pytest.mark.parametrize(("profile", "state"), [("test", BindingState.ACTIVE), ("suspend", BindingState.SUSPENDED)])
async def test_a_new_number_that_is_refused_leaves_the_old_one_or_suspends_it_as_the_profile_says(identifying, state):
    binding = await identifying.bound()
    attempt = await change_number(identifying, binding)
    await identifying.answer(await identifying.check(attempt), "ABSENT")
    assert (await identifying.binding(binding.id)).state is state


async def test_a_number_cannot_be_changed_to_itself(identifying):
    binding = await identifying.bound()
    with pytest.raises(BindingStateError):
        await change_number(identifying, binding, binding.phone_number)


# Users from before the rules.


async def take_over(identifying, attributes=None):
    now, user = identifying.clock.now(), ExistingUser("user-1", "+70000000001", attributes)
    return await identifying.database.run(lambda tx: identifying.service.rechecks.take_over(tx, now, "demo", user))


@pytest.mark.parametrize("profile", ["new-only"])
async def test_where_the_rules_are_for_new_users_alone_the_others_are_exempt_untouched(identifying):
    binding = await take_over(identifying)
    assert (binding.state, binding.basis, binding.identification_code) == (BindingState.ACTIVE, Basis.EXEMPT, None)
    assert identifying.sms.texts == []


@pytest.mark.parametrize(
    ("profile", "attributes", "match", "basis"),
    [
        ("test", None, None, Basis.VERDICT),
        ("match", {"family_name": "Testova"}, {"family_name": "true"}, Basis.MATCH),
    ],
)
async def test_a_user_whom_the_operator_has_too_is_identified_without_doing_anything(
    identifying, attributes, match, basis
):
    binding = await take_over(identifying, attributes)
    assert binding.state is BindingState.GRANDFATHERED
    assert await identifying.permission() is None
    attempt = await identifying.recheck_of(binding)
    assert (attempt.cause, attempt.state) == (Cause.EXISTING_USER, State.PENDING)
    await identifying.answer(attempt, match=match)
    await identifying.enter(await identifying.get(attempt), "ent_1")
    kept = await identifying.binding(binding.id)
    assert (kept.state, kept.basis) == (BindingState.ACTIVE, basis)
    assert identifying.sms.texts == []


async def test_a_user_whom_the_operator_has_not_goes_the_whole_way_and_is_suspended_in_the_end(identifying):
    binding = await take_over(identifying)
    first = await identifying.recheck_of(binding)
    await identifying.answer(first, "ABSENT")
    rechecked = await identifying.binding(binding.id)
    assert rechecked.state is BindingState.RECHECK
    second = await identifying.recheck_of(binding)
    assert (second.id != first.id, second.state) == (True, State.CONFIRMING)
    await identifying.turn("20m")
    assert (await identifying.binding(binding.id)).state is BindingState.SUSPENDED


async def test_one_turn_that_ends_two_attempts_ends_each_once_where_the_first_end_supersedes_the_second(identifying):
    binding = await take_over(identifying)
    await identifying.turn("6m")  # so that the other's fifteen minutes end after these twenty
    other = await identifying.start(user="user-2")
    assert other.state is State.CONFIRMING
    later = identifying.clock.now() + 2 * 3_600_000
    await identifying.database.run(lambda tx: identifying.service.time_up(tx, later, 500))
    assert identifying.story(other.id) == ["created", "confirming", "superseded"]
    assert (await identifying.binding(binding.id)).state is BindingState.RECHECK


@pytest.mark.parametrize("profile", ["recheck-all"])
async def test_where_all_are_rechecked_a_user_from_before_confirms_his_number(identifying):
    binding = await take_over(identifying)
    attempt = await identifying.recheck_of(binding)
    assert attempt.state is State.CONFIRMING
    await identifying.confirm.send_settled(attempt.confirmation_id)
    await identifying.answer(await identifying.check(attempt))
    await identifying.enter(await identifying.get(attempt), "ent_1")
    assert (await identifying.binding(binding.id)).state is BindingState.ACTIVE


async def test_a_user_who_is_bound_already_stays_as_he_is(identifying):
    binding = await identifying.bound()
    assert await take_over(identifying) == binding


async def test_what_is_said_of_a_person_is_refused_where_presence_alone_is_asked(identifying):
    with pytest.raises(AttributesNotAskedError):
        await take_over(identifying, {"family_name": "Testova"})
    assert await identifying.bindings() == []
