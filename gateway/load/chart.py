"""Charts as SVG, drawn by hand: lines over time, and a histogram on a logarithmic scale."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

WIDTH: Final = 900
HEIGHT: Final = 260
_LEFT: Final = 64
_RIGHT: Final = 12
_TOP: Final = 12
_BOTTOM: Final = 34

Points = Sequence[tuple[float, float | None]]


def lines(series: Mapping[str, Points], *, unit: str, title: str) -> str:
    """Return a chart of named lines over seconds; a point without a value interrupts its line."""
    ends = [x for points in series.values() for x, _ in points]
    values = [y for points in series.values() for _, y in points if y is not None]
    if not values:
        return '<p class="soft">Nothing was answered.</p>'
    right, top = max(ends) or 1.0, _round_up(max(values) or 1.0)
    body = [_grid_y(top, unit), _grid_x(right)]
    for number, (name, points) in enumerate(series.items()):
        body.append(f'<g class="line line{number}">{"".join(_line(name, points, right, top, unit))}</g>')
    return _svg(title, body)


def histogram(counts: Sequence[tuple[float, int]], *, title: str) -> str:
    """Return bars of how many values, in ms, lie up to each upper end; the ends grow tenfold by equal steps."""
    if not counts:
        return '<p class="soft">Nothing was answered.</p>'
    bars = _joined(counts)
    low, high = min(bars), max(bars) + 1
    most = max(bars.values())
    top = _round_up(float(most))
    body = [_grid_y(top, "")]
    step = _plot_width() / (high - low)
    for place, count in bars.items():
        x, y = _LEFT + (place - low) * step, _y(count, top)
        told = f"{10 ** (place / _PER_DECADE):,.2f} to {10 ** ((place + 1) / _PER_DECADE):,.2f} ms: {count:,}"
        body.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(step - 1, 0.5):.1f}" height="{HEIGHT - _BOTTOM - y:.1f}">'
            f"<title>{told}</title></rect>"
        )
    for exponent in range(math.floor(low / _PER_DECADE), math.ceil(high / _PER_DECADE) + 1):
        for end in (10.0**exponent, 2 * 10.0**exponent, 5 * 10.0**exponent):
            x = _LEFT + (math.log10(end) * _PER_DECADE - low) * step
            if _LEFT <= x <= WIDTH - _RIGHT:
                body.append(_tick_x(x, f"{end:g} ms"))
    return _svg(title, body)


_PER_DECADE: Final = 20
"""How many bars a tenfold takes."""


def _joined(counts: Sequence[tuple[float, int]]) -> dict[int, int]:
    """Return how many values each bar has; the smallest end that is told apart is a microsecond."""
    bars: dict[int, int] = {}
    for end, count in counts:
        place = math.floor(math.log10(max(end, 0.001)) * _PER_DECADE)
        bars[place] = bars.get(place, 0) + count
    return bars


def _line(name: str, points: Points, right: float, top: float, unit: str) -> Iterator[str]:
    path, begun = [], False
    for x, y in points:
        if y is None:
            begun = False
            continue
        path.append(f"{'L' if begun else 'M'}{_x(x, right):.1f} {_y(y, top):.1f}")
        begun = True
    yield f'<path d="{"".join(path)}"/>'
    for x, y in points:
        if y is not None:
            yield (
                f'<circle cx="{_x(x, right):.1f}" cy="{_y(y, top):.1f}" r="2.5">'
                f"<title>{escape(name)}: {y:,.2f} {unit} at {x:g} s</title></circle>"
            )


def _svg(title: str, body: Sequence[str]) -> str:
    drawn = "".join(body)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{drawn}</svg>'


def _grid_y(top: float, unit: str) -> str:
    marks = []
    for part in range(5):
        value = top * part / 4
        y = _y(value, top)
        marks.append(
            f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
            f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,.6g} {unit}</text>'
        )
    return "".join(marks)


def _grid_x(right: float) -> str:
    step = _round_up(right / 8)
    return "".join(_tick_x(_x(step * part, right), f"{step * part:,g} s") for part in range(int(right / step) + 1))


def _tick_x(x: float, text: str) -> str:
    return (
        f'<path class="grid" d="M{x:.1f} {_TOP}V{HEIGHT - _BOTTOM}"/>'
        f'<text class="tick" x="{x:.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">{text}</text>'
    )


def _plot_width() -> int:
    return WIDTH - _LEFT - _RIGHT


def _x(value: float, right: float) -> float:
    return _LEFT + _plot_width() * value / right


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 4, 5, 8 or 10 times a power of ten, so that quarters of it read well."""
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 8, 10, 20) if step * power >= value)
