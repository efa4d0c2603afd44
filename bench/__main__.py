"""`python -m bench`: measure, print the table, and write it to docs/performance.md."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, servers, soak
from bench.measures import NOWHERE, SHORT, Bench, LostError, Size, chosen
from bench.rows import ROWS, Measured, Row, table
from gateway.load.identify import UnusableError
from gateway.load.smpp import BindFailedError
from smsc_emulator.base import durations

PAGE = servers.ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
BESIDE_NPM = {"submits", "receipts", "p99"}


def main() -> None:
    """Read the options, and do it."""
    options = _options()
    os.sched_setaffinity(0, machine.GENERATOR)
    try:
        failed = soak.soak(options.soak, options.store, say) if options.soak else _bench(options)
    except (servers.MissingError, LostError, BindFailedError, UnusableError) as error:
        sys.exit(str(error))
    sys.exit(1 if failed else 0)


def _options() -> argparse.Namespace:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a minute, for CI; nothing is written")
    parser.add_argument("--only", nargs="+", choices=names, default=[], help="these rows alone; nothing is written")
    parser.add_argument("--stored", type=int, default=Size().stored, help="the larger number of stored messages")
    parser.add_argument("--soak", type=_duration, help="in place of the table: half the greatest rate for so long, 10m")
    parser.add_argument("--store", choices=["memory", "sqlite"], default="sqlite", help="the soak's store")
    return parser.parse_args()


def _duration(text: str) -> float:
    return durations.parse(text) / 1000


def _bench(options: argparse.Namespace) -> bool:
    """Measure the rows; return whether one is far below what it must reach."""
    rows = chosen(options.only)
    size = SHORT if options.short else Size(stored=options.stored)
    busy = machine.load()
    found: list[Measured] = []
    with servers.npm_smpp() if BESIDE_NPM & {row.name for row in rows} else NOWHERE as modules:
        bench = Bench(size, modules, say)
        for row in rows:
            found.append(_measured(bench, row, tries=3 if options.short else 1))
            print("  ".join(found[-1].cells()), flush=True)
    print(f"\n{table(found)}\n\n{machine.description()}")
    if not options.short and not options.only:
        _write(found, size, busy, bench.busiest)
    low = [each.row.name for each in found if each.is_low]
    if low:
        say(f"far below what they must reach: {', '.join(low)}")
    return bool(low)


def _measured(bench: Bench, row: Row, tries: int) -> Measured:
    """Measure a row, and again if it is too low: one short look may have met other work of the machine."""
    best = bench.measure(row)
    for _ in range(tries - 1):
        if not best.is_low:
            break
        best = max(best, bench.measure(row), key=lambda measured: measured.share)
    return best


def _write(found: list[Measured], size: Size, busy: float, busiest: float) -> None:
    day = datetime.now(UTC).date().isoformat()
    told = (
        f"`make bench` on {day}: {machine.description()}. Medians of {size.rounds} runs of {size.seconds:g} s each. "
        f"When it began, {busy:.1f} processes of others wanted to run; the generator never took more than "
        f"{busiest:.0%} of its core.\n\n{table(found)}"
    )
    PAGE.write_text(between(PAGE.read_text(), told))
    say(f"written to {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")


def between(page: str, told: str) -> str:
    """Return the page with what stands between its markers replaced."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} and {END} to write between")
    return f"{head}{BEGIN}\n\n{told}\n\n{END}{tail}"


def say(sentence: str) -> None:
    """Tell how it goes."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
