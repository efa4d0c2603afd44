"""What is found afterwards: by appeals, and by comparing the codes in force with the operators' registers."""

import pytest
from sqlalchemy import select

from gateway.identification import appeals, breaches, codes, tables
from gateway.identification.appeals import AppealState
from gateway.identification.attempt import State
from gateway.identification.bindings import State as BindingState
from gateway.identification.errors import AppealOverError, AppealRefusedError, BindingStateError
from gateway.identification.notices import Taken
from gateway.lookup import outbox
from gateway.lookup import store as lookup_store
from smsc_emulator.base.durations import DAY, HOUR

# Appeals.


async def lodge(identifying, attempt):
    now, service = identifying.clock.now(), identifying.service
    return await identifying.database.run(lambda tx: service.appeals.lodge(tx, now, attempt))


async def decide(identifying, appeal, *, upheld):
    now, service = identifying.clock.now(), identifying.service
    return await identifying.database.run(lambda tx: service.appeals.decide(tx, now, appeal.id, upheld=upheld))


async def suspended(identifying):
    """Suspend a user by a wrong ABSENT, and return his binding and the re-check that was refused."""
    binding = await identifying.bound()
    await identifying.notice(binding)
    attempt = await identifying.recheck_of(binding)
    await identifying.answer(attempt, "ABSENT")
    return await identifying.binding(binding.id), await identifying.get(attempt)


async def test_a_wrong_block_is_undone_by_a_new_attempt_a_new_code_and_a_new_entry_and_history_stays(identifying):
    binding, refused = await suspended(identifying)
    appeal = await lodge(identifying, refused)
    await identifying.turn("2h")
    decided = await decide(identifying, appeal, upheld=True)
    restored = await identifying.binding(binding.id)
    assert (restored.state, restored.attempt_id) == (BindingState.ACTIVE, decided.restored_by)
    assert restored.identification_code not in (None, binding.identification_code)
    assert await identifying.permission() is None
    assert await identifying.get(refused) == refused
    attempt = await identifying.database.run(lambda tx: identifying.service.get(tx, "demo", decided.restored_by))
    assert (await identifying.enter(attempt, "ent_new")).entry_id == "ent_new"
    assert (await identifying.binding(binding.id)).entry_id == "ent_new"
    count = await identifying.database.run(appeals.count)
    assert (count.wrong_blocks, count.time_to_restore, count.open) == (1, 2 * HOUR, 0)


async def test_a_rejected_appeal_restores_nobody_and_is_the_last_word(identifying):
    binding, refused = await suspended(identifying)
    appeal = await lodge(identifying, refused)
    assert (await decide(identifying, appeal, upheld=False)).state is AppealState.REJECTED
    assert (await identifying.binding(binding.id)).state is BindingState.SUSPENDED
    assert (await identifying.database.run(appeals.count)).wrong_blocks == 0
    with pytest.raises(AppealOverError):
        await decide(identifying, appeal, upheld=True)
    with pytest.raises(AppealOverError):
        await lodge(identifying, refused)


async def test_only_what_an_operator_said_or_left_unsaid_can_be_appealed(identifying):
    attempt = await identifying.start()
    with pytest.raises(AppealRefusedError):
        await lodge(identifying, attempt)
    await identifying.turn("15m")
    with pytest.raises(AppealRefusedError):
        await lodge(identifying, await identifying.get(attempt))


async def test_nobody_is_restored_to_a_number_that_somebody_else_has_by_now(identifying):
    binding, refused = await suspended(identifying)
    appeal = await lodge(identifying, refused)
    await identifying.identified(user="user-2")
    with pytest.raises(BindingStateError):
        await decide(identifying, appeal, upheld=True)
    assert (await identifying.binding(binding.id)).state is BindingState.CLOSED


# The comparison of registers.


async def compare(identifying, *pages):
    """Begin a comparison with alpha, whose register has these pages of codes; return what differs."""
    now, service = identifying.clock.now(), identifying.service

    def begin(tx):
        service.reconciliation.plan(tx, now - DAY, ["alpha"], DAY)
        tx.conn.execute(tables.reconciliations.update().values(due_at=now))
        return service.reconciliation.begin(tx, now, DAY)

    assert await identifying.database.run(begin) == 1
    for number, page in enumerate(pages, 1):
        listing = outbox.MESSAGES.selected.where(
            lookup_store.operator_messages.c.kind == outbox.LISTING, lookup_store.operator_messages.c.acked_at.is_(None)
        )
        message = await identifying.database.run(
            lambda tx, query=listing: outbox.MESSAGES.of(tx, tx.conn.execute(query).one())
        )
        answer = {"entries": list(page), "next": f"page-{number}" if number < len(pages) else None}

        def take(tx, message=message, answer=answer):
            outbox.acknowledge(tx, now, message.id, answer)
            service.acknowledged(tx, now, message, answer)

        await identifying.database.run(take)
    kinds = select(tables.differences.c.kind).order_by(tables.differences.c.at, tables.differences.c.kind)
    return await identifying.database.run(lambda tx: list(tx.conn.execute(kinds).scalars()))


def entry(binding, **other):
    listed = {"code": binding.identification_code, "phone_number": binding.phone_number, "service_id": "demo"}
    return {"entry_id": "ent_1", **listed, **other}


async def test_registers_that_are_the_same_differ_in_nothing_over_several_pages(identifying):
    first = await identifying.bound()
    second = await identifying.bound("+70000000002", "user-2")
    await identifying.turn("1s")
    assert await compare(identifying, [entry(first)], [entry(second)]) == []
    assert [one.state for one in await identifying.bindings()] == [BindingState.ACTIVE] * 2


async def test_a_missing_entry_is_a_notice_that_was_never_sent_and_a_breach_when_none_comes_in_a_day(identifying):
    binding = await identifying.bound()
    await identifying.turn("1h")
    assert await compare(identifying, []) == ["missing"]
    assert (await identifying.binding(binding.id)).state is BindingState.RECHECK
    assert await identifying.database.run(breaches.page) == []
    await identifying.turn("25h")
    assert await compare(identifying, []) == ["missing"]
    (breach,) = await identifying.database.run(breaches.page)
    assert (breach.rule, breach.side, breach.party) == ("T_notice", "operator", "alpha")
    await identifying.turn("1d")
    await compare(identifying, [])
    assert len(await identifying.database.run(breaches.page)) == 1


async def test_a_notice_that_comes_after_the_comparison_begins_no_second_recheck_and_saves_the_operator(identifying):
    binding = await identifying.bound()
    ended_at = identifying.clock.now()
    await identifying.turn("1h")
    await compare(identifying, [])
    attempt = await identifying.recheck_of(binding)
    await identifying.answer(attempt)
    await identifying.enter(await identifying.get(attempt), "ent_2")
    assert await identifying.notice(binding, ended_at=ended_at) is Taken.NOTHING_STANDS
    await identifying.turn("25h")
    renewed = await identifying.binding(binding.id)
    await compare(identifying, [entry(renewed)])
    assert await identifying.database.run(breaches.page) == []
    assert renewed.state is BindingState.ACTIVE


async def test_an_entry_of_a_code_that_was_taken_back_is_taken_back_once_more(identifying):
    binding = await identifying.bound()
    await identifying.identified(user="user-2")
    await identifying.turn("1h")
    (_, now_bound) = sorted(await identifying.bindings(), key=lambda one: one.user_id)
    assert await compare(identifying, [entry(binding), entry(now_bound)]) == ["left_open"]
    assert await identifying.message(f"{binding.request_id}_void_again") is not None


@pytest.mark.parametrize(
    ("other", "kinds"),
    [({"code": "NEVERMADE"}, ["missing", "unknown"]), ({"service_id": "other"}, ["differing", "missing"])],
)
async def test_what_is_listed_otherwise_than_it_was_handed_over_is_on_record(identifying, other, kinds):
    binding = await identifying.bound()
    await identifying.turn("1h")
    assert await compare(identifying, [entry(binding, **other)]) == kinds


async def test_a_code_that_is_on_its_way_is_not_missed(identifying):
    attempt = await identifying.registering()
    await identifying.turn("1h")
    assert await compare(identifying, []) == []
    code = await identifying.database.run(lambda tx: codes.find(tx, attempt.identification_code))
    assert (code.over_at, (await identifying.get(attempt)).state) == (None, State.REGISTERING)
