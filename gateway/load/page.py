"""A run's result as one page that needs nothing else: no script, and no style or picture from elsewhere."""

from collections.abc import Mapping
from html import escape
from typing import Any

from gateway.load import chart
from gateway.load.result import Result
from gateway.load.table import MEANINGS, remarks

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6470;--paper:#fff;--line:#d5dae0;--a:#1a7f37;--b:#b7791f;
--c:#c62828;--d:#8b97a5;--bar:#5b8def}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa4af;--paper:#14171a;--line:#353b42;--a:#4cc46a;
--b:#e0b04c;--c:#ff7b72}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:2rem auto;
padding:0 1rem}
h1,h2{font-weight:600;line-height:1.2}table{border-collapse:collapse;margin:.6rem 0 1.4rem}
th,td{text-align:right;padding:.25rem .9rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th:first-child,td:first-child,.plan td{text-align:left}.scroll{overflow-x:auto}.soft{color:var(--soft)}
.bad{color:var(--c);font-weight:700}svg{width:100%;min-width:40rem;height:auto;display:block}
svg path{fill:none;stroke:var(--d);stroke-width:1.5}svg path.grid{stroke:var(--line);stroke-width:1}
svg .tick{font:11px system-ui,sans-serif;fill:var(--soft)}svg rect{fill:var(--bar)}
.line0 path{stroke:var(--a)}.line0 circle,.key0{fill:var(--a);color:var(--a)}
.line1 path{stroke:var(--b)}.line1 circle,.key1{fill:var(--b);color:var(--b)}
.line2 path{stroke:var(--c)}.line2 circle,.key2{fill:var(--c);color:var(--c)}
.line3 circle,.key3{fill:var(--d);color:var(--d)}.keys span{margin-right:1rem;font-weight:600}
"""
_COLUMNS = ("count", "min", "mean", "p50", "p90", "p95", "p99", "p99.9", "max")
_FOLLOWED = ("p50", "p95", "p99", "max")


def page(told: Result) -> str:
    """Return the whole page."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    body = [
        f"<h1>{escape(told['what'])}</h1>",
        f'<p class="soft">{escape(told["target"])}, {escape(told["began_at"])}, {told["seconds"]:,.1f} s</p>',
        _totals(told),
        "<h2>Latency, ms</h2>",
        _measures(told["measures"]),
        "<h2>Latency over time</h2>",
        _keys(_FOLLOWED),
        f'<div class="scroll">{_over_time(told, _FOLLOWED, "ms")}</div>',
        "<h2>Answered a second</h2>",
        f'<div class="scroll">{_over_time(told, ("per_second",), "")}</div>',
        "<h2>How many took how long</h2>",
        f'<div class="scroll">{chart.histogram(told["histogram"], title="Histogram of latencies")}</div>',
        "<h2>Errors</h2>",
        _counts(told["errors"], "There were none.", "bad"),
        "<h2>Also seen</h2>" + _counts(told["notes"], "", "") if told["notes"] else "",
        "<h2>What was done</h2>",
        _plan(told["plan"]),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(told["what"])}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{STYLE}</style></head>'
        f"<body>{''.join(body)}</body></html>\n"
    )


def _totals(told: Result) -> str:
    receipts = ""
    if "delivered_per_second" in told:
        count = told["measures"].get("receipt", {}).get("count", 0)
        receipts = f"<tr><td>receipts<td>{count:,}<td>{told['delivered_per_second']:,.1f} a second</tr>"
    failed = ' class="bad"' * bool(told["failed"])
    return (
        f"<table><tr><td>sent<td>{told['sent']:,}<td></tr>"
        f"<tr><td>answered<td>{told['answered']:,}<td>{told['per_second']:,.1f} a second</tr>{receipts}"
        f"<tr><td>failed<td{failed}>{told['failed']:,}<td></tr>"
        f"<tr><td>the tool's own work<td>{told['tool_busy']:.0%}<td>of a core</tr></table>"
        f"{''.join(f'<p>{escape(remark)}</p>' for remark in remarks(told))}"
    )


def _measures(measures: Mapping[str, Mapping[str, float]]) -> str:
    head = "".join(f"<th>{name}" for name in ("", *_COLUMNS))
    rows = "".join(
        f"<tr><td>{escape(name)}{''.join(_cell(values, column) for column in _COLUMNS)}</tr>"
        for name, values in measures.items()
    )
    meanings = "".join(f"<br>{name}: {MEANINGS[name]}" for name in measures if name in MEANINGS)
    return f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div><p class="soft">{meanings[4:]}</p>'


def _cell(values: Mapping[str, float], column: str) -> str:
    if column not in values:
        return "<td>-"
    return f"<td>{values[column]:,}" if column == "count" else f"<td>{values[column]:,.2f}"


def _keys(names: tuple[str, ...]) -> str:
    return '<p class="keys">' + "".join(f'<span class="key{n}">{name}</span>' for n, name in enumerate(names)) + "</p>"


def _over_time(told: Result, names: tuple[str, ...], unit: str) -> str:
    series = {name: [(_middle(each), each[name]) for each in told["course"]] for name in names}
    return chart.lines(series, unit=unit, title=f"{', '.join(names)} over time")


def _middle(interval: Mapping[str, Any]) -> float:
    return round(float(interval["from_s"] + interval["seconds"] / 2), 3)


def _counts(counts: Mapping[str, int], none: str, kind: str) -> str:
    if not counts:
        return f'<p class="soft">{none}</p>'
    rows = "".join(f'<tr><td>{escape(name)}<td class="{kind}">{times:,}</tr>' for name, times in counts.items())
    return f"<table>{rows}</table>"


def _plan(plan: Mapping[str, Any]) -> str:
    shown = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in plan.items()}
    rows = "".join(f"<tr><td>{escape(name)}<td>{escape(str(value))}</tr>" for name, value in shown.items())
    return f'<table class="plan">{rows}</table>'
