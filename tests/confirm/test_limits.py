"""Limits, the cool-down, locks and allowed ranges: what is refused, for exactly how long, and what is counted."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from asking import Asked, memory
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.event import listen

from confirm import limits, limits_store
from confirm.challenge import State
from confirm.errors import CoolDownError, LimitedError, LockedError, NumberRefusedError
from confirm.gate import Gate
from confirm.settings import ConfirmationSettings, LockSettings
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import HOUR, MINUTE, SECOND

NOW = 1_767_268_800_000


@pytest.fixture
def tx() -> Iterator[Tx]:
    with memory() as tx:
        yield tx


def gate(**given: Any) -> Gate:
    return Gate(ConfirmationSettings(**given))


def send(gate: Gate, tx: Tx, now: int, asked: Asked) -> None:
    gate.may_send(tx, now, asked)
    gate.sent(tx, now, asked)


def rows(tx: Tx, table: Any) -> int:
    found: int = tx.conn.execute(select(func.count()).select_from(table)).scalar_one()
    return found


# Windows


@given(
    count=st.integers(1, 4),
    within=st.integers(1, 5_000),
    gaps=st.lists(st.integers(0, 2_000), min_size=1, max_size=40),
)
def test_no_window_ever_holds_more_than_its_count(count: int, within: int, gaps: Sequence[int]) -> None:
    now, used = 0, []
    for gap in gaps:
        now += gap
        wait = limits.wait(used[-count] if len(used) >= count else None, within, now)
        assert limits.wait(used[-count] if len(used) >= count else None, within, now + wait) == 0
        if wait:
            assert limits.wait(used[-count], within, now + wait - 1) == 1
        else:
            used.append(now)
    for first in used:
        assert sum(first <= at < first + within for at in used) <= count


PER = {"number": "phone_number", "client_address": "client_address", "service": "service_id"}
LIMITS = st.lists(
    st.builds(
        dict, per=st.sampled_from(["number", "client_address", "service"]), count=st.integers(1, 3),
        within=st.integers(1, 8_000),
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip
ASKED = st.builds(
    Asked,
    phone_number=st.sampled_from(["+70001000001", "+70001000002", "+70002000001"]),
    client_address=st.sampled_from([None, "192.0.2.1", "192.0.2.2"]),
    service_id=st.sampled_from(["demo", "shop"]),
)


def free_at(sent: Sequence[tuple[int, Asked]], asked: Asked, rules: Sequence[dict[str, Any]], now: int) -> int:
    """Return when all rules have a place for what is asked, found by trying each instant that changes anything."""

    def full(rule: dict[str, Any], at: int) -> bool:
        member = PER[rule["per"]]
        mine = getattr(asked, member)
        taken = [
            then
            for then, other in sent
            if getattr(other, member) == mine and other.service_id == asked.service_id and at - rule["within"] < then
        ]
        return mine is not None and len(taken) >= rule["count"]

    ends = sorted({now, *(then + rule["within"] for then, _ in sent for rule in rules)})
    return next(at for at in ends if at >= now and not any(full(rule, at) for rule in rules))


@settings(deadline=None)  # each example makes a database of its own
@given(rules=LIMITS, asks=st.lists(st.tuples(st.integers(0, 3_000), ASKED), max_size=25))
def test_retry_after_is_exact_over_all_limits_together(rules: Any, asks: Any) -> None:
    rules = [*{rule["per"]: rule for rule in rules}.values()]
    door = gate(limits=rules)
    now, sent = NOW, []
    with memory() as tx:
        for gap, asked in asks:
            now += gap
            free = free_at(sent, asked, rules, now)
            if free == now:
                send(door, tx, now, asked)
                sent.append((now, asked))
                continue
            with pytest.raises(LimitedError) as refused:
                door.may_send(tx, now, asked)
            assert refused.value.retry_after == -(-(free - now) // SECOND)
            with pytest.raises(LimitedError):
                door.may_send(tx, free - 1, asked)
            door.may_send(tx, free, asked)


@pytest.mark.parametrize(
    ("per", "same", "other"),
    [
        ("number", Asked(), Asked("+70001000501")),
        ("prefix", Asked("+70001009999"), Asked("+70001010000")),
        ("client_address", Asked("+70003000000", "192.0.2.1"), Asked(client_address="192.0.2.2")),
        ("service", Asked("+70003000000"), Asked(service_id="shop")),
    ],
)
def test_a_limit_counts_what_is_the_same_and_nothing_else(tx: Tx, per: str, same: Asked, other: Asked) -> None:
    door = gate(limits=[{"per": per, "count": 1, "within": MINUTE}])
    send(door, tx, NOW, Asked(client_address="192.0.2.1"))
    door.may_send(tx, NOW, other)
    with pytest.raises(LimitedError, match=f"limit of 1 in 1m per {per} is used up; ask again in 60 s") as refused:
        door.may_send(tx, NOW, same)
    assert refused.value.retry_after == 60


def test_requests_without_a_client_address_have_no_limit_per_address(tx: Tx) -> None:
    door = gate(limits=[{"per": "client_address", "count": 1, "within": MINUTE}])
    send(door, tx, NOW, Asked())
    send(door, tx, NOW, Asked())


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:0db8:0:1:ffff::", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::1", "2001:db8:0:2::/64"),
        ("device 5", "device 5"),
        (None, None),
    ],
)
def test_an_ipv6_subscriber_is_one_client_however_many_addresses_he_uses(address: Any, client: Any) -> None:
    assert limits.network_of(address) == client


def test_sends_of_call_in_take_places_too(tx: Tx) -> None:
    door = gate(limits=[{"per": "number", "count": 1, "within": MINUTE}])
    send(door, tx, NOW, Asked(method="call_in"))
    with pytest.raises(LimitedError):
        door.may_send(tx, NOW, Asked())


def test_rows_older_than_the_longest_window_are_pruned_as_new_ones_are_written(tx: Tx) -> None:
    windows = [{"per": "number", "count": 5, "within": MINUTE}, {"per": "service", "count": 9, "within": HOUR}]
    door = gate(limits=windows)
    for minutes in range(0, 600, 10):
        send(door, tx, NOW + minutes * MINUTE, Asked(f"+7000{minutes:07d}"))
        assert rows(tx, limits_store.sends) <= 6


# Cool-down


def test_the_cool_down_holds_between_sends_to_one_number_of_one_service(tx: Tx) -> None:
    door = gate(cool_down=30 * SECOND)
    send(door, tx, NOW, Asked())
    with pytest.raises(CoolDownError, match="one code or call in 30s goes to a number; ask again in 30 s") as refused:
        door.may_send(tx, NOW, Asked(method="flash_call"))
    assert refused.value.retry_after == 30
    with pytest.raises(CoolDownError):
        door.may_send(tx, NOW + 30 * SECOND - 1, Asked())
    door.may_send(tx, NOW + 30 * SECOND, Asked())
    door.may_send(tx, NOW, Asked("+70001000501"))
    door.may_send(tx, NOW, Asked(service_id="shop"))


def test_waiting_for_a_users_own_call_or_sms_neither_needs_nor_starts_a_cool_down(tx: Tx) -> None:
    door = gate(cool_down=30 * SECOND)
    send(door, tx, NOW, Asked(method="call_in"))
    send(door, tx, NOW, Asked())
    send(door, tx, NOW, Asked(method="mo_sms"))


def test_of_several_reasons_the_one_that_lasts_longest_is_told(tx: Tx) -> None:
    door = gate(cool_down=MINUTE, limits=[{"per": "number", "count": 1, "within": HOUR}])
    send(door, tx, NOW, Asked())
    with pytest.raises(LimitedError) as refused:
        door.may_send(tx, NOW, Asked())
    assert refused.value.retry_after == 3600


# Locks


def wrong(door: Gate, tx: Tx, *seconds: int, asked: Asked | None = None) -> None:
    for second in seconds:
        door.failed(tx, NOW + second * SECOND, asked or Asked())


LOCK = {"failures": 3, "within": 10 * MINUTE, "lasts": 20 * MINUTE}


def test_a_number_is_locked_by_its_last_failure_for_exactly_as_long_as_the_lock_lasts(tx: Tx) -> None:
    door = gate(lock=LOCK)
    wrong(door, tx, 0, 60)
    door.may_send(tx, NOW + MINUTE, Asked())
    wrong(door, tx, 599)
    end = NOW + 599 * SECOND + 20 * MINUTE
    for refuse in (door.may_send, door.may_answer):
        with pytest.raises(LockedError, match="locked after too many failures") as locked:
            refuse(tx, NOW + 599 * SECOND, Asked())
        assert locked.value.retry_after == 1200
        with pytest.raises(LockedError):
            refuse(tx, end - 1, Asked())
        refuse(tx, end, Asked())


def test_failures_that_are_too_far_apart_lock_nothing(tx: Tx) -> None:
    door = gate(lock=LOCK)
    wrong(door, tx, 0, 300, 600, 900)
    door.may_send(tx, NOW + 900 * SECOND, Asked())


def test_failures_are_kept_for_as_long_as_they_count_and_no_longer(tx: Tx) -> None:
    door = gate(lock={"failures": 3, "within": 10 * MINUTE, "lasts": 5 * MINUTE})
    wrong(door, tx, 0, 300, 540)
    with pytest.raises(LockedError):
        door.may_send(tx, NOW + 540 * SECOND, Asked())
    for minutes in range(30, 300, 5):
        wrong(door, tx, minutes * 60, asked=Asked(f"+7000{minutes:07d}"))
        assert rows(tx, limits_store.failures) <= 3


def test_a_lock_holds_for_one_number_at_one_service(tx: Tx) -> None:
    door = gate(lock=LOCK)
    wrong(door, tx, 0, 0, 0)
    door.may_send(tx, NOW, Asked("+70001000501"))
    door.may_send(tx, NOW, Asked(service_id="shop"))


@pytest.mark.parametrize(
    ("ended", "counted"),
    [
        (Asked(state=State.FAILED, reason="send_failed"), 1),
        (Asked(state=State.FAILED, reason="too_many_attempts"), 0),
        (Asked(state=State.EXPIRED), 0),
        (Asked(state=State.CANCELLED, reason="requested"), 0),
        (Asked(state=State.CONFIRMED), 0),
        (Asked(state=State.FAILED, reason="send_failed", test=True), 0),
    ],
)
def test_a_confirmation_that_failed_without_a_wrong_answer_is_one_failure(tx: Tx, ended: Asked, counted: int) -> None:
    gate(lock=LOCK).over(tx, NOW, ended)
    assert rows(tx, limits_store.failures) == counted


@given(
    failures=st.integers(1, 4),
    within=st.integers(1, 5_000),
    lasts=st.integers(1, 5_000),
    gaps=st.lists(st.integers(0, 2_000), max_size=20),
)
def test_a_lock_ends_when_no_complete_row_of_failures_is_younger_than_it(
    failures: int, within: int, lasts: int, gaps: Sequence[int]
) -> None:
    instants = [sum(gaps[: index + 1]) for index in range(len(gaps))]
    completed = [at for at in instants if len([t for t in instants if at - within < t <= at]) >= failures]
    until = limits.locked_until(instants, LockSettings(failures=failures, within=within, lasts=lasts))
    if until is None:
        assert not completed
    else:
        assert until - lasts in completed
        assert not any(at > until - lasts for at in completed)


# Ranges


@pytest.mark.parametrize(
    ("number", "let_in"),
    [("+70001000500", True), ("+70009000500", False), ("+77001000500", False), ("+9990000000", True), ("+998", False)],
)
def test_a_number_is_confirmed_that_is_in_an_allowed_range_and_in_no_denied_one(
    tx: Tx, number: str, let_in: bool
) -> None:
    door = gate(allow_prefixes=["+7", "+999"], deny_prefixes=["+77", "+70009"])
    if let_in:
        door.admit(tx, NOW, Asked(number))
        return
    with pytest.raises(NumberRefusedError, match="numbers of this range are not confirmed"):
        door.admit(tx, NOW, Asked(number))


# What costs nothing


class NoTx:
    """A transaction that must not be touched."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def test_without_limits_nothing_is_read_and_nothing_written() -> None:
    door, untouched = gate(), NoTx()
    door.admit(untouched, NOW, Asked(client_address="192.0.2.1"))
    door.may_send(untouched, NOW, Asked(client_address="192.0.2.1"))
    door.may_answer(untouched, NOW, Asked(client_address="192.0.2.1"))
    door.sent(untouched, NOW, Asked(client_address="192.0.2.1"))
    door.failed(untouched, NOW, Asked(client_address="192.0.2.1"))
    door.over(untouched, NOW, Asked(state=State.CONFIRMED))


def test_test_numbers_are_neither_limited_nor_counted() -> None:
    pumping = {"on_low_conversion": "deny"}
    limited = [{"per": "number", "count": 1, "within": HOUR}]
    door, untouched = gate(limits=limited, cool_down=HOUR, lock=LOCK, pumping=pumping), NoTx()
    for _ in range(3):
        door.may_send(untouched, NOW, Asked(test=True))
        door.sent(untouched, NOW, Asked(test=True))
        door.failed(untouched, NOW, Asked(test=True))
        door.may_answer(untouched, NOW, Asked(test=True))
        door.over(untouched, NOW, Asked(test=True, state=State.FAILED, reason="send_failed"))


def test_every_question_is_answered_by_an_index(tx: Tx) -> None:
    asked: list[tuple[str, Any]] = []
    listen(tx.conn, "before_cursor_execute", lambda _c, _cursor, text, values, *_: asked.append((text, values)))
    per = ["number", "prefix", "client_address", "service"]
    signals = {f"on_{name}": "allow" for name in ("sequential", "low_conversion", "concentration")}
    windows = [{"per": one, "count": 3, "within": HOUR} for one in per]
    door = gate(limits=windows, cool_down=1, lock=LOCK, pumping=signals)
    one = Asked(client_address="192.0.2.1")
    door.admit(tx, NOW, one)
    send(door, tx, NOW, one)
    door.failed(tx, NOW, one)
    door.over(tx, NOW, Asked(state=State.CONFIRMED))
    questions = [(text, values) for text, values in asked if text.startswith("SELECT")]
    assert len(questions) == len(per) + len(signals) + 2
    for text, values in questions:
        plan = [row[3] for row in tx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]
        assert any("USING" in step and "INDEX ix_confirmation_" in step for step in plan), (text, plan)
        assert not any(step.startswith("SCAN confirmation_") for step in plan), (text, plan)
