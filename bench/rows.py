"""The measures, what they must and should reach, and how each stands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. `smaller` says that smaller is better; `unit` is that of `value`, which is a ratio without one."""

    name: str
    text: str
    must: float
    goal: float
    smaller: bool = False
    unit: str = ""
    least: float = 0.5
    """The share of "must" below which the bench fails: machines differ, and are busy. Where half of it has not been
    reached yet, half of what has."""


ROWS = (
    Row("submits", "submit_sm a second, window 100, no receipts, over npm smpp's echo", 1.0, 2.5),
    Row("receipts", "the same with a receipt for each, delivered and acknowledged, over npm smpp's", 1.5, 2.8),
    Row("sqlite", "that with the SQLite store over the memory store", 0.6, 0.9),
    Row("idle", "memory for each of {binds:,} bound idle sessions", 16.0, 6.0, smaller=True, unit="kB"),
    Row("p99", "p99 of submit_sm_resp at a paced 1,000 a second, over npm smpp's", 1.5, 1.0, smaller=True),
    Row(
        "identifications",
        "identifications a second over bare aiohttp POST round trips a second",
        0.06,
        0.15,
        least=0.165,
    ),
    Row("growth", "cost of a message at {stored:,} stored over that at {few:,}", 1.3, 1.05, smaller=True),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A row with what was found: the value, and in words what it is the ratio of."""

    row: Row
    value: float
    ours: str
    beside: str
    size: dict[str, int]

    @property
    def text(self) -> str:
        """What was measured, with its sizes."""
        return self.row.text.format_map(self.size)

    @property
    def share(self) -> float:
        """How much of "must" was reached; from 1 on it is met."""
        return self.row.must / self.value if self.row.smaller else self.value / self.row.must

    @property
    def is_low(self) -> bool:
        """Whether the bench fails by it."""
        return self.share < self.row.least

    @property
    def verdict(self) -> str:
        """Where the value stands."""
        row = self.row
        if (self.value <= row.goal) if row.smaller else (self.value >= row.goal):
            return "goal"
        return "must" if self.share >= 1 else "missed"

    def cells(self) -> list[str]:
        """Return the row of the table."""
        unit = f" {self.row.unit}" if self.row.unit else ""
        sign = "≤" if self.row.smaller else "≥"
        bounds = [f"{sign} {bound:g}{unit}" for bound in (self.row.must, self.row.goal)]
        return [self.text, self.ours, self.beside, f"{self.value:.3g}{unit}", *bounds, self.verdict]


HEAD = ["measure", "here", "beside it", "value", "must", "goal", "reached"]


def table(found: list[Measured]) -> str:
    """Return the table in Markdown."""
    lines = [HEAD, ["---"] * len(HEAD), *(each.cells() for each in found)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
