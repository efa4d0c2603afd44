"""An attempt as a picture: its states on a line of time, as SVG.

Between two states the line is as long as the logarithm of the time, so that milliseconds and minutes can be seen beside
each other; the times themselves are written below.
"""

from html import escape
from itertools import pairwise
from math import log10

from gateway.reports.history import Trace
from smsc_emulator.base.durations import iso

WIDTH, HEIGHT, LEFT, LINE = 920, 84, 10, 40
LEAST = 104
"""The least distance of two states, which leaves room for their names."""


def svg(trace: Trace) -> str:
    """Return the picture of an attempt: a bar for each state, and a mark for each verdict."""
    places = _places(trace)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(description(trace), quote=True)}">',
        f"<title>{escape(description(trace))}</title>",
    ]
    for (step, place), (_, following) in pairwise([*zip(trace.steps, places, strict=True), (None, WIDTH - LEFT)]):
        assert step is not None
        state = step.type.partition(".")[2]
        parts.append(
            f'<g class="{escape(state, quote=True)}"><rect x="{place:.1f}" y="{LINE - 8}" '
            f'width="{max(following - place - 2, 2):.1f}" height="16" rx="3"/>'
            f'<text x="{place:.1f}" y="{LINE - 14}">{escape(state)}</text>'
            f'<text class="time" x="{place:.1f}" y="{LINE + 24}">{_since(trace, step.at)}</text></g>'
        )
    for verdict in trace.verdicts:
        place = _place(trace, places, verdict.at)
        told = f"{verdict.data.get('result')} {verdict.data.get('outcome')}"
        parts.append(
            f'<circle class="{escape(str(verdict.data.get("outcome")))}" cx="{place:.1f}" cy="{LINE}" r="5">'
            f"<title>{escape(told)} {_since(trace, verdict.at)}</title></circle>"
            f'<text class="time" x="{place:.1f}" y="{LINE + 38}">{escape(told)}</text>'
        )
    return "".join([*parts, "</svg>"])


def description(trace: Trace) -> str:
    """Return what the picture shows, in words."""
    steps = ", ".join(
        f"{state} at {_since(trace, step.at)}" for state, step in zip(trace.states, trace.steps, strict=True)
    )
    reason = trace.told("reason")
    return f"Attempt {trace.id} from {iso(trace.steps[0].at)}: {steps}" + (f" ({reason})" if reason else "")


def _places(trace: Trace) -> list[float]:
    """Return where each state begins, in units of the picture."""
    lengths = [log10(1 + max(after.at - before.at, 0)) for before, after in pairwise(trace.steps)]
    room = max(WIDTH - 2 * LEFT - LEAST * len(trace.steps), 0)
    least = min(LEAST, (WIDTH - 2 * LEFT) / len(trace.steps))
    scale = room / sum(lengths) if sum(lengths) else 0.0
    places = [float(LEFT)]
    for length in lengths:
        places.append(places[-1] + least + length * scale)
    return places


def _place(trace: Trace, places: list[float], at: int) -> float:
    """Return where an instant lies: between the states around it, by its share of the time between them."""
    steps = list(zip(trace.steps, places, strict=True))
    for (before, start), (after, end) in pairwise(steps):
        if before.at <= at <= after.at:
            share = (at - before.at) / (after.at - before.at) if after.at > before.at else 1.0
            return start + (end - start) * share
    return places[-1] + LEAST / 2


def _since(trace: Trace, at: int) -> str:
    """Return the time since the attempt's beginning, as people write it."""
    seconds, millis = divmod(max(at - trace.steps[0].at, 0), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{minutes:02}:{seconds:02}.{millis:03}"
    return f"+{hours}:{clock}" if hours else f"+{clock}"
