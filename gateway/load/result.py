"""A run as data for programs: everything that the table and the page show, in milliseconds and seconds."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.load.histogram import Histogram, upper_end
from gateway.load.record import Interval, Record

PERCENTILES: Final = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}
OVER_TIME: Final = {"p50": 50.0, "p95": 95.0, "p99": 99.0}

Result = dict[str, Any]


def result(
    record: Record, *, what: str, target: str, plan: Mapping[str, Any], began_at: str, busy: float, paced: bool = True
) -> Result:
    """Return the result. `busy` is the share of one core that the tool took; `paced` tells whether there was a rate."""
    whole = record.latencies
    seconds = record.elapsed / 1e6
    told: Result = {
        "what": what,
        "target": target,
        "began_at": began_at,
        "plan": dict(plan),
        "paced": paced,
        "seconds": round(seconds, 3),
        "active_seconds": round(record.active / 1e6, 3),
        "meant": record.sent + record.unsent,
        "sent": record.sent,
        "answered": whole.count,
        "failed": record.failed,
        "per_second": rate(whole.count, record.active),
        "tool_busy": round(busy, 3),
        "measures": {record.main: whole.told(PERCENTILES)}
        | {name: other.told(PERCENTILES) for name, other in record.others.items() if other.largest},
        "errors": dict(record.errors.most_common()),
        "notes": dict(record.notes.most_common()),
        "course": course(record),
        "histogram": [[upper_end(bucket) / 1000, times] for bucket, times in whole.buckets()],
    }
    if record.delivered_at:
        told["delivered_per_second"] = rate(record.others["receipt"].count, max(record.delivered_at, record.active))
    return told


def rate(count: int, micros: int) -> float:
    """Return how many a second that is."""
    return round(count / micros * 1e6, 1) if micros else 0.0


def course(record: Record) -> list[dict[str, Any]]:
    """Return what was answered in each interval; what is left at the end is told with the last whole one."""
    length = record.course.length
    intervals = list(record.course.intervals)
    last = max(record.elapsed - (len(intervals) - 1) * length, 1)
    if len(intervals) > 1 and last < length / 4:
        joined = Interval()
        joined.merge(intervals[-2])
        joined.merge(intervals.pop())
        intervals[-1] = joined
        last += length
    found = []
    for number, interval in enumerate(intervals):
        lasted = last if number == len(intervals) - 1 else length
        found.append(
            {
                "from_s": number * length / 1e6,
                "seconds": round(lasted / 1e6, 6),
                "answered": interval.latencies.count,
                "failed": interval.failed,
                "per_second": rate(interval.latencies.count, lasted),
                **percentiles(interval.latencies),
            }
        )
    return found


def percentiles(latencies: Histogram) -> dict[str, float | None]:
    """Return the percentiles that are followed over time, in milliseconds; None where nothing was answered."""
    names = {**OVER_TIME, "max": 100.0}
    return {name: latencies.percentile(share) / 1000 if latencies.count else None for name, share in names.items()}


def faults(told: Result, *, tolerate: float, p99: float | None) -> list[str]:
    """Return what speaks against a run, as sentences; `tolerate` is the share of failures that is let pass.

    `p99` is the largest one of the main measure that is let pass, in milliseconds.
    """
    found = []
    if not told["answered"]:
        found.append("nothing was answered as wished")
    elif told["failed"] > tolerate * told["meant"]:
        found.append(f"{told['failed']:,} failed of {told['meant']:,}")
    reached = next(iter(told["measures"].values())).get("p99")
    if p99 is not None and reached is not None and reached > p99:
        found.append(f"p99 is {reached:,.1f} ms, more than {p99:g} ms")
    return found
