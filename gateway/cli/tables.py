"""Tables for people, by rich: as wide as the terminal, and not cut where there is none."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

UNBOUND = 10_000
"""The width of what is written to a file or a pipe: no line is broken or cut there."""


def console() -> "Console":
    """Return the console of standard output."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout and sys.stdout.isatty() else Console(highlight=False, width=UNBOUND)


def progress(work: Sequence[T], doing: str) -> Iterator[T]:
    """Yield each piece of long work; a bar on standard error shows how far it is, where that is a terminal."""
    if not sys.stderr.isatty():
        yield from work
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(work, description=doing, console=Console(stderr=True), transient=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, nothing: str) -> None:
    """Print a table, or the sentence `nothing` where there are no rows."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text, so that nothing that comes from outside is read as markup.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console().print(table if table.row_count else Text(nothing))
