from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from smsc_emulator.base.config import WRITTEN
from smsc_emulator.core.faults import documentation
from smsc_emulator.core.faults.engine import (
    MOST_RULES,
    Faults,
    NoSuchFaultError,
    Rule,
    TooManyFaultsError,
)
from smsc_emulator.core.faults.fault import MOST_SENDINGS, Moment, Plan, Sending
from smsc_emulator.core.faults.registry import REGISTRY, AnyFault
from smsc_emulator.core.faults.sight import Sight
from smsc_emulator.core.faults.when import When
from smsc_emulator.smpp.pdus import BindTransceiver, EnquireLink, Pdu, SubmitSm, Tlv

RULE: TypeAdapter[Any] = TypeAdapter(AnyFault)
PAGE = Path(__file__).parents[3] / "docs" / "faults.md"


def sight(pdu: Pdu | None = None, account: str = "alice", command: str = "submit_sm", **fields: Any) -> Sight:
    return Sight(account, command, pdu or SubmitSm(**fields))


def faults(*rules: dict[str, Any], seed: str = "seed") -> Faults:
    return Faults(seed, [RULE.validate_python(rule) for rule in rules], lambda _rule, _sight: None)


FIELDS = {
    "source_addr": "+4477",
    "destination_addr": "70000000001",
    "service_type": "CMT",
    "data_coding": 8,
    "short_message": "Код 1234".encode("utf-16-be"),
    "tlvs": [Tlv(0x020C, b"\0\1"), Tlv(0x020E, b"\3"), Tlv(0x020F, b"\2")],
}


@pytest.mark.parametrize(
    ("key", "fitting", "other"),
    [
        ("account", "alice", "bob"),
        ("command", "submit_sm", "data_sm"),
        ("command", "any", "query_sm"),
        ("source", "44", "45"),
        ("source", "+44", "+45"),
        ("destination", "+7000", "+7001"),
        ("text", "код*", "код"),
        ("text", "*1?3*", "*1?4*"),
        ("service_type", "CMT", ""),
        ("data_coding", 8, 0),
        ("part", 2, 1),
    ],
)
def test_each_key_fits_or_does_not(key: str, fitting: Any, other: Any) -> None:
    assert When(**{key: fitting}).fits(sight(**FIELDS))
    assert not When(**{key: other}).fits(sight(**FIELDS))


def test_all_keys_must_fit_at_once() -> None:
    keys = {"account": "alice", "destination": "7000", "text": "*1234", "part": 2}
    assert When(**keys).fits(sight(**FIELDS))
    assert not When(**keys).fits(sight(account="bob", **FIELDS))
    assert not When(**{**keys, "part": 3}).fits(sight(**FIELDS))


def test_a_rule_that_names_no_operation_looks_at_submissions_alone() -> None:
    assert not When().fits(sight(EnquireLink(), command="enquire_link"))
    assert not When().fits(sight(BindTransceiver(), command="bind_transceiver"))
    assert When(command="enquire_link").fits(Sight("alice", "enquire_link"))


def test_a_hostile_pattern_ends_soon() -> None:
    assert not When(text="*a" * 100).fits(sight(short_message=b"a" * 99 + b"b" * 100))


@pytest.mark.parametrize(
    ("when", "fired"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 3}, [3]),
        ({"every": 2}, [2, 4, 6]),
        ({"times": 2}, [1, 2]),
        ({"every": 2, "times": 2}, [2, 4]),
        ({"probability": 0.0}, []),
    ],
)
def test_how_often_a_rule_fires(when: dict[str, Any], fired: list[int]) -> None:
    rules = faults({"fault": "silence", "when": when})
    assert [n for n in range(1, 7) if rules.plan(sight()).frames] == fired


def test_counts_are_each_accounts_own() -> None:
    rules = faults({"fault": "silence", "when": {"nth": 2}})
    seen = [bool(rules.plan(sight(account=name)).frames) for name in ("alice", "bob", "alice", "bob")]
    assert seen == [False, False, True, True]
    (rule,) = rules.rules()
    assert (rule.fitted, rule.fired) == (4, 2)


def draws(rules: Faults, account: str = "alice", count: int = 64) -> list[bool]:
    return [bool(rules.plan(sight(account=account)).frames) for _ in range(count)]


def test_chance_repeats_with_the_seed_and_after_a_reset() -> None:
    rule = {"fault": "silence", "when": {"probability": 0.5}}
    rules = faults(rule)
    first = draws(rules)
    assert draws(faults(rule)) == first
    assert draws(faults(rule, seed="another")) != first
    assert draws(faults(rule), "bob") != first
    rules.clear()
    rules.add(RULE.validate_python(rule))
    assert draws(rules) == first


def test_a_rule_of_its_own_account_leaves_all_others_alone() -> None:
    rules = faults({"fault": "lost_receipt", "when": {"account": "bob"}})
    assert rules.sendings(sight()) == [Sending()]
    assert rules.sendings(sight(account="bob")) == []


def test_faults_bend_the_plan_one_after_the_other() -> None:
    rules = faults({"fault": "latency", "delay": "1s"}, {"fault": "latency", "delay": "2s"}, {"fault": "drop"})
    plan = rules.plan(sight())
    assert plan.delay == 3000
    assert plan.drop is not None
    assert plan.drop.at is Moment.ANSWER
    assert len(faults({"fault": "receipt_storm", "copies": 9}, {"fault": "duplicate_receipt"}).sendings(sight())) == 18


def test_rules_come_and_go() -> None:
    told: list[tuple[str, str]] = []

    def tell(rule: Rule, seen: Sight) -> None:
        told.append((rule.id, seen.command))

    rules = Faults("seed", [], tell)
    assert not rules.active
    one, two = (rules.add(RULE.validate_python({"fault": "silence"})) for _ in range(2))
    rules.plan(sight())
    assert told == [(one.id, "submit_sm"), (two.id, "submit_sm")]
    rules.remove(one.id)
    assert rules.active
    with pytest.raises(NoSuchFaultError):
        rules.remove(one.id)
    rules.remove(two.id)
    assert not rules.active
    assert rules.plan(sight()) == Plan()


def test_so_many_rules_and_no_more() -> None:
    rule = RULE.validate_python({"fault": "silence"})
    rules = Faults("seed", [rule] * MOST_RULES, lambda _rule, _sight: None)
    with pytest.raises(TooManyFaultsError):
        rules.add(rule)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "no_such"},
        {"fault": "status"},
        {"fault": "status", "status": "ESME_ROK"},
        {"fault": "status", "status": "0x"},
        {"fault": "latency", "delay": 5},
        {"fault": "latency", "delay": "5"},
        {"fault": "late_receipt", "delay": "101d"},
        {"fault": "silence", "key": 1},
        {"fault": "silence", "when": {"every": 0}},
        {"fault": "silence", "when": {"probability": 1.5}},
    ],
)
def test_a_rule_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RULE.validate_python(wrong)


@pytest.mark.parametrize("name", REGISTRY)
def test_every_example_is_a_rule_and_survives_json(name: str) -> None:
    fault = REGISTRY[name]
    rule = RULE.validate_python(fault.example, context=WRITTEN)
    assert type(rule) is fault
    assert rule.fault == name
    assert RULE.validate_json(RULE.dump_json(rule), strict=True) == rule
    assert fault.about.endswith(".")


def test_the_page_says_what_the_registry_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert documentation.renewed(page) == page
    assert all(f"### {name}\n" in page for name in REGISTRY)


@pytest.mark.parametrize("fault", ["late_intermediate", "duplicate_receipt"])
def test_many_rules_that_each_double_a_receipt_do_not_fill_the_memory(fault):
    assert len(faults(*[{"fault": fault}] * 64).sendings(sight())) == MOST_SENDINGS


@pytest.mark.parametrize(
    ("written", "shown"),
    [("450s", "450s"), ("120s", "2m"), ("60m", "1h"), ("1500ms", "1500ms"), ("0s", "0ms"), ("72h", "3d")],
)
def test_a_duration_is_shown_as_it_may_be_written(written: str, shown: str) -> None:
    adapter = TypeAdapter(AnyFault)
    rule = adapter.validate_python({"fault": "late_receipt", "delay": written})
    assert adapter.dump_python(rule)["delay"] == shown
    assert adapter.validate_python({"fault": "late_receipt", "delay": shown}) == rule


def test_a_real_duration_has_no_hours() -> None:
    adapter = TypeAdapter(AnyFault)
    assert adapter.dump_python(adapter.validate_python({"fault": "latency", "delay": "60m"}))["delay"] == "60m"
