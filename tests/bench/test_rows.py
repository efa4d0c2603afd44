"""How a measure is judged and written down."""

from typing import Any

import pytest

from bench.__main__ import BEGIN, END, PAGE, between
from bench.rows import ROWS, Measured, table
from bench.soak import verdict


def measured(name: str, value: float) -> Measured:
    row = next(row for row in ROWS if row.name == name)
    return Measured(row, value, "1/s", "2/s", {"binds": 10, "stored": 200_000, "few": 10_000})


@pytest.mark.parametrize(
    ("name", "value", "verdict", "share"),
    [
        ("submits", 2.5, "goal", 2.5),
        ("submits", 1.0, "must", 1.0),
        ("submits", 0.5, "missed", 0.5),
        ("idle", 6.0, "goal", 16 / 6),
        ("idle", 16.0, "must", 1.0),
        ("idle", 32.0, "missed", 0.5),
    ],
)
def test_a_value_reaches_its_goal_its_must_or_neither(name: str, value: float, verdict: str, share: float) -> None:
    found = measured(name, value)
    assert (found.verdict, found.share) == (verdict, pytest.approx(share))


def test_the_table_tells_sizes_ratios_and_bounds() -> None:
    lines = table([measured("growth", 1.049), measured("idle", 15.96)]).splitlines()
    assert lines[2:] == [
        "| cost of a message at 200,000 stored over that at 10,000 | 1/s | 2/s | 1.05 | ≤ 1.3 | ≤ 1.05 | goal |",
        "| memory for each of 10 bound idle sessions | 1/s | 2/s | 16 kB | ≤ 16 kB | ≤ 6 kB | must |",
    ]


def test_the_page_is_written_between_its_markers_alone() -> None:
    assert between(f"before\n{BEGIN}\nold\n{END}\nafter\n", "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert between(PAGE.read_text(), "new").count("new") > 0
    with pytest.raises(ValueError, match="has no"):
        between("no markers", "new")


def run_of(**more: Any) -> dict[str, Any]:
    course = [{"from_s": float(second), "answered": 100, "p99": 4.0} for second in range(100)]
    whole = {"sent": 10, "errors": {}, "tool_busy": 0.3, "course": course, "measures": {"receipt": {"count": 10}}}
    return {**whole, **more}


FLAT = [50_000_000] * 20 + [100_000_000] * 80


def bad(told: dict[str, Any], memory: list[int]) -> list[str]:
    return [sentence for good, sentence in verdict(told, memory, 100.0) if not good]


def test_a_soak_may_grow_while_it_warms_up_and_then_must_stay_as_it_is() -> None:
    assert bad(run_of(), FLAT) == []


@pytest.mark.parametrize(
    ("told", "memory", "sentence"),
    [
        (run_of(), [100_000_000 + 50_000 * second for second in range(100)], "memory 101.2 MB"),
        (run_of(measures={"receipt": {"count": 9}}), FLAT, "9 receipts for 10 messages"),
        (run_of(errors={"no answer in time": 1}), FLAT, "errors: {'no answer in time': 1}"),
        (run_of(tool_busy=0.95), FLAT, "the generator took 95% of a core"),
        (
            run_of(course=[{"from_s": float(s), "answered": 1, "p99": 4.0 + s / 10} for s in range(100)]),
            FLAT,
            "p99 7.2 ms after the warm-up, 12.6 ms at the end",
        ),
    ],
)
def test_each_fault_of_a_soak_is_told(told: dict[str, Any], memory: list[int], sentence: str) -> None:
    (found,) = bad(told, memory)
    assert found.startswith(sentence)
