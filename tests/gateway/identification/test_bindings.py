"""One attempt under way and one active binding for each service and number; what follows from it, over restarts too."""

import asyncio

import pytest
from sqlalchemy import update

from gateway.identification import store
from gateway.identification.attempt import Outcome, State
from gateway.identification.bindings import PERMISSIONS
from gateway.identification.bindings import State as BindingState
from gateway.identification.errors import (
    BindingNotFoundError,
    IdentificationNotFoundError,
    IdentificationOverError,
)
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.durations import DAY, MINUTE
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.randomness import SeededRandomness

# One attempt and one binding for each service and number.


@pytest.mark.parametrize("stage", ["start", "pending", "registering"])
async def test_a_newer_attempt_supersedes_what_is_under_way(identifying, stage):
    older = await getattr(identifying, stage)()
    newer = await identifying.start(user="user-2")
    assert (await identifying.get(older)).state is State.SUPERSEDED
    assert newer.state is State.CONFIRMING
    if stage == "pending":
        assert await identifying.answer(older) is Outcome.LATE
    if stage == "registering":
        void = await identifying.message(f"{older.request_id}_void")
        assert void.body["reason"] == "superseded"


async def test_attempts_of_other_services_and_numbers_go_on(identifying):
    others = [await identifying.pending(service="other"), await identifying.pending("+70000000002")]
    await identifying.start()
    assert [await identifying.get(one) for one in others] == others


async def test_a_new_binding_of_the_number_closes_the_old_one_and_voids_its_code(identifying):
    first = await identifying.identified()
    second = await identifying.identified(user="user-2")
    newest, oldest = sorted(await identifying.bindings(), key=lambda one: one.state)
    assert (newest.attempt_id, newest.state) == (second.id, BindingState.ACTIVE)
    assert (oldest.attempt_id, oldest.state, oldest.reason) == (first.id, BindingState.CLOSED, "replaced")
    void = await identifying.message(f"{first.request_id}_void")
    assert void.body == {"code": first.identification_code, "reason": "replaced"}
    assert (await identifying.get(first)).state is State.IDENTIFIED
    assert identifying.story(oldest.id) == ["active", "closed"]


async def test_a_refusal_leaves_the_number_bound_as_it_was(identifying):
    await identifying.identified()
    refused = await identifying.pending(user="user-2")
    await identifying.answer(refused, "ABSENT")
    assert [binding.state for binding in await identifying.bindings()] == [BindingState.ACTIVE]


@pytest.mark.parametrize("stage", ["start", "pending", "registering"])
async def test_an_attempt_under_way_can_be_cancelled_once(identifying, stage):
    attempt = await getattr(identifying, stage)()
    cancelled = await identifying.cancel(attempt)
    assert (cancelled.state, cancelled.due_at) == (State.CANCELLED, None)
    with pytest.raises(IdentificationOverError):
        await identifying.cancel(attempt)
    await identifying.turn("2d")
    assert await identifying.get(attempt) == cancelled


async def test_what_another_service_has_is_not_there(identifying):
    attempt = await identifying.identified()

    def foreign_attempt(tx):
        return identifying.service.get(tx, "other", attempt.id)

    def foreign_binding(tx):
        return identifying.service.get_binding(tx, "other", attempt.binding_id)

    with pytest.raises(IdentificationNotFoundError):
        await identifying.database.run(foreign_attempt)
    with pytest.raises(BindingNotFoundError):
        await identifying.database.run(foreign_binding)


# Permission.


async def test_a_user_may_send_once_he_is_identified_and_not_after_another_took_his_number(identifying):
    async def permission(user):
        return await identifying.database.run(lambda tx: identifying.service.permission(tx, "demo", user))

    assert (await permission("user-1"))[0].reason == "not_identified"
    await identifying.registering()
    assert not (await permission("user-1"))[0].may_send
    first = await identifying.identified()
    found, binding = await permission("user-1")
    assert (found.may_send, found.reason, binding.id) == (True, None, first.binding_id)
    await identifying.identified(user="user-2")
    assert (await permission("user-1"))[0].reason == "closed"
    await identifying.identified("+70000000002")
    assert (await permission("user-1"))[0].may_send


@pytest.mark.parametrize("state", list(BindingState))
async def test_each_state_of_a_binding_allows_what_the_table_says(identifying, state):
    await identifying.identified()
    change = update(store.bindings).values(state=state)
    await identifying.database.run(lambda tx: tx.conn.execute(change))
    found, _ = await identifying.database.run(lambda tx: identifying.service.permission(tx, "demo", "user-1"))
    assert found == PERMISSIONS[state]
    assert found.may_send is (state not in (BindingState.SUSPENDED, BindingState.CLOSED))


# Restarts.


@pytest.mark.parametrize("stage", ["start", "pending", "registering"])
@pytest.mark.parametrize("away", ["10s", "25m", "2d"])
async def test_after_a_restart_the_attempt_goes_on_with_its_deadline_and_nothing_is_sent_twice(
    clock, assemble, sms, tmp_path, stage, away
):
    """The process is gone without a word; another one starts on its file."""

    async def process() -> tuple:
        database = Database(f"sqlite:///{tmp_path / 'lab.db'}", Journal())
        metadata.create_all(database.engine)
        database.start()
        gateway = assemble(database, sms, randomness=SeededRandomness(f"{clock.now()}"))
        return gateway, asyncio.create_task(gateway.ticker.run())

    async def end(gateway, ticking) -> None:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        await gateway.database.close()

    first, ticking = await process()
    attempt = await getattr(first, stage)()
    await end(first, ticking)
    clock.move_to(clock.now() + {"10s": 10_000, "25m": 25 * MINUTE, "2d": 2 * DAY}[away])
    second, ticking = await process()
    await second.turn("0s")
    found = await second.get(attempt)
    over_in = {"start": ("25m", "2d"), "pending": ("25m", "2d"), "registering": ("2d",)}[stage]
    assert found.state.over is (away in over_in)
    if not found.state.over:
        assert found == attempt
    assert len(sms.texts) == 1
    await end(second, ticking)
