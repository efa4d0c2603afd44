"""The report as one page that needs nothing else: no script, no picture and no style from elsewhere, no number."""

from html import escape

from confirm.ledger import decimal
from gateway.reports import exposure
from gateway.reports.conformance import MARKS, Conformance, remark
from gateway.reports.exposure import Risk
from gateway.reports.history import Trace
from gateway.reports.judging import Judged
from gateway.reports.timeline import svg
from gateway.reports.use import Aggregate, Cell

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6470;--paper:#fff;--line:#d5dae0;--good:#1a7f37;--bad:#c62828}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa4af;--paper:#14171a;--line:#353b42;--good:#4cc46a;
--bad:#ff7b72}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:2rem auto;
padding:0 1rem}
h1,h2{font-weight:600;line-height:1.2}h3{font-size:1rem;margin:1.2rem 0 .2rem}
table{border-collapse:collapse;width:100%;margin:.6rem 0 1.4rem}caption{text-align:left;font-weight:600}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line)}
.scroll{overflow-x:auto}.soft,.time{color:var(--soft);fill:var(--soft)}.pass{color:var(--good)}
.fail{color:var(--bad);font-weight:700}svg{width:100%;min-width:40rem;height:auto;display:block}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg text.time{font-size:11px;fill:var(--soft)}
svg rect{fill:#8b97a5}svg .confirming rect{fill:#5b8def}svg .pending rect{fill:#d9a21b}
svg .registering rect{fill:#9a6dd7}svg .identified rect{fill:var(--good)}svg .refused rect{fill:var(--bad)}
svg circle{fill:var(--paper);stroke:var(--ink);stroke-width:2}svg circle.accepted{fill:var(--ink)}
"""


def page(conformance: Conformance, tables: list[Aggregate], risks: list[Risk], least: int) -> str:
    """Return the whole page."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    body = [
        "<h1>Conformance</h1>",
        f"<p>{escape(conformance.summary)}.</p>",
        _rules(conformance),
        "<h2>Cost and use</h2>",
        f'<p class="soft">Counts below {least} are hidden.</p>',
        *(_aggregate(table) for table in tables if table.cells),
        "<h2>Exposure</h2>",
        _exposure(risks),
        "<h2>Attempts</h2>",
        _attempts(conformance),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Conformance</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{STYLE}</style></head>'
        f"<body>{''.join(body)}</body></html>\n"
    )


def _rules(conformance: Conformance) -> str:
    rows = "".join(_rule(each) for each in conformance.rules)
    head = "<tr><th>Rule<th>Outcome<th>What it says<th>Liable<th>What the journal shows</tr>"
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _rule(each: Judged) -> str:
    mark, rule = MARKS[each.outcome], each.rule
    return (
        f'<tr><td>{rule.id}<td class="{mark.lower() if mark != "-" else "soft"}">{each.outcome.value}'
        f'<td>{escape(rule.sentence)}<td>{rule.liable}<td class="soft">{escape(remark(each))}</tr>'
    )


def _aggregate(table: Aggregate) -> str:
    rows = "".join(_cell(cell, table.measure == "cost") for cell in table.cells)
    cost = "<th>Charged<th>Amount" if table.measure == "cost" else ""
    total = "" if table.total is None else f": {table.total}"
    caption = f"<caption>{escape(table.title.capitalize())}{total}</caption>"
    return f"<table>{caption}<thead><tr><th>Of<th>Count{cost}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(cell: Cell, with_cost: bool) -> str:
    if cell.count is None:
        return f'<tr><td>{escape(cell.key)}<td class="soft"{" colspan=3" * with_cost}>hidden</tr>'
    cost = f"<td>{cell.quantity}<td>{decimal(cell.amount or 0)} {escape(cell.currency or '')}" * with_cost
    return f"<tr><td>{escape(cell.key)}<td>{cell.count}{cost}</tr>"


def _exposure(risks: list[Risk]) -> str:
    if not risks:
        return "<p>Nothing was found that has a fine.</p>"
    rows = "".join(
        f"<tr><td>{escape(service)}<td>{offender}<td>{low} to {high} {escape(currency)}</tr>"
        for service, offender, currency, low, high in exposure.totals(risks)
    )
    head = "<tr><th>Service<th>Fined as<th>In all</tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _attempts(conformance: Conformance) -> str:
    drawn = conformance.youngest[::-1]
    if not drawn:
        return "<p>There were none.</p>"
    of_all = f" of {conformance.attempts}" if conformance.attempts > len(drawn) else ""
    told = f'<p class="soft">The youngest {len(drawn)}{of_all}, the latest first. Dots are the operator\'s answers.</p>'
    return told + "".join(_attempt(trace) for trace in drawn)


def _attempt(trace: Trace) -> str:
    reason = trace.told("reason")
    party = trace.told("responsible")
    why = f": {reason}, caused by the {party}; liable: the service" if party else f": {reason}" if reason else ""
    names = (trace.told("service_id"), trace.told("operator_id"), trace.told("profile"))
    told = ", ".join(str(name) for name in names if name)
    return (
        f"<h3>{escape(trace.id)} {escape(trace.states[-1])}{escape(why)}</h3>"
        f'<p class="soft">{escape(told)}; journal {trace.seqs[0]} to {trace.seqs[-1]}</p>'
        f'<div class="scroll">{svg(trace)}</div>'
    )
