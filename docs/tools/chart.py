"""A table of moves as a drawing: a column for each state, a row with an arrow for each move.

No line crosses a word whatever the table is, and the same table always gives the same octets.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, ROW, TOP, LEFT = 98, 24, 46, 60
_INK, _LINE, _SOFT, _MOVE = "#1c2330", "#c3cad5", "#e8edf5", "#0b57a4"
_FONT = 'font-family="system-ui, sans-serif" font-size="11"'


class Move(NamedTuple):
    """From a state to a state, and why."""

    source: str
    target: str
    label: str


def chart(title: str, moves: Sequence[Move], states: Sequence[str]) -> str:
    """Return an SVG of `moves` between `states`, which stand in that order."""
    label_width = max((len(move.label) for move in moves), default=0) * 6 + 24
    columns = {state: LEFT + WIDTH * index for index, state in enumerate(states)}
    right = LEFT + WIDTH * (len(states) - 1) + LEFT
    width, height = right + label_width, TOP + ROW * len(moves) + 20
    finals = set(states) - {move.source for move in moves}
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" {_FONT}>'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *(_column(state, x, height, final=state in finals) for state, x in columns.items()),
        *(_arrow(move, columns, TOP + ROW * (row + 1), right) for row, move in enumerate(moves)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _column(state: str, x: int, height: int, *, final: bool) -> str:
    half = WIDTH // 2 - 5
    edge = 'stroke-width="3"' if final else 'stroke-width="1"'
    return (
        f'<line x1="{x}" y1="36" x2="{x}" y2="{height - 8}" stroke="{_LINE}"/>'
        f'<rect x="{x - half}" y="10" width="{half * 2}" height="26" rx="8" fill="{_SOFT}" stroke="{_INK}" {edge}/>'
        f'<text x="{x}" y="27" text-anchor="middle" fill="{_INK}">{escape(state)}</text>'
    )


def _arrow(move: Move, columns: dict[str, int], y: int, right: int) -> str:
    start, end = columns[move.source], columns[move.target]
    label = f'<text x="{right}" y="{y + 4}" fill="{_INK}">{escape(move.label)}</text>'
    dots = f'<line x1="{max(start, end) + 8}" y1="{y}" x2="{right - 6}" y2="{y}" stroke="{_SOFT}"/>'
    begin = f'<circle cx="{start}" cy="{y}" r="3.5" fill="{_MOVE}"/>'
    if start == end:
        loop = f'<path d="M{start} {y} c26 -14 26 14 4 4" fill="none" stroke="{_MOVE}" stroke-width="1.5"/>'
        return dots + begin + loop + label
    side = -7 if end > start else 7
    line = f'<line x1="{start}" y1="{y}" x2="{end + side}" y2="{y}" stroke="{_MOVE}" stroke-width="1.5"/>'
    head = f'<path d="M{end} {y} l{side} -4 v8 z" fill="{_MOVE}"/>'
    return dots + begin + line + head + label
