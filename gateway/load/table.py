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
    yield f"The tool took {told['tool_busy']:.0%} of a core." + (
        " It may be what limits the run: give it a core of its own, or run several." * (told["tool_busy"] >= BUSY)
    )


def _measures(told: Result) -> Iterator[str]:
    yield f"{'latency, ms':12}" + "".join(f"{name:>10}" for name in _COLUMNS)
    for name, values in told["measures"].items():
        yield f"{name:12}" + "".join(_cell(values.get(column), column) for column in _COLUMNS)
    yield ""
    for name in told["measures"]:
        if name in MEANINGS:
            yield f"{name}: {MEANINGS[name]}"


def _cell(value: float | None, column: str) -> str:
    if value is None:
        return f"{'-':>10}"
    return f"{value:>10,}" if column == "count" else f"{value:>10,.2f}"
