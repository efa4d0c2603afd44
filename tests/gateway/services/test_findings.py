"""Findings, the time to mend them, and blocks; and what eligibility makes of all that at each instant."""

from dataclasses import replace

import pytest

from gateway.identification.profiles import Profile
from gateway.services import directory, findings
from gateway.services.deadlines import CureTimes
from gateway.services.eligibility import eligibility
from gateway.services.errors import (
    BlockRefusedError,
    FindingNotFoundError,
    FindingOverError,
    NotBlockedError,
    NotDomesticError,
    NotListedError,
    ServiceNotFoundError,
)
from gateway.services.standing import Eligible, Reason
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.durations import DAY
from smsc_emulator.base.ticker import Ticker

T_CURE = 15 * DAY


@pytest.fixture
def ask(database, clock, profile):
    """Return a function that asks for the eligibility of a service by now."""

    async def ask(service_id="demo", rules=profile):
        now = clock.now()
        return await database.run(lambda tx: eligibility(tx, now, service_id, rules, "mobile"))

    return ask


@pytest.fixture
def turn(clock, database):
    return Ticker(clock, Activity(clock), [CureTimes(database)]).advance


async def found(database, service_id="demo"):
    return await database.run(lambda tx: findings.of(tx, service_id))


async def block(database, now, profile, service_id="demo", **more):
    given = {"ground": "it gave no data", "blocked_from": now, "rules": profile, **more}
    await database.run(lambda tx: findings.block(tx, now, service_id, **given))


async def test_an_unlisted_service_goes_on_and_leaves_one_finding_however_often_it_asks(configure, database, ask):
    await configure({"listed": None})
    for _ in range(3):
        assert isinstance(await ask(), Eligible)
    (finding,) = await found(database)
    assert (finding.kind, finding.state, finding.cure_by - finding.found_at) == ("not_listed", "open", T_CURE)
    assert [event.type for event in database.journal.since(0, 10)] == ["finding.made"]


@pytest.mark.parametrize(
    ("policy", "outcome"), [("pass_through", Eligible("operator")), ("refuse", Reason.SERVICE_NOT_LISTED)]
)
async def test_where_the_profile_does_not_warn_an_unlisted_service_leaves_none(
    configure, database, ask, policy, outcome
):
    await configure({"listed": None})
    assert await ask(rules=Profile(name="test", title="Test", not_listed_service=policy)) == outcome
    assert await found(database) == []


async def test_what_is_mended_by_the_last_instant_of_fifteen_days_is_mended_in_time(configure, database, ask, turn):
    await configure({"listed": None})
    await ask()
    await turn(T_CURE - 1)
    (finding,) = await found(database)
    assert finding.state == "open"
    await database.run(lambda tx: findings.cure(tx, finding.cure_by, "demo", finding.id))
    await turn(2)
    assert (await found(database))[0].state == "cured"


async def test_what_is_not_mended_in_fifteen_days_stays_uncured_and_is_not_found_anew(configure, database, ask, turn):
    await configure({"listed": None})
    await ask()
    await turn(T_CURE)
    await ask()
    (finding,) = await found(database)
    assert (finding.state, finding.ended_at) == ("uncured", finding.cure_by)


async def test_a_finding_that_was_mended_and_comes_up_again_is_another_one(configure, database, ask, now):
    await configure({"listed": None})
    await ask()
    (first,) = await found(database)
    await database.run(lambda tx: findings.cure(tx, now, "demo", first.id))
    with pytest.raises(FindingOverError):
        await database.run(lambda tx: findings.cure(tx, now, "demo", first.id))
    await ask()
    assert [one.state for one in await found(database)] == ["cured", "open"]


async def test_nobody_is_blocked_for_a_finding_before_its_time_is_over_nor_without_a_court(
    configure, database, clock, ask, turn, profile
):
    await configure({"listed": None})
    await ask()
    (finding,) = await found(database)
    given = {"finding_id": finding.id, "court": True}
    with pytest.raises(BlockRefusedError, match="is open"):
        await block(database, clock.now(), profile, **given)
    await turn(T_CURE)
    with pytest.raises(BlockRefusedError, match="begins after"):
        await block(database, finding.cure_by - 1, profile, **given)
    with pytest.raises(BlockRefusedError, match="court"):
        await block(database, clock.now(), profile, finding_id=finding.id)
    assert isinstance(await ask(), Eligible)
    await block(database, clock.now(), profile, **given)
    assert await ask() is Reason.SERVICE_BLOCKED


async def test_where_the_profile_needs_no_court_the_end_of_the_time_is_enough(configure, database, clock, ask, turn):
    rules = Profile(name="test", title="Test", block_needs_court=False, t_cure_s=60)
    await configure({"listed": None})
    await ask(rules=rules)
    await turn(60_000)
    (finding,) = await found(database)
    await block(database, clock.now(), rules, finding_id=finding.id)
    assert await ask() is Reason.SERVICE_BLOCKED


async def test_a_block_holds_from_its_first_instant_until_the_service_is_restored_and_touches_no_other(
    configure, database, clock, ask, turn, profile
):
    await configure({}, {"id": "other", "name": "Another messenger"})
    now = clock.now()
    await block(database, now, profile, blocked_from=now + DAY)
    await turn(DAY - 1)
    assert isinstance(await ask(), Eligible)
    await turn(1)
    assert await ask() is Reason.SERVICE_BLOCKED
    assert isinstance(await ask("other"), Eligible)
    await database.run(lambda tx: findings.restore(tx, clock.now(), "demo"))
    assert isinstance(await ask(), Eligible)
    with pytest.raises(NotBlockedError):
        await database.run(lambda tx: findings.restore(tx, clock.now(), "demo"))


async def test_restoring_a_service_takes_back_a_block_that_has_not_begun(
    configure, database, clock, ask, turn, profile
):
    await configure({})
    now = clock.now()
    await block(database, now, profile, blocked_from=now + DAY)
    await database.run(lambda tx: findings.restore(tx, now, "demo"))
    await turn(DAY)
    assert isinstance(await ask(), Eligible)


async def test_a_finding_of_another_service_is_none_of_this_ones(configure, database, ask, now):
    await configure({"listed": None}, {"id": "other", "name": "Another messenger"})
    await ask()
    (finding,) = await found(database)
    with pytest.raises(FindingNotFoundError):
        await database.run(lambda tx: findings.cure(tx, now, "other", finding.id))


async def test_the_register_knows_whole_names_at_each_instant_whoever_had_them_entered(
    configure, database, ask, clock, turn
):
    await configure({"listed": {"origin": "forced", "listed_to": "2026-01-02T12:00:00Z"}})
    strict = Profile(name="test", title="Test", not_listed_service="refuse")
    assert isinstance(await ask(rules=strict), Eligible)
    await turn(DAY)
    assert await ask(rules=strict) is Reason.SERVICE_NOT_LISTED
    now = clock.now()
    await database.run(lambda tx: directory.enter(tx, now, "Demo", "applied", now))
    assert await ask(rules=strict) is Reason.SERVICE_NOT_LISTED
    await database.run(lambda tx: directory.enter(tx, now, "Demo messenger", "applied", now + DAY))
    assert await ask(rules=strict) is Reason.SERVICE_NOT_LISTED
    await turn(DAY)
    assert isinstance(await ask(rules=strict), Eligible)
    await database.run(lambda tx: directory.remove(tx, clock.now(), "Demo messenger"))
    assert await ask(rules=strict) is Reason.SERVICE_NOT_LISTED
    with pytest.raises(NotListedError):
        await database.run(lambda tx: directory.remove(tx, clock.now(), "Demo messenger"))


async def test_a_service_that_nobody_described_stands_as_the_defaults_say(ask):
    assert await ask("nobody") == Eligible("operator")


async def test_what_is_changed_by_an_act_outlasts_a_restart_until_the_settings_say_something_new(
    configure, database, now, ask
):
    agreed = [{"operator_id": "alpha"}]
    await configure({"agreements": agreed})
    assert isinstance(await ask(), Eligible)
    service = await database.run(lambda tx: directory.get(tx, "demo"))
    ended = directory.Agreement("alpha", "none")
    await database.run(lambda tx: directory.agree(tx, now, "demo", ended))
    await configure({"agreements": agreed})
    assert await ask() is Reason.NO_AGREEMENT
    await configure({"agreements": agreed, "residency": "domestic"})
    assert isinstance(await ask(), Eligible)
    assert (await database.run(lambda tx: directory.get(tx, "demo"))).residency != service.residency


async def test_nobody_can_change_a_service_that_is_not_there(database, now):
    with pytest.raises(ServiceNotFoundError):
        await database.run(lambda tx: directory.agree(tx, now, "nobody", directory.Agreement("alpha", "signed")))


async def test_only_a_domestic_service_may_come_to_identify_its_users_itself(configure, database, now):
    await configure({})
    service = await database.run(lambda tx: directory.get(tx, "demo"))
    with pytest.raises(NotDomesticError):
        await database.run(lambda tx: directory.change(tx, now, replace(service, mode="self")))
    await database.run(lambda tx: directory.change(tx, now, replace(service, mode="self", residency="domestic")))
    assert (await database.run(lambda tx: directory.get(tx, "demo"))).mode == "self"
