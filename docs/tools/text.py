"""What the generated pages are written with."""

from collections.abc import Iterable, Sequence


def cell(text: str | None) -> str:
    """Return `text` as one cell of a table."""
    return " ".join((text or "").split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with an empty line after it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
