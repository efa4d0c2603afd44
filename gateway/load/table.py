"""A run's result for people, as text."""

from collections.abc import Iterator
from typing import Final

from gateway.load.result import Result

MEANINGS: Final = {
    "answer": "from the instant a message was meant to go out to its submit_sm_resp",
    "receipt": "from the instant a message was meant to go out to its receipt",
    "sending": "what part of that it waited in the tool: for its window, or because the tool was late",
    "attempt": "from the instant an attempt was meant to start to its end",
    "start": "the request that starts it",
    "handset": "until the handset has what proves the number",
    "check": "the request that gives the code back",
    "verdict": "from there until it is over",
}
BUSY: Final = 0.9
"""From this share of a core on, the tool may be what limits the run."""
LATE: Final = 0.01
"""From this share of failures on, it is said that the percentiles do not hold them."""
_COLUMNS: Final = ("count", "min", "p50", "p90", "p95", "p99", "p99.9", "max")


def lines(told: Result) -> Iterator[str]:
    """Yield the lines of the report."""
    yield f"{told['what']} against {told['target']}, {told['seconds']:,.1f} s from {told['began_at']}"
    yield ""
    yield f"{'sent':20}{told['sent']:>12,}"
    yield f"{'answered':20}{told['answered']:>12,}   {told['per_second']:,.1f} a second"
    if "delivered_per_second" in told:
        receipts = told["measures"].get("receipt", {}).get("count", 0)
        yield f"{'receipts':20}{receipts:>12,}   {told['delivered_per_second']:,.1f} a second"
    yield f"{'failed':20}{told['failed']:>12,}"
    for name in ("errors", "notes"):
        for what, times in told[name].items():
            yield f"  {what}: {times:,}"
    yield ""
    yield from _measures(told)
    yield ""
    yield f"The tool took {told['tool_busy']:.0%} of a core."
    yield from remarks(told)


def remarks(told: Result) -> Iterator[str]:
    """Yield what must be known not to be misled by the numbers."""
    if told["tool_busy"] >= BUSY:
        yield "The tool may be what limits the run: give it a core of its own, or run several."
    if told["failed"] >= max(1, LATE * told["meant"]):
        yield f"{told['failed']:,} of {told['meant']:,} failed; latencies are those of what was answered alone."
    if not told["paced"] and told["answered"]:
        yield "Without --rate each waits for the one before: a stall shows in what was open, not in what it held back."


def _measures(told: Result) -> Iterator[str]:
    rows = [["latency, ms", *_COLUMNS]]
    for name, values in told["measures"].items():
        rows.append([name, *(_cell(values.get(column), column) for column in _COLUMNS)])
    # As wide as need be: on a terminal of 80 columns it should stay a table.
    first, *others = (max(map(len, column)) for column in zip(*rows, strict=True))
    for name, *cells in rows:
        shown = (f"{cell:>{width + 2}}" for cell, width in zip(cells, others, strict=True))
        yield f"{name:{first}}" + "".join(shown)
    yield ""
    for name in told["measures"]:
        if name in MEANINGS:
            yield f"{name}: {MEANINGS[name]}"


def _cell(value: float | None, column: str) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if column == "count" else f"{value:,.2f}"
