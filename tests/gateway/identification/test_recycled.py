"""Numbers that went to another person (recycle_check), and identities that do without a number (fallback_identity)."""

import pytest

from gateway.identification.attempt import Cause, Reason, State
from gateway.identification.bindings import Basis
from gateway.identification.bindings import State as BindingState
from gateway.identification.errors import StandInNotPermittedError
from gateway.identification.rechecks import ExistingUser

FOREIGN = "+99900000001"
VIETNAMESE = "+84900000001"


async def query(identifying, attempt):
    return (await identifying.message(attempt.request_id)).body


# A number that was sold again.


@pytest.mark.parametrize(("profile", "asked"), [("test", False), ("recycle", True)])
async def test_whether_a_number_was_sold_again_is_asked_where_the_profile_says_so(identifying, asked):
    first = await identifying.pending()
    assert "since" not in await query(identifying, first)
    await identifying.turn("3s")
    await identifying.answer(first)
    await identifying.enter(await identifying.get(first))
    await identifying.turn("24h")
    second = await identifying.pending(user="user-2")
    body = await query(identifying, second)
    assert (body.get("since") == "2026-01-01T12:00:03.000Z") is asked
    assert body["mode"] == "presence"


@pytest.mark.parametrize("profile", ["recycle"])
async def test_of_a_user_from_before_the_rules_the_service_knew_the_number_when_it_told_of_him(identifying):
    now = identifying.clock.now()
    await identifying.database.run(
        lambda tx: identifying.service.rechecks.take_over(tx, now, "demo", ExistingUser("user-1", "+70000000001"))
    )
    await identifying.turn("1h")
    assert (await query(identifying, await identifying.pending()))["since"] == "2026-01-01T12:00:00.000Z"


@pytest.mark.parametrize("profile", ["recycle"])
async def test_a_number_that_was_sold_again_ends_its_first_user_at_once_and_binds_the_second(identifying):
    binding = await identifying.bound()
    now, sessions = identifying.clock.now(), identifying.service.sessions
    await identifying.database.run(lambda tx: sessions.open(tx, now, "demo", "user-1", "phone", "app"))
    second = await identifying.pending(user="user-2")
    await identifying.answer(second, recycled=True)
    ended = await identifying.binding(binding.id)
    assert (ended.state, ended.reason) == (BindingState.CLOSED, "recycled")
    left = await identifying.database.run(lambda tx: sessions.of_user(tx, "demo", "user-1", is_open=True))
    assert left == []
    second = await identifying.enter(await identifying.get(second))
    assert second.state is State.IDENTIFIED
    assert (await identifying.binding(second.binding_id)).identification_code != binding.identification_code


@pytest.mark.parametrize("profile", ["recycle", "recycle-along"])
async def test_who_asks_for_the_account_of_the_numbers_first_user_does_not_get_in(identifying, profile):
    entered = {"entry_id": "ent_1"} if profile == "recycle-along" else {}
    first = await identifying.pending()
    await identifying.answer(first, **entered)
    first = await identifying.get(first) if entered else await identifying.enter(await identifying.get(first))
    again = await identifying.pending()
    await identifying.answer(again, recycled=True, **({"entry_id": "ent_2"} if entered else {}))
    again = await identifying.get(again)
    assert (again.state, again.reason, again.hint) == (State.REFUSED, Reason.POLICY_HOLD, "reset_account")
    assert (await identifying.binding(first.binding_id)).reason == "recycled"
    assert await identifying.permission() == "closed"
    assert (await identifying.message(f"{again.request_id}_void") is not None) is bool(entered)
    # The service has reset the account: nothing stands on the number any more, and nothing is asked.
    fresh = await identifying.pending()
    assert "since" not in await query(identifying, fresh)


@pytest.mark.parametrize("profile", ["recycle"])
async def test_a_recheck_finds_that_the_number_is_another_persons(identifying):
    binding = await identifying.bound()
    await identifying.notice(binding)
    attempt = await identifying.recheck_of(binding)
    assert (await query(identifying, attempt))["since"]
    await identifying.answer(attempt, recycled=True)
    assert (await identifying.get(attempt)).hint == "reset_account"
    ended = await identifying.binding(binding.id)
    assert (ended.state, ended.reason, ended.due_at) == (BindingState.CLOSED, "recycled", None)


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("test", {"recycled": True}),
        ("recycle", {"recycled": False}),
        ("recycle", {"result": "ABSENT", "recycled": True}),
    ],
)
async def test_nothing_ends_unless_it_was_asked_and_answered_so(identifying, said):
    binding = await identifying.bound()
    again = await identifying.pending()
    await identifying.answer(again, **said)
    assert (await identifying.binding(binding.id)).state is BindingState.ACTIVE


@pytest.mark.parametrize("profile", ["recycle"])
async def test_what_comes_late_ends_nobodys_binding(identifying):
    binding = await identifying.bound()
    again = await identifying.pending()
    await identifying.turn("20m1ms")
    await identifying.answer(again, recycled=True)
    assert (await identifying.binding(binding.id)).state is BindingState.ACTIVE


# What stands for a number.


@pytest.mark.parametrize("profile", ["personal-id"])
async def test_a_number_that_may_not_be_used_is_refused_with_the_hint_what_may_stand_for_it(identifying):
    attempt = await identifying.start(FOREIGN)
    assert (attempt.reason, attempt.hint) == (Reason.FOREIGN_NUMBER, "verify_by_personal_id")


@pytest.mark.parametrize(
    ("profile", "stand_in", "number", "basis"),
    [
        ("personal-id", "personal_id", FOREIGN, Basis.PERSONAL_ID),
        ("other-means", "other_means", FOREIGN, Basis.OTHER_MEANS),
        ("other-means", "other_means", "+70000000001", Basis.OTHER_MEANS),
    ],
)
async def test_what_stands_for_a_number_identifies_and_nobody_is_asked_or_sent_anything(
    identifying, stand_in, number, basis
):
    attempt = await identifying.start(number, verified_by=stand_in)
    assert (attempt.state, attempt.mode) == (State.IDENTIFIED, stand_in)
    assert (attempt.confirmation_id, attempt.request_id, identifying.sms.texts) == (None, None, [])
    assert (await identifying.binding(attempt.binding_id)).basis is basis
    assert await identifying.permission() is None


@pytest.mark.parametrize(
    ("profile", "stand_in", "number", "told"),
    [
        ("test", "personal_id", FOREIGN, "the profile test does not let personal_id stand"),
        ("personal-id", "other_means", FOREIGN, "does not let other_means stand"),
        ("personal-id", "personal_id", VIETNAMESE, "the number may be used"),
    ],
)
async def test_nothing_else_stands_for_a_number_and_nothing_for_one_that_may_be_used(
    identifying, stand_in, number, told
):
    with pytest.raises(StandInNotPermittedError, match=told):
        await identifying.start(number, verified_by=stand_in)
    assert await identifying.bindings() == []


@pytest.mark.parametrize("profile", ["personal-id"])
async def test_whose_data_change_is_verified_again_by_the_same_or_suspended(identifying):
    attempt = await identifying.start(FOREIGN, verified_by="personal_id")
    rechecks = identifying.service.rechecks
    for stand_in, expected in (("personal_id", BindingState.ACTIVE), (None, BindingState.SUSPENDED)):
        binding, now = await identifying.binding(attempt.binding_id), identifying.clock.now()
        again = await identifying.database.run(
            lambda tx, b=binding, s=stand_in, n=now: rechecks.change_data(tx, n, b, None, verified_by=s)
        )
        assert again.cause is Cause.DATA_CHANGED
        assert (await identifying.binding(attempt.binding_id)).state is expected
