"""Signals of pumping: what is seen, what is done about it, and what stays of a start that was refused."""

from collections.abc import Iterator
from typing import Any

import pytest
from asking import Asked, memory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from confirm import limits_store, pumping
from confirm.challenge import State
from confirm.errors import ChallengeRequiredError, NumberRefusedError, StartRefusedError
from confirm.gate import Admission, Gate, recording_refusals
from confirm.pumping import Signal
from confirm.settings import ConfirmationSettings
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import MINUTE

NOW = 1_767_268_800_000
HOUR = 60 * MINUTE


@pytest.fixture
def tx() -> Iterator[Tx]:
    with memory() as tx:
        yield tx


def gate(**looks: Any) -> Gate:
    return Gate(ConfirmationSettings(pumping=looks))


def numbers(*ends: int) -> list[str]:
    return [f"+7000100{end:04d}" for end in ends]


def start(gate: Gate, tx: Tx, asked: Asked, now: int = NOW) -> Admission | None:
    """Ask for a start as a service does; None: it was refused."""
    try:
        return gate.admit(tx, now, asked)
    except StartRefusedError as error:
        if error.refusal is not None:
            gate.record_refusal(tx, now, error.refusal)
        return None


def end(gate: Gate, tx: Tx, state: State, times: int, **members: Any) -> None:
    for _ in range(times):
        gate.over(tx, NOW, Asked(state=state, **members))


def signals(tx: Tx) -> list[dict[str, Any]]:
    assert {(event.type, event.subject) for event in tx.events} <= {("confirmation.signal", "+7000100")}
    return [dict(event.data) for event in tx.events]


# Numbers that follow each other


@given(st.sets(st.integers(0, 60)), st.integers(0, 60))
def test_a_row_is_as_long_as_one_can_walk_in_steps_of_two(present: set[int], at: int) -> None:
    reachable = {at}
    while more := {n for n in present for r in reachable if 0 < abs(n - r) <= 2} - reachable:
        reachable |= more
    others = [f"+7000999{n:04d}" for n in present]
    assert pumping.in_a_row(f"+7000999{at:04d}", others) == len(reachable)


@given(st.integers(0, 9_999), st.integers(2, 12))
def test_no_row_reaches_further_than_is_looked(at: int, sequential: int) -> None:
    lowest, highest = pumping.reach(f"+7000100{at:04d}", sequential)
    row = [f"+{70001000000 + at + 2 * step:011d}" for step in range(1 - sequential, sequential)]
    assert all(lowest <= number <= highest for number in row)
    assert int(highest) - int(lowest) <= 4 * sequential


def test_numbers_of_other_lengths_follow_none() -> None:
    assert pumping.in_a_row("+7000100", ["+7000101", "+70001001", "+7000102", "+7000104", "+7000107"]) == 4


def test_the_tenth_number_of_a_row_is_seen_in_whatever_order_they_come(tx: Tx) -> None:
    door = gate(on_sequential="deny")
    for number in numbers(0, 18, 4, 14, 2, 6, 16, 12, 10):
        assert start(door, tx, Asked(number)) == Admission()
    with pytest.raises(NumberRefusedError, match="not confirmed for now") as refused:
        door.admit(tx, NOW, Asked(*numbers(8)))
    assert refused.value.refusal is not None
    assert refused.value.refusal.signals == (Signal("sequential", "deny", 10),)


def test_a_row_that_is_refused_goes_on_being_refused(tx: Tx) -> None:
    door = gate(on_sequential="deny")
    admitted = [start(door, tx, Asked(number)) for number in numbers(*range(100))]
    assert [bool(one) for one in admitted] == [True] * 9 + [False] * 91


def test_numbers_far_from_each_other_or_from_another_prefix_are_no_row(tx: Tx) -> None:
    door = gate(on_sequential="deny")
    for number in [*numbers(*range(0, 90, 3)), *(f"+{70000999991 + step}" for step in range(9))]:
        assert start(door, tx, Asked(number)) == Admission()
    assert start(door, tx, Asked("+70001000000")) == Admission()
    assert signals(tx) == []


def test_the_same_number_again_and_again_is_no_row(tx: Tx) -> None:
    door = gate(on_sequential="deny")
    for _ in range(30):
        assert start(door, tx, Asked()) == Admission()


def test_a_row_is_of_one_service_and_of_the_time_that_is_looked_back_over(tx: Tx) -> None:
    door = gate(on_sequential="deny", sequential=3)
    for number in numbers(1, 2):
        start(door, tx, Asked(number))
    assert start(door, tx, Asked(*numbers(3), service_id="shop")) == Admission()
    assert start(door, tx, Asked(*numbers(3)), NOW + HOUR) == Admission()
    assert start(door, tx, Asked(*numbers(4)), NOW + HOUR) == Admission()
    assert start(door, tx, Asked(*numbers(5)), NOW + HOUR) is None


# Conversion


def test_a_prefix_whose_codes_nobody_types_back_is_refused_from_the_twentieth_end_on(tx: Tx) -> None:
    door = gate(on_low_conversion="deny")
    end(door, tx, State.EXPIRED, 18)
    end(door, tx, State.CONFIRMED, 1)
    assert start(door, tx, Asked()) == Admission()
    end(door, tx, State.FAILED, 1, reason="too_many_attempts")
    assert start(door, tx, Asked()) is None
    assert signals(tx) == [
        {
            "service_id": "demo",
            "signal": "low_conversion",
            "measured": 0.05,
            "decision": "deny",
            "challenge_passed": False,
        }
    ]
    assert start(door, tx, Asked("+70001010000")) == Admission()
    assert start(door, tx, Asked(service_id="shop")) == Admission()
    assert start(door, tx, Asked(), NOW + HOUR) == Admission()


def test_a_share_that_is_just_met_is_no_signal(tx: Tx) -> None:
    door = gate(on_low_conversion="deny")
    end(door, tx, State.EXPIRED, 18)
    end(door, tx, State.CONFIRMED, 2)
    assert start(door, tx, Asked()) == Admission()


def test_what_was_cancelled_or_never_sent_says_nothing_of_conversion(tx: Tx) -> None:
    door = gate(on_low_conversion="deny")
    end(door, tx, State.CANCELLED, 30, reason="replaced")
    end(door, tx, State.EXPIRED, 30, shadow=True)
    end(door, tx, State.EXPIRED, 30, test=True)
    assert start(door, tx, Asked()) == Admission()


# One address


def test_many_numbers_from_one_address_are_a_signal(tx: Tx) -> None:
    door = gate(on_concentration="challenge", concentration=4)
    for number in numbers(100, 200, 300):
        assert start(door, tx, Asked(number, "192.0.2.1")) == Admission()
    assert start(door, tx, Asked(*numbers(100), "192.0.2.1")) == Admission()
    with pytest.raises(ChallengeRequiredError, match="prove first that a person asks"):
        door.admit(tx, NOW, Asked(*numbers(400), "192.0.2.1"))
    assert start(door, tx, Asked(*numbers(400), "192.0.2.2")) == Admission()
    assert start(door, tx, Asked(*numbers(500))) == Admission()


def test_the_addresses_of_one_ipv6_subscriber_are_one(tx: Tx) -> None:
    door = gate(on_concentration="deny", concentration=2)
    assert start(door, tx, Asked(*numbers(100), "2001:db8::1")) == Admission()
    assert start(door, tx, Asked(*numbers(200), "2001:db8::2")) is None


def test_what_signals_look_at_is_pruned_when_it_no_longer_counts(tx: Tx) -> None:
    door = gate(on_sequential="allow", on_low_conversion="allow")
    for minutes in range(0, 600, 20):
        start(door, tx, Asked(f"+7000{minutes:07d}"), NOW + minutes * MINUTE)
        door.over(tx, NOW + minutes * MINUTE, Asked(state=State.EXPIRED))
        for table in (limits_store.starts, limits_store.ends):
            kept: int = tx.conn.execute(select(func.count()).select_from(table)).scalar_one()
            assert kept == min(3, minutes // 20 + 1)


# Decisions


@pytest.mark.parametrize(
    ("decisions", "passed", "taken"),
    [
        ([], False, "allow"),
        (["allow"], False, "allow"),
        (["allow", "challenge"], False, "challenge"),
        (["challenge", "shadow"], False, "shadow"),
        (["deny", "shadow", "challenge", "allow"], False, "deny"),
        (["challenge"], True, "allow"),
        (["challenge", "shadow"], True, "shadow"),
        (["challenge", "deny"], True, "deny"),
    ],
)
def test_the_severest_decision_is_taken_and_a_challenge_can_be_passed(
    decisions: list[Any], passed: bool, taken: str
) -> None:
    found = [Signal("sequential", decision, 10) for decision in decisions]
    assert pumping.decide(found, challenge_passed=passed) == taken


def test_what_is_allowed_is_on_record_all_the_same(tx: Tx) -> None:
    door = gate(on_sequential="allow", sequential=2)
    for number in numbers(1, 2):
        assert start(door, tx, Asked(number)) == Admission()
    assert signals(tx) == [
        {"service_id": "demo", "signal": "sequential", "measured": 2, "decision": "allow", "challenge_passed": False}
    ]


def test_a_shadowed_start_goes_on_without_a_send(tx: Tx) -> None:
    door = gate(on_sequential="shadow", sequential=2)
    assert [start(door, tx, Asked(number)) for number in numbers(1, 2)] == [Admission(), Admission(shadow=True)]


def test_a_challenge_that_was_passed_lets_the_start_through_and_is_on_record(tx: Tx) -> None:
    door = gate(on_sequential="challenge", sequential=2)
    start(door, tx, Asked(*numbers(1)))
    assert start(door, tx, Asked(*numbers(2))) is None
    assert start(door, tx, Asked(*numbers(2), challenge_passed=True)) == Admission()
    assert [(one["decision"], one["challenge_passed"]) for one in signals(tx)] == [
        ("challenge", False),
        ("challenge", True),
    ]


async def test_a_start_that_is_refused_leaves_its_signals_and_nothing_else(database: Database) -> None:
    door = gate(on_sequential="deny", sequential=2)
    one, two = (Asked(number) for number in numbers(1, 2))

    def begin(asked: Asked) -> Any:
        def unit(tx: Tx) -> Admission:
            tx.record(NOW, "confirmation.created", "cnf_1")
            return door.admit(tx, NOW, asked)

        return unit

    async with recording_refusals(database, door, NOW):
        assert await database.run(begin(one)) == Admission()
    for _ in range(2):
        with pytest.raises(NumberRefusedError):
            async with recording_refusals(database, door, NOW):
                await database.run(begin(two))
    told = [(event.type, event.subject) for event in database.journal.since(0, 10)]
    assert told == [("confirmation.created", "cnf_1")] + [("confirmation.signal", "+7000100")] * 2
