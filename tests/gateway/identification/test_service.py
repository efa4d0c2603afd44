"""Identification on the database: from the number to the binding, and every way it can end otherwise."""

import asyncio
import random
from contextlib import ExitStack

import pytest
from sqlalchemy import select

from gateway.identification import store
from gateway.identification.attempt import Outcome, Reason, State
from gateway.identification.bindings import State as BindingState
from gateway.identification.profiles import ProfileError
from gateway.lookup import porting
from smsc_emulator.base.database import Database
from smsc_emulator.base.durations import MINUTE, iso
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.randomness import SeededRandomness


async def letters(database: Database) -> list[tuple[str, str, str | None]]:
    columns = store.dead_letters.c
    query = select(columns.outcome, columns.operator_id, columns.attempt_id).order_by(columns.received_at)
    return await database.run(lambda tx: [tuple(row) for row in tx.conn.execute(query)])


async def test_a_confirmed_number_that_its_operator_has_identifies_its_user(identifying):
    attempt = await identifying.identified()
    assert attempt.state is State.IDENTIFIED
    assert (attempt.operator_id, attempt.entry_id, attempt.due_at) == ("alpha", "ent_1", None)
    (binding,) = await identifying.bindings()
    assert (binding.id, binding.state, binding.user_id) == (attempt.binding_id, BindingState.ACTIVE, "user-1")
    assert binding.identification_code == attempt.identification_code
    assert identifying.story(attempt.id) == [
        "created",
        "confirming",
        "routing",
        "pending",
        "verdict",
        "registering",
        "identified",
    ]


async def test_the_events_show_the_attempt_as_it_was_and_never_its_code(identifying):
    attempt = await identifying.identified()
    events = {event.type: event.data for event in identifying.events(attempt.id)}
    created = events["identification.created"]["identification"]
    pending = events["identification.pending"]["identification"]
    assert (created["state"], created["confirmation"]) == ("NEW", None)
    assert (pending["state"], pending["operator_id"]) == ("PENDING", "alpha")
    assert pending["confirmation"]["state"] == "confirmed"
    assert pending["deadline_at"] == iso(identifying.clock.now() + 20 * MINUTE)
    assert events["identification.identified"]["identification"]["deadline_at"] is None
    everything = str(identifying.database.journal.since(0, 1000))
    assert attempt.identification_code not in everything
    assert identifying.sms.code not in everything


async def test_the_query_and_the_code_carry_what_the_operator_needs_and_no_more(identifying):
    attempt = await identifying.registering()
    query = await identifying.message(attempt.request_id)
    code = await identifying.message(f"{attempt.request_id}_code")
    now = identifying.clock.now()
    assert query.body == {
        "request_id": attempt.request_id,
        "attempt_id": attempt.id,
        "service_id": "demo",
        "phone_number": attempt.phone_number,
        "mode": "presence",
        "sent_at": iso(now),
        "deadline_at": iso(now + 20 * MINUTE),
    }
    assert query.withdrawn_at == now
    assert code.body == {
        "code": attempt.identification_code,
        "request_id": attempt.request_id,
        "phone_number": attempt.phone_number,
        "service_id": "demo",
        "service_name": "Demo messenger",
    }


async def test_an_absent_subscriber_is_refused_and_no_code_is_made(identifying):
    attempt = await identifying.pending()
    assert await identifying.answer(attempt, "ABSENT") is Outcome.ACCEPTED
    refused = await identifying.get(attempt)
    assert (refused.state, refused.reason) == (State.REFUSED, Reason.ABSENT)
    assert refused.identification_code is None
    assert await identifying.message(f"{attempt.request_id}_code") is None


async def test_silence_is_refusal_after_twenty_minutes_to_the_millisecond(identifying):
    attempt = await identifying.pending()
    await identifying.turn("19m59s999ms")
    assert (await identifying.get(attempt)).state is State.PENDING
    await identifying.turn("1ms")
    refused = await identifying.get(attempt)
    assert (refused.state, refused.reason) == (State.REFUSED, Reason.NO_ANSWER)
    assert (await identifying.message(attempt.request_id)).withdrawn_at == identifying.clock.now()


async def test_after_silence_the_user_may_start_again_at_once(identifying):
    first = await identifying.pending()
    await identifying.turn("20m")
    assert (await identifying.identified()).state is State.IDENTIFIED
    assert (await identifying.get(first)).reason is Reason.NO_ANSWER


async def test_a_number_of_no_operator_is_unroutable_and_nobody_is_asked(identifying):
    attempt = await identifying.check(await identifying.start("+70009000001"))
    assert (attempt.state, attempt.reason) == (State.REFUSED, Reason.UNROUTABLE)
    assert attempt.request_id is None


async def test_a_ported_number_is_asked_about_at_its_present_operator(identifying):
    plan = identifying.service._course._plan
    await identifying.database.run(lambda tx: porting.move(tx, plan, "+70000000001", "beta"))
    assert (await identifying.pending()).operator_id == "beta"


@pytest.mark.parametrize("profile", ["past"])
async def test_nothing_begins_under_a_profile_that_is_not_in_force(identifying):
    attempt = await identifying.start()
    assert (attempt.state, attempt.reason) == (State.REFUSED, Reason.POLICY_HOLD)
    assert identifying.sms.texts == []
    assert identifying.story(attempt.id) == ["created", "refused"]


def test_a_profile_that_is_not_there_is_told_with_those_that_are(assemble):
    with pytest.raises(ProfileError, match=r"no profile ru-1; known profiles: .*past, .*sms-only, strict"):
        assemble(Database("sqlite://", Journal()), None, "ru-1")


# Verdicts.


@pytest.mark.parametrize("second", ["PRESENT", "ABSENT"])
async def test_the_first_verdict_wins_and_a_contradiction_is_on_record(identifying, second):
    attempt = await identifying.identified()
    assert await identifying.answer(attempt, second) is Outcome.REPEATED
    assert await identifying.get(attempt) == attempt
    assert await letters(identifying.database) == [("repeated", "alpha", attempt.id)]
    assert identifying.events(attempt.id)[-1].data["contradicts"] is (second == "ABSENT")


@pytest.mark.parametrize("after", ["30s", "1d"])
async def test_a_verdict_after_the_refusal_changes_nothing(identifying, after):
    attempt = await identifying.pending()
    await identifying.turn("20m")
    refused = await identifying.get(attempt)
    await identifying.turn(after)
    assert await identifying.answer(attempt) is Outcome.LATE
    assert await identifying.get(attempt) == refused
    assert await letters(identifying.database) == [("late", "alpha", attempt.id)]
    assert await identifying.bindings() == []


async def test_what_an_operator_was_not_asked_changes_nothing_and_reaches_no_deadline(identifying):
    mine = await identifying.pending()
    other = await identifying.pending("+70000000002", "user-2")
    outcomes = [
        await identifying.answer(mine, number=other.phone_number),
        await identifying.answer(mine, request_id="req_unknown"),
        await identifying.answer(mine, operator_id="beta"),
        await identifying.answer(mine, "ABSENT", request_id=other.request_id),
    ]
    assert outcomes == [Outcome.FOREIGN] * 4
    assert await identifying.get(mine) == mine
    assert await identifying.get(other) == other
    assert {letter[2] for letter in await letters(identifying.database)} == {None}
    assert await identifying.answer(mine) is Outcome.ACCEPTED


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the machine is searched, not the engine
@pytest.mark.parametrize("hundred", range(10))
async def test_the_receipt_decides_in_a_thousand_orders_of_verdict_and_deadline(identifying, hundred):
    """A verdict counts as being read from its receipt on; how long that takes and what runs first is chance."""
    receipts = {-1000: State.REGISTERING, 0: State.REGISTERING, 1: State.REFUSED, 1000: State.REFUSED}

    async def read(attempt, offset, delay, work):
        for _ in range(delay):
            await identifying.get(attempt)
        await identifying.answer(attempt, at=attempt.due_at + offset)
        work.close()

    for seed in range(100):
        order = random.Random(100 * hundred + seed)
        (attempt,) = await identifying.pending_many(["+70000000001"])
        identifying.clock.move_to(attempt.due_at)
        offset, work = order.choice(list(receipts)), ExitStack()
        if offset <= 0:
            work.enter_context(identifying.activity.track(is_input=True))
        acts = [read(attempt, offset, order.randrange(6), work), identifying.turn("0s"), identifying.turn("1ms")]
        order.shuffle(acts)
        await asyncio.gather(*acts)
        found = await identifying.get(attempt)
        assert found.state is receipts[offset]
        assert found.reason is (Reason.NO_ANSWER if offset > 0 else None)


# The register.


async def test_without_an_entry_for_a_day_the_binding_is_active_and_its_entry_follows(identifying):
    attempt = await identifying.registering()
    await identifying.turn("23h59m59s999ms")
    assert (await identifying.get(attempt)).state is State.REGISTERING
    await identifying.turn("1ms")
    done = await identifying.get(attempt)
    assert (done.state, done.entry_id) == (State.IDENTIFIED, None)
    await identifying.enter(attempt, "ent_late")
    (binding,) = await identifying.bindings()
    assert (binding.state, binding.entry_id) == (BindingState.ACTIVE, "ent_late")
    assert (await identifying.get(attempt)).entry_id == "ent_late"
    assert identifying.story(binding.id) == ["active", "entered"]


@pytest.mark.parametrize("profile", ["strict"])
async def test_where_an_entry_is_needed_a_day_without_it_refuses_and_voids_the_code(identifying):
    attempt = await identifying.registering()
    await identifying.turn("24h")
    refused = await identifying.get(attempt)
    assert (refused.state, refused.reason) == (State.REFUSED, Reason.REGISTER_FAILED)
    void = await identifying.message(f"{attempt.request_id}_void")
    assert void.body == {"code": attempt.identification_code, "reason": "register_failed"}
    assert await identifying.enter(attempt) == refused
    assert await identifying.bindings() == []


async def test_an_attempt_ends_under_the_profile_of_its_start(identifying, assemble):
    attempt = await identifying.registering()
    stricter = assemble(identifying.database, identifying.sms, "strict", SeededRandomness("next"))
    await stricter.turn("24h")
    assert (await identifying.get(attempt)).state is State.IDENTIFIED


async def test_a_code_that_was_drawn_before_is_drawn_again(identifying):
    first = await identifying.registering()

    class Repeating(SeededRandomness):
        def token(self, length: int) -> str:
            return drawn.pop(0).lower() if length == 24 and drawn else super().token(length)

    drawn = [first.identification_code]
    identifying.service._entries._randomness = Repeating("again")
    second = await identifying.registering("+70000000002")
    assert drawn == []
    assert len({first.identification_code, second.identification_code}) == 2
