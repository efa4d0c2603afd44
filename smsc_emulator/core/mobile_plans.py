"""Files of messages from handsets: a row for each message, or for a series of equal ones.

The columns, in any order: phone_number (whose handset sends it), to, text, and optionally after (lab time from the
start of the lab), every (lab time from one message of a series to the next) and times (how many there are).
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from smsc_emulator.base import durations, msisdn
from smsc_emulator.frozen import frozen

COLUMNS = ("phone_number", "to", "text")
OPTIONAL = ("after", "every", "times")
MOST_TIMES = 10_000
LONGEST_TEXT = 8_000
_TO = re.compile(r"\+?[0-9]{1,20}")


@frozen
class Planned:
    """A message, or a series of equal ones, that a handset is to send."""

    number: str
    to: str
    text: str
    after: int = 0
    every: int = 0
    times: int = 1

    def instants(self, start: int) -> list[int]:
        """Return when the messages go out, if the lab starts at `start`."""
        return [start + self.after + self.every * n for n in range(self.times)]


def read(lines: Iterable[str]) -> list[Planned]:
    """Return the messages of a file; raises ValueError with the line and what is wrong with it."""
    reader = csv.DictReader(lines, strict=True)
    columns = reader.fieldnames or ()
    missing = [name for name in COLUMNS if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS + OPTIONAL]
    if missing or unknown:
        raise ValueError(
            f"line 1: the columns are {', '.join(COLUMNS)} and, if wanted, {', '.join(OPTIONAL)}; here are"
            f" {', '.join(columns) or 'none'}"
        )
    try:
        return [_planned(row) for row in reader]
    except (ValueError, csv.Error) as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None


def read_file(file: Path) -> list[Planned]:
    """Return the messages of a file; raises OSError or ValueError."""
    with file.open(newline="", encoding="utf-8-sig") as lines:
        return read(lines)


def _planned(row: dict[str, str | None]) -> Planned:
    if None in row or None in row.values():
        raise ValueError("the row has another number of columns than the first line")
    cells = {name: (cell or "").strip() for name, cell in row.items()}
    if not _TO.fullmatch(cells["to"]):
        raise ValueError(f"to: {cells['to']!r} is neither a number nor a short code")
    if not 0 < len(cells["text"]) <= LONGEST_TEXT:
        raise ValueError(f"text: from 1 to {LONGEST_TEXT} characters, here are {len(cells['text'])}")
    times = cells.get("times") or "1"
    if not times.isdecimal() or not 1 <= int(times) <= MOST_TIMES:
        raise ValueError(f"times: {times!r} is no number from 1 to {MOST_TIMES}")
    return Planned(
        msisdn.parse(cells["phone_number"]),
        cells["to"],
        cells["text"],
        durations.parse(cells.get("after") or "0s"),
        durations.parse(cells.get("every") or "0s"),
        int(times),
    )
