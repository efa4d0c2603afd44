"""The attempt's machine: every state with every input, the deadlines to the millisecond, and no way out of an end."""

import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.identification.attempt import (
    ALLOWED,
    TERMINAL,
    TRANSITIONS,
    Attempt,
    Cancel,
    ConfirmationFailed,
    Confirmed,
    Effect,
    Eligible,
    Ineligible,
    Input,
    Outcome,
    Reason,
    Registered,
    Routed,
    State,
    Supersede,
    TimeUp,
    Unroutable,
    Verdict,
    judge,
    step,
)
from gateway.identification.profiles import Profile
from smsc_emulator.base.durations import MINUTE, SECOND, instant, parse

T0 = instant("2026-01-01T12:00:00Z")
DUE = T0 + 20 * MINUTE
PROFILE = Profile(name="test", title="Test")
STRICT = Profile(name="strict", title="Strict", on_register_failure="refuse")
WAITING = (State.CONFIRMING, State.PENDING, State.REGISTERING)

PRESENT = Verdict("PRESENT", T0, T0)
ABSENT = Verdict("ABSENT", T0, T0)
LATE = Verdict("PRESENT", DUE + 1, T0)
INPUTS: tuple[Input, ...] = (
    Eligible("cnf_1"),
    Ineligible(Reason.POLICY_HOLD),
    Confirmed(),
    ConfirmationFailed(),
    Routed("alpha"),
    Unroutable(),
    PRESENT,
    ABSENT,
    LATE,
    Registered("ent_1"),
    TimeUp(),
    Cancel(),
    Supersede(),
)
E, S, R = Effect, State, Reason

AT_ONCE: dict[tuple[State, Input], tuple[State, Reason | None, tuple[Effect, ...]]] = {
    (S.NEW, Eligible("cnf_1")): (S.CONFIRMING, None, ()),
    (S.NEW, Ineligible(R.POLICY_HOLD)): (S.REFUSED, R.POLICY_HOLD, ()),
    (S.CONFIRMING, Confirmed()): (S.ROUTING, None, ()),
    (S.CONFIRMING, ConfirmationFailed()): (S.REFUSED, R.CONFIRM_FAILED, ()),
    (S.CONFIRMING, Cancel()): (S.CANCELLED, None, (E.CLOSE_CONFIRMATION,)),
    (S.CONFIRMING, Supersede()): (S.SUPERSEDED, None, (E.CLOSE_CONFIRMATION,)),
    (S.ROUTING, Routed("alpha")): (S.PENDING, None, (E.ASK_OPERATOR,)),
    (S.ROUTING, Unroutable()): (S.REFUSED, R.UNROUTABLE, ()),
    (S.PENDING, PRESENT): (S.REGISTERING, None, (E.WITHDRAW_QUERY, E.HAND_OVER_CODE)),
    (S.PENDING, ABSENT): (S.REFUSED, R.ABSENT, (E.WITHDRAW_QUERY,)),
    (S.PENDING, LATE): (S.REFUSED, R.NO_ANSWER, (E.WITHDRAW_QUERY,)),
    (S.PENDING, Cancel()): (S.CANCELLED, None, (E.WITHDRAW_QUERY,)),
    (S.PENDING, Supersede()): (S.SUPERSEDED, None, (E.WITHDRAW_QUERY,)),
    (S.REGISTERING, Registered("ent_1")): (S.IDENTIFIED, None, (E.ACTIVATE_BINDING,)),
    (S.REGISTERING, Cancel()): (S.CANCELLED, None, (E.VOID_CODE,)),
    (S.REGISTERING, Supersede()): (S.SUPERSEDED, None, (E.VOID_CODE,)),
    (S.IDENTIFIED, Registered("ent_1")): (S.IDENTIFIED, None, (E.RECORD_ENTRY,)),
}
"""What is to happen before the deadline. A pair that is not here changes nothing."""


def attempt_in(state: State, **more: object) -> Attempt:
    attempt = Attempt("idn_1", "demo", "user-1", "+70000000001", "test", T0, T0, state)
    return replace(attempt, due_at=DUE if state in WAITING else None, **more)


@pytest.mark.parametrize(("state", "given"), list(product(State, INPUTS)), ids=str)
def test_every_state_and_input_leads_where_the_table_of_the_test_says(state, given):
    before = attempt_in(state)
    after, effects = step(before, given, T0, PROFILE)
    if (state, given) in AT_ONCE:
        assert (after.state, after.reason, effects) == AT_ONCE[state, given]
    else:
        assert (after, effects) == (before, ())


@pytest.mark.parametrize(
    ("state", "profile", "target", "reason", "effect"),
    [
        (S.CONFIRMING, PROFILE, S.REFUSED, R.CONFIRM_EXPIRED, E.CLOSE_CONFIRMATION),
        (S.PENDING, PROFILE, S.REFUSED, R.NO_ANSWER, E.WITHDRAW_QUERY),
        (S.REGISTERING, PROFILE, S.IDENTIFIED, None, E.ACTIVATE_BINDING),
        (S.REGISTERING, STRICT, S.REFUSED, R.REGISTER_FAILED, E.VOID_CODE),
    ],
)
def test_each_state_that_waits_gives_up_at_its_deadline_and_not_before(state, profile, target, reason, effect):
    before = attempt_in(state)
    assert step(before, TimeUp(), DUE - 1, profile) == (before, ())
    after, effects = step(before, TimeUp(), DUE, profile)
    assert (after.state, after.reason, effects) == (target, reason, (effect,))
    assert after.due_at is None


@pytest.mark.parametrize("state", sorted(set(State) - set(WAITING)))
def test_a_state_that_waits_for_nothing_has_no_deadline_to_miss(state):
    assert step(attempt_in(state), TimeUp(), DUE + MINUTE, PROFILE) == (attempt_in(state), ())


def test_never_do_two_lines_of_the_machine_fit():
    for state, given_input, now, profile in product(State, INPUTS, (T0, DUE - 1, DUE, DUE + 1), (PROFILE, STRICT)):
        before = attempt_in(state)
        fitting = [
            line
            for line in TRANSITIONS
            if line.source is state and line.given is type(given_input) and line.when(before, given_input, now, profile)
        ]
        assert len(fitting) <= 1, (state, given_input, now)


def test_every_way_ends():
    reachable = {S.NEW}
    for _ in State:
        reachable |= {line.target for line in TRANSITIONS if line.source in reachable}
    assert reachable == set(State)
    assert set(WAITING) == set(ALLOWED)
    assert all(line.target is line.source for line in TRANSITIONS if line.source in TERMINAL)


@pytest.mark.parametrize(
    ("after", "state", "reason", "outcome"),
    [
        ("19m59s", S.REGISTERING, None, Outcome.ACCEPTED),
        ("20m", S.REGISTERING, None, Outcome.ACCEPTED),
        ("20m1ms", S.REFUSED, R.NO_ANSWER, Outcome.LATE),
        ("20m1s", S.REFUSED, R.NO_ANSWER, Outcome.LATE),
    ],
)
def test_an_answer_received_at_20_00_000_is_in_time_and_at_20_00_001_late(after, state, reason, outcome):
    pending, _ = step(attempt_in(S.ROUTING), Routed("alpha"), T0, PROFILE)
    assert pending.due_at == DUE
    verdict = Verdict("PRESENT", T0 + parse(after), as_of=0)
    assert judge(pending, verdict.received_at) is outcome
    # It is read long after it was received; only the receipt counts.
    done, _ = step(pending, verdict, DUE + MINUTE, PROFILE)
    assert (done.state, done.reason) == (state, reason)


@pytest.mark.parametrize("skew", ["-1d", "-5m", "5m", "1d"])
def test_the_operators_own_clock_decides_nothing(skew):
    as_of = T0 + (-parse(skew[1:]) if skew[0] == "-" else parse(skew))
    done, _ = step(attempt_in(S.PENDING), Verdict("PRESENT", DUE, as_of), DUE, PROFILE)
    assert (done.state, done.as_of) == (S.REGISTERING, as_of)


def test_a_confirmation_at_its_last_instant_counts_and_one_after_it_does_not():
    in_time, _ = step(attempt_in(S.CONFIRMING), Confirmed(), DUE, PROFILE)
    late, _ = step(attempt_in(S.CONFIRMING), Confirmed(), DUE + 1, PROFILE)
    assert in_time.state is S.ROUTING
    assert (late.state, late.reason) == (S.REFUSED, R.CONFIRM_EXPIRED)


def test_each_state_that_waits_has_the_profiles_time():
    profile = Profile(name="test", title="Test", t_confirm_s=60, t_answer_s=120, t_register_cap_s=180)
    asked, _ = step(attempt_in(S.NEW), Eligible("cnf_1"), T0, profile)
    pending, _ = step(attempt_in(S.ROUTING), Routed("alpha"), T0, profile)
    registering, _ = step(attempt_in(S.PENDING), PRESENT, T0 + 1, profile)
    assert (asked.due_at, pending.due_at) == (T0 + 60 * SECOND, T0 + 120 * SECOND)
    assert registering.due_at == T0 + 1 + 180 * SECOND


def test_a_verdict_after_the_first_is_repeated_whatever_it_says_and_one_that_nobody_waits_for_is_late():
    registering, _ = step(attempt_in(S.PENDING), PRESENT, T0, PROFILE)
    refused, _ = step(attempt_in(S.PENDING), ABSENT, T0, PROFILE)
    cancelled, _ = step(attempt_in(S.PENDING), Cancel(), T0, PROFILE)
    silent, _ = step(attempt_in(S.PENDING), TimeUp(), DUE, PROFILE)
    assert [judge(one, T0) for one in (registering, refused)] == [Outcome.REPEATED] * 2
    assert [judge(one, T0) for one in (cancelled, silent)] == [Outcome.LATE] * 2


def test_a_late_verdict_leaves_no_answer_on_record():
    refused, _ = step(attempt_in(S.PENDING), LATE, DUE + 1, PROFILE)
    assert (refused.result, refused.answered_at) == (None, None)


def test_the_result_of_a_thousand_orders_of_late_inputs_is_one():
    late = [Verdict(result, DUE + n, T0) for n in range(1, 4) for result in ("PRESENT", "ABSENT")]
    inputs = [*late, TimeUp(), Registered("ent_1"), Confirmed()]
    outcomes = set()
    for seed in range(1000):
        random.Random(seed).shuffle(inputs)
        attempt = attempt_in(S.PENDING)
        for one in inputs:
            attempt, _ = step(attempt, one, DUE + 1, PROFILE)
        outcomes.add((attempt.state, attempt.reason, attempt.result))
    assert outcomes == {(S.REFUSED, R.NO_ANSWER, None)}


@settings(max_examples=300)
@given(
    st.sampled_from([PROFILE, STRICT]),
    st.lists(st.tuples(st.sampled_from(INPUTS), st.integers(0, 2 * 1200) | st.just(1200)), max_size=25),
)
def test_a_terminal_outcome_is_one_and_stays(profile, inputs):
    attempt, ends, now = attempt_in(S.NEW), [], T0
    for one, seconds in inputs:
        now += seconds * SECOND // 10
        before = attempt
        attempt, effects = step(attempt, one, now, profile)
        if attempt.state.over and attempt.state is not before.state:
            ends.append((attempt.state, attempt.reason))
        if before.state.over:
            assert (attempt.state, attempt.reason, attempt.result) == (before.state, before.reason, before.result)
            assert set(effects) <= {E.RECORD_ENTRY}
    assert len(ends) <= 1
    assert (attempt.reason is not None) == (attempt.state is S.REFUSED)
