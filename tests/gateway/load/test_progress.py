"""How a run is told while it goes on."""

import io

from rich.console import Console

from gateway.load.progress import Progress, shown
from gateway.load.record import Record


class Time:
    """A clock that the test turns."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_a_second_tells_the_rate_since_the_one_before() -> None:
    record, time = Record("answer"), Time()
    progress = Progress(record, time)
    record.took(100_000, 4_000, 500)
    time.now = 0.9
    assert not progress.due()
    time.now = 2.0
    assert progress.due()
    assert progress.line() == (
        "seconds 2  answered 500  a second 250  p50 ms 4.0  p95 ms 4.0  p99 ms 4.0  max ms 4.0  failed 0"
    )
    assert not progress.due()
    record.took(2_100_000, 4_000, 100)
    time.now = 3.0
    assert progress.due()
    assert "answered 600  a second 100" in progress.line()


def test_a_terminal_of_80_columns_shows_all_of_a_large_run() -> None:
    record = Record("answer")
    record.took(1, 12_345_678, 123_456_789)
    record.went_wrong(2, "ESME_RSYSERR", 7_654_321)
    console = Console(file=io.StringIO(), width=80)
    console.print(Progress(record).table())
    assert isinstance(console.file, io.StringIO)
    head, row = console.file.getvalue().splitlines()
    assert head.split() == [
        "seconds",
        "answered",
        "a",
        "second",
        "p50",
        "ms",
        "p95",
        "ms",
        "p99",
        "ms",
        "max",
        "ms",
        "failed",
    ]
    assert row.split() == ["0", "123,456,789", "0", "12,345.7", "12,345.7", "12,345.7", "12,345.7", "7,654,321"]


def test_a_terminal_gets_a_table_that_renews_itself_and_a_file_gets_lines() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        with shown(Record("answer"), stream) as tell:
            tell()
    assert "\x1b[" in terminal.getvalue()
    assert "failed" in terminal.getvalue()
    assert file.getvalue() == ""
