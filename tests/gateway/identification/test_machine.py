"""The attempt's machine: every state with every input, the deadlines to the millisecond, and no way out of an end."""

import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.identification.attempt import (
    HINTS,
    RESPONSIBLE,
    TERMINAL,
    Attempt,
    Cancel,
    ConfirmationFailed,
    Confirmed,
    Corrected,
    Eligible,
    Ineligible,
    Input,
    Noticed,
    Outcome,
    Reason,
    Registered,
    Routed,
    State,
    Supersede,
    Taken,
    TimeUp,
    Verdict,
)
from gateway.identification.machine import ALLOWED, TRANSITIONS, Effect, judge, step
from gateway.identification.profiles import Profile
from smsc_emulator.base.durations import MINUTE, SECOND, instant, parse

T0 = instant("2026-01-01T12:00:00Z")
DUE = T0 + 20 * MINUTE
PROFILE = Profile(name="test", title="Test")
STRICT = Profile(name="strict", title="Strict", on_register_failure="refuse")
ALONG = Profile(name="along", title="The code goes along", code_phase="with_request", t0="transport_ack")
STEADY = Profile(name="steady", title="Nothing is asked twice", max_reroute=0)
PROFILES = (PROFILE, STRICT, ALONG, STEADY)
WAITING = (State.CONFIRMING, State.PENDING, State.REGISTERING)

PRESENT = Verdict("PRESENT", T0, T0)
ABSENT = Verdict("ABSENT", T0, T0)
LATE = Verdict("PRESENT", DUE + 1, T0)
ELSEWHERE = Verdict("PRESENT", T0, T0, elsewhere=True)
ENTERED = Verdict("PRESENT", T0, T0, entry_id="ent_0")
MISMATCH = Verdict("PRESENT", T0, T0, match={"family_name": "false", "given_name": "true"})
INPUTS: tuple[Input, ...] = (
    Eligible("cnf_1"),
    Eligible(None),
    Eligible(None, "self"),
    Ineligible(Reason.POLICY_HOLD),
    Confirmed(),
    ConfirmationFailed(),
    Routed("alpha"),
    Taken(),
    PRESENT,
    ABSENT,
    LATE,
    ELSEWHERE,
    ENTERED,
    MISMATCH,
    Noticed(T0 + 1),
    Noticed(T0),
    Corrected("alpha"),
    Registered("ent_1"),
    TimeUp(),
    Cancel(),
    Supersede(),
)
E, S, R = Effect, State, Reason
BACK = (E.WITHDRAW_QUERY, E.VOID_CODE)

AT_ONCE: dict[tuple[State, Input], tuple[State, Reason | None, tuple[Effect, ...]]] = {
    (S.NEW, Eligible("cnf_1")): (S.CONFIRMING, None, ()),
    (S.NEW, Eligible(None)): (S.ROUTING, None, ()),
    (S.NEW, Eligible(None, "self")): (S.IDENTIFIED, None, (E.ACTIVATE_BINDING,)),
    (S.NEW, Ineligible(R.POLICY_HOLD)): (S.REFUSED, R.POLICY_HOLD, ()),
    (S.NEW, Corrected("alpha")): (S.IDENTIFIED, None, (E.HAND_OVER_CODE, E.ACTIVATE_BINDING)),
    (S.CONFIRMING, Confirmed()): (S.ROUTING, None, ()),
    (S.CONFIRMING, ConfirmationFailed()): (S.REFUSED, R.CONFIRM_FAILED, ()),
    (S.CONFIRMING, Cancel()): (S.CANCELLED, None, (E.CLOSE_CONFIRMATION,)),
    (S.CONFIRMING, Supersede()): (S.SUPERSEDED, None, (E.CLOSE_CONFIRMATION,)),
    (S.ROUTING, Routed("alpha")): (S.PENDING, None, (E.ASK_OPERATOR,)),
    (S.ROUTING, Ineligible(R.POLICY_HOLD)): (S.REFUSED, R.POLICY_HOLD, ()),
    (S.PENDING, PRESENT): (S.REGISTERING, None, (E.WITHDRAW_QUERY, E.HAND_OVER_CODE)),
    (S.PENDING, ABSENT): (S.REFUSED, R.ABSENT, BACK),
    (S.PENDING, LATE): (S.REFUSED, R.NO_ANSWER, BACK),
    (S.PENDING, ELSEWHERE): (S.ROUTING, None, BACK),
    (S.PENDING, ENTERED): (S.IDENTIFIED, None, (E.WITHDRAW_QUERY, E.ACTIVATE_BINDING)),
    (S.PENDING, MISMATCH): (S.REFUSED, R.MISMATCH, BACK),
    (S.PENDING, Noticed(T0)): (S.PENDING, None, ()),
    (S.PENDING, Noticed(T0 + 1)): (S.PENDING, None, ()),
    (S.PENDING, Cancel()): (S.CANCELLED, None, BACK),
    (S.PENDING, Supersede()): (S.SUPERSEDED, None, BACK),
    (S.REGISTERING, Noticed(T0 + 1)): (S.ROUTING, None, (E.VOID_CODE,)),
    (S.REGISTERING, Registered("ent_1")): (S.IDENTIFIED, None, (E.ACTIVATE_BINDING,)),
    (S.REGISTERING, Cancel()): (S.CANCELLED, None, (E.VOID_CODE,)),
    (S.REGISTERING, Supersede()): (S.SUPERSEDED, None, (E.VOID_CODE,)),
    (S.IDENTIFIED, Registered("ent_1")): (S.IDENTIFIED, None, (E.RECORD_ENTRY,)),
}
"""What is to happen before the deadline. A pair that is not here changes nothing."""


def attempt_in(state: State, **more: object) -> Attempt:
    attempt = Attempt("idn_1", "demo", "user-1", "+70000000001", "test", T0, T0, state)
    answered = T0 if state is State.REGISTERING else None
    return replace(attempt, due_at=DUE if state in WAITING else None, as_of=answered, **more)


@pytest.mark.parametrize(("state", "given"), list(product(State, INPUTS)), ids=str)
def test_every_state_and_input_leads_where_the_table_of_the_test_says(state, given):
    before = attempt_in(state)
    after, effects = step(before, given, T0, PROFILE)
    if (state, given) in AT_ONCE:
        assert (after.state, after.reason, effects) == AT_ONCE[state, given]
    else:
        assert (after, effects) == (before, ())


@pytest.mark.parametrize(
    ("state", "profile", "target", "reason", "effects_wanted"),
    [
        (S.CONFIRMING, PROFILE, S.REFUSED, R.CONFIRM_EXPIRED, (E.CLOSE_CONFIRMATION,)),
        (S.PENDING, PROFILE, S.REFUSED, R.NO_ANSWER, BACK),
        (S.REGISTERING, PROFILE, S.IDENTIFIED, None, (E.ACTIVATE_BINDING,)),
        (S.REGISTERING, STRICT, S.REFUSED, R.REGISTER_FAILED, (E.VOID_CODE,)),
    ],
)
def test_each_state_that_waits_gives_up_at_its_deadline_and_not_before(state, profile, target, reason, effects_wanted):
    before = attempt_in(state)
    assert step(before, TimeUp(), DUE - 1, profile) == (before, ())
    after, effects = step(before, TimeUp(), DUE, profile)
    assert (after.state, after.reason, effects) == (target, reason, effects_wanted)
    assert after.due_at is None


@pytest.mark.parametrize("state", sorted(set(State) - set(WAITING)))
def test_a_state_that_waits_for_nothing_has_no_deadline_to_miss(state):
    assert step(attempt_in(state), TimeUp(), DUE + MINUTE, PROFILE) == (attempt_in(state), ())


def test_never_do_two_lines_of_the_machine_fit():
    befores = [attempt_in(state, **more) for state in State for more in ({}, {"mode": "self"}, {"ended_at": T0 + 1})]
    for before, given_input, now, profile in product(befores, INPUTS, (T0, DUE - 1, DUE, DUE + 1), PROFILES):
        fitting = [
            line
            for line in TRANSITIONS
            if line.source is before.state
            and line.given is type(given_input)
            and line.when(before, given_input, now, profile)
        ]
        assert len(fitting) <= 1, (before.state, given_input, now)


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
    assert judge(asked(pending), "req_1", verdict.received_at, answered=False) is outcome
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


def asked(attempt: Attempt) -> Attempt:
    return replace(attempt, request_id="req_1")


def test_a_verdict_after_the_first_is_repeated_whatever_it_says_and_one_that_nobody_waits_for_is_late():
    pending = asked(attempt_in(S.PENDING))
    registering, _ = step(pending, PRESENT, T0, PROFILE)
    cancelled, _ = step(pending, Cancel(), T0, PROFILE)
    silent, _ = step(pending, TimeUp(), DUE, PROFILE)
    assert judge(registering, "req_1", T0, answered=True) is Outcome.REPEATED
    assert [judge(one, "req_1", T0, answered=False) for one in (cancelled, silent)] == [Outcome.LATE] * 2
    assert judge(pending, "req_0", T0, answered=False) is Outcome.LATE
    assert judge(pending, "req_1", T0, answered=False) is Outcome.ACCEPTED


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
    st.sampled_from(PROFILES),
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


# Re-checks, and answers that are out of date.


@pytest.mark.parametrize("mode", ["self", "confirm_only", "no_procedure"])
def test_where_no_operator_identifies_a_confirmed_number_is_all(mode):
    confirming, _ = step(attempt_in(S.NEW), Eligible("cnf_1", mode), T0, PROFILE)
    done, effects = step(confirming, Confirmed(), T0, PROFILE)
    assert (done.state, done.mode, done.request_id, effects) == (S.IDENTIFIED, mode, None, (E.ACTIVATE_BINDING,))


@pytest.mark.parametrize(("state", "until"), [(S.NEW, DUE - 1), (S.ROUTING, DUE - 1), (S.PENDING, T0 + MINUTE)])
def test_the_deadline_of_the_whole_cuts_that_of_each_state(state, until):
    inputs = {S.NEW: Eligible("cnf_1"), S.ROUTING: Routed("alpha"), S.PENDING: PRESENT}
    slow = Profile(name="slow", title="Slow", t_confirm_s=3600, t_answer_s=3600)
    after, _ = step(attempt_in(state, until=until), inputs[state], T0, slow)
    assert after.due_at == until


@pytest.mark.parametrize("verdict", [ELSEWHERE, replace(ELSEWHERE, result="ABSENT")], ids=["present", "absent"])
def test_what_the_former_operator_says_of_a_number_that_moved_is_asked_of_the_new_one_with_a_time_of_its_own(verdict):
    routing, _ = step(attempt_in(S.PENDING), verdict, T0 + MINUTE, PROFILE)
    pending, effects = step(routing, Routed("beta"), T0 + MINUTE, PROFILE)
    assert (pending.state, pending.operator_id, pending.due_at) == (S.PENDING, "beta", DUE + MINUTE)
    assert (pending.result, pending.fresh_queries, effects) == (None, 1, (E.ASK_OPERATOR,))
    done, _ = step(pending, PRESENT, T0 + MINUTE, PROFILE)
    assert done.state is S.REGISTERING


@pytest.mark.parametrize(
    ("result", "profile", "reason"),
    [
        ("ABSENT", STEADY, R.ABSENT),
        ("PRESENT", STEADY, R.TERMINATED_DURING),
    ],
)
def test_where_nothing_is_asked_twice_the_former_operators_absent_stands_and_its_present_does_not(
    result, profile, reason
):
    refused, _ = step(attempt_in(S.PENDING), replace(ELSEWHERE, result=result), T0, profile)
    assert (refused.state, refused.reason) == (S.REFUSED, reason)


@pytest.mark.parametrize(("as_of", "state"), [(T0 - 1, S.ROUTING), (T0, S.REGISTERING), (T0 + 1, S.REGISTERING)])
def test_an_answer_of_before_the_end_of_the_contract_identifies_nobody_and_is_asked_afresh_once(as_of, state):
    pending, _ = step(attempt_in(S.PENDING, operator_id="alpha"), Noticed(T0), T0, PROFILE)
    after, _ = step(pending, replace(PRESENT, as_of=as_of), T0, PROFILE)
    assert after.state is state
    if state is S.ROUTING:
        again, _ = step(after, Routed("alpha"), T0, PROFILE)
        refused, _ = step(again, replace(PRESENT, as_of=as_of), T0, PROFILE)
        assert (refused.state, refused.reason) == (S.REFUSED, R.TERMINATED_DURING)


def test_absent_after_a_notice_tells_that_the_contract_ended_meanwhile():
    pending, _ = step(attempt_in(S.PENDING), Noticed(T0), T0, PROFILE)
    refused, _ = step(pending, ABSENT, T0, PROFILE)
    assert (refused.reason, refused.hint) == (R.TERMINATED_DURING, "sign_a_contract")


def test_what_one_operator_told_of_its_contract_does_not_count_against_the_next_ones_answer():
    pending, _ = step(attempt_in(S.PENDING, operator_id="alpha"), Noticed(T0 + MINUTE), T0, PROFILE)
    routing, _ = step(pending, ELSEWHERE, T0, PROFILE)
    at_beta, _ = step(routing, Routed("beta"), T0, PROFILE)
    assert step(at_beta, PRESENT, T0, PROFILE)[0].state is S.REGISTERING


def test_a_notice_while_registering_that_is_older_than_the_answer_changes_nothing_and_a_second_fresh_one_refuses():
    registering = attempt_in(S.REGISTERING)
    assert step(registering, Noticed(T0), T0, PROFILE) == (registering, ())
    refused, effects = step(replace(registering, fresh_queries=1), Noticed(T0 + 1), T0, PROFILE)
    assert (refused.state, refused.reason, effects) == (S.REFUSED, R.TERMINATED_DURING, (E.VOID_CODE,))


# The profile's other questions.


def test_a_code_that_goes_along_is_made_before_the_operator_is_asked():
    _, effects = step(attempt_in(S.ROUTING), Routed("alpha"), T0, ALONG)
    assert effects == (E.ISSUE_CODE, E.ASK_OPERATOR)


def test_the_time_to_answer_runs_from_the_first_try_or_from_the_taking():
    pending = attempt_in(S.PENDING)
    assert step(pending, Taken(), T0 + MINUTE, PROFILE) == (pending, ())
    taken, _ = step(pending, Taken(), T0 + MINUTE, ALONG)
    assert (taken.state, taken.due_at) == (S.PENDING, DUE + MINUTE)
    assert step(pending, Taken(), DUE, ALONG)[0].due_at == DUE + DUE - T0
    assert step(pending, Taken(), DUE + 1, ALONG) == (pending, ())


def test_grace_is_added_to_the_time_to_answer():
    lenient = Profile(name="lenient", title="Lenient", grace_ms=500)
    pending, _ = step(attempt_in(S.ROUTING), Routed("alpha"), T0, lenient)
    assert pending.due_at == DUE + 500


@pytest.mark.parametrize(
    ("match", "state", "matched"),
    [
        ({"family_name": "true", "birth_date": "not_available"}, S.REGISTERING, True),
        ({"family_name": "not_available"}, S.REGISTERING, False),
        ({"family_name": "true", "birth_date": "false"}, S.REFUSED, False),
    ],
)
def test_one_attribute_that_differs_refuses_and_one_that_fits_is_a_match(match, state, matched):
    after, _ = step(attempt_in(S.PENDING), replace(PRESENT, match=match), T0, PROFILE)
    assert (after.state, after.matched) == (state, matched)
    if state is S.REFUSED:
        assert (after.reason, after.hint) == (R.MISMATCH, "change_number")


def test_every_refusal_has_a_party_that_is_responsible():
    assert set(RESPONSIBLE) == set(Reason)
    assert set(HINTS) <= set(Reason)
