"""How a run is going: a table that renews itself on a terminal, a line a second elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from gateway.load.record import Record
from gateway.load.result import percentiles

if TYPE_CHECKING:
    from rich.table import Table

EVERY: Final = 1.0
"""Seconds between two lines."""


class Progress:
    """Looks at a record, and tells what has happened since it last looked."""

    def __init__(self, record: Record, now: Callable[[], float] = time.monotonic) -> None:
        self._record = record
        self._now = now
        self._began = self._told_at = now()
        self._answered = 0
        self._per_second = 0.0

    def due(self) -> bool:
        """Whether another line is due; if so, the rate is that since the last one."""
        now = self._now()
        if now - self._told_at < EVERY:
            return False
        answered = self._record.answered
        self._per_second = (answered - self._answered) / (now - self._told_at)
        self._answered, self._told_at = answered, now
        return True

    def cells(self) -> dict[str, str]:
        """Return what is told, by its heading."""
        recent = self._record.course.intervals[-2:]
        interval = recent[0] if recent[0].latencies.count else recent[-1]
        latencies = percentiles(interval.latencies)
        shown = {name: "-" if value is None else f"{value:,.1f}" for name, value in latencies.items()}
        return {
            "seconds": f"{self._now() - self._began:,.0f}",
            "answered": f"{self._record.answered:,}",
            "a second": f"{self._per_second:,.0f}",
            **{f"{name} ms": value for name, value in shown.items()},
            "failed": f"{self._record.failed:,}",
        }

    def line(self) -> str:
        """Return it as a line."""
        return "  ".join(f"{name} {value}" for name, value in self.cells().items())

    def table(self) -> "Table":
        """Return it as a table."""
        from rich.table import Table

        table = Table(box=None, padding=(0, 1, 0, 0))
        cells = self.cells()
        for name in cells:
            table.add_column(name, justify="right", min_width=7)
        table.add_row(*cells.values())
        return table


@contextmanager
def shown(record: Record, stream: TextIO) -> Iterator[Callable[[], None]]:
    """Yield what is to be called often while the run goes on."""
    progress = Progress(record)
    if not stream.isatty():

        def tell() -> None:
            if progress.due():
                print(progress.line(), file=stream, flush=True)

        yield tell
        return
    from rich.console import Console
    from rich.live import Live

    with Live(progress.table(), console=Console(file=stream), auto_refresh=False, transient=True) as live:

        def renew() -> None:
            if progress.due():
                live.update(progress.table(), refresh=True)

        yield renew
