"""What a run keeps, and what is told of it."""

from typing import Any

import pytest

from gateway.load.record import MOST_INTERVALS, MOST_NAMES, OTHERS, Record
from gateway.load.result import faults, result


def told(record: Record) -> dict[str, Any]:
    return result(record, what="submit_sm", target="127.0.0.1:2775", plan={}, began_at="2026-01-01", busy=0.25)


@pytest.fixture
def record() -> Record:
    """100 answers in the first second, 200 in the second, of which some are late, and 2 errors."""
    record = Record("answer", ("receipt", "sending"))
    record.sent = 302
    record.took(500_000, 1_000, 100)
    record.took(1_500_000, 2_000, 190)
    record.took(1_990_000, 50_000, 10)
    record.went_wrong(1_999_999, "ESME_RTHROTTLED", 2)
    return record


def test_the_course_tells_each_second(record: Record) -> None:
    first, second = told(record)["course"]
    assert (first["from_s"], first["answered"], first["per_second"], first["p99"]) == (0.0, 100, 100.0, 1.0)
    assert (second["answered"], second["failed"], second["p99"], second["max"]) == (200, 2, 50.0, 50.0)


def test_the_whole_is_told_with_its_errors(record: Record) -> None:
    found = told(record)
    assert (found["sent"], found["answered"], found["failed"], found["seconds"]) == (302, 300, 2, 2.0)
    assert (found["active_seconds"], found["per_second"]) == (1.99, 150.8)
    assert found["errors"] == {"ESME_RTHROTTLED": 2}
    assert found["measures"]["answer"]["p50"] == pytest.approx(2.0, 0.01)
    assert sum(count for _, count in found["histogram"]) == 300
    assert "delivered_per_second" not in found


def test_what_is_left_at_the_end_is_told_with_the_second_before(record: Record) -> None:
    record.took(2_010_000, 3_000, 5)
    last = told(record)["course"][-1]
    assert (last["from_s"], last["seconds"], last["answered"]) == (1.0, 1.01, 205)


def test_a_long_run_has_longer_intervals_and_no_more_of_them() -> None:
    record = Record("answer")
    for second in range(10 * MOST_INTERVALS):
        record.took(second * 1_000_000, 1_000 + second)
    course = told(record)["course"]
    assert MOST_INTERVALS / 2 <= len(course) <= MOST_INTERVALS
    assert {each["seconds"] for each in course[:-1]} == {16.0}
    assert sum(each["answered"] for each in course) == record.answered == 10 * MOST_INTERVALS


@pytest.mark.parametrize(
    ("tolerate", "p99", "sentences"),
    [
        (0.0, None, ["2 failed of 302"]),
        (0.01, None, []),
        (0.01, 100.0, []),
        (0.01, 20.0, ["p99 is 50.0 ms, more than 20 ms"]),
    ],
)
def test_failures_and_p99_speak_against_a_run(
    record: Record, tolerate: float, p99: float | None, sentences: list[str]
) -> None:
    assert faults(told(record), tolerate=tolerate, p99=p99) == sentences


def test_what_was_waited_for_in_vain_does_not_lower_the_rate(record: Record) -> None:
    record.went_wrong(12_000_000, "no answer in time")
    assert (told(record)["seconds"], told(record)["per_second"]) == (12.0, 150.8)


def test_failures_are_a_share_of_what_was_meant_to_go_out(record: Record) -> None:
    record.went_wrong(2_000_000, "receipt missing", 150)
    record.never_sent(2_000_000, "not sent", 8)
    assert told(record)["meant"] == 310
    assert faults(told(record), tolerate=0.5, p99=None) == ["160 failed of 310"]


def test_a_run_without_an_answer_has_failed() -> None:
    assert faults(told(Record("answer")), tolerate=1.0, p99=None) == ["nothing was answered as wished"]


def test_names_that_peers_make_up_are_printable_and_not_too_many(record: Record) -> None:
    record.noted("receipts that tell \x1b[2J")
    for number in range(200):
        record.went_wrong(0, f"start: HTTP 500 {number}")
    assert record.notes == {"receipts that tell ?[2J": 1}
    assert len(record.errors) == MOST_NAMES + 1
    assert record.errors[OTHERS] == 200 - (MOST_NAMES - 1)
