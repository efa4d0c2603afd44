"""The regulator's registry of numbering capacity: which block of which DEF code was given to whom.

The registry is CSV with semicolons, in UTF-8 or Windows-1251, with its columns named in Russian or English:
`DEF;from;to;capacity;operator;region`; further columns are passed over. A DEF code is split among operators and regions
down to single thousands, so that a block is an interval of the seven digits after the code (2.4). Pure but for `read`.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from gateway.lookup.routing import NumberingPlan, NumberRange
from smsc_emulator.frozen import frozen
from smsc_emulator.operator.settings import OperatorSettings

COUNTRY_CODE = "7"

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "def": ("def", "abc/def", "авс/def"),
    "from": ("from", "от"),
    "to": ("to", "до"),
    "capacity": ("capacity", "емкость", "ёмкость"),
    "operator": ("operator", "оператор"),
    "region": ("region", "регион"),
}
"""What each column is called; spaces and case do not matter."""


@frozen
class Block:
    """A line of the registry. `first` and `last` are whole numbers without the `+`, both included."""

    first: int
    last: int
    operator: str
    region: str
    line: int


@frozen(order=True)
class RegistryMistake:
    """What is wrong with a line; 0 is the file as a whole."""

    line: int
    sentence: str


class NumberingFileError(Exception):
    """A registry file cannot be used; `mistakes` tells all that is wrong with it."""

    def __init__(self, path: Path, mistakes: Sequence[RegistryMistake]) -> None:
        super().__init__("; ".join(f"{path}:{each.line}: {each.sentence}" for each in mistakes[:20]))
        self.path = path
        self.mistakes = tuple(mistakes)


def read(path: Path) -> list[Block]:
    """Return the blocks of a file, in its order. Raises NumberingFileError, also where it cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise NumberingFileError(path, [RegistryMistake(0, f"cannot be read: {error.strerror}")]) from None
    blocks, mistakes = parse(_decoded(raw))
    if mistakes:
        raise NumberingFileError(path, mistakes)
    return blocks


def parse(text: str) -> tuple[list[Block], list[RegistryMistake]]:
    """Return the blocks of a registry's text and what is wrong with it, in the order of its lines."""
    reader = csv.reader(text.splitlines(), delimiter=";", strict=True)
    blocks: list[Block] = []
    mistakes: list[RegistryMistake] = []
    try:
        places = _places(next(reader, []))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found = _block(places, cells, reader.line_num)
                if isinstance(found, Block):
                    blocks.append(found)
                else:
                    mistakes.append(found)
    except (ValueError, csv.Error) as error:
        mistakes.append(RegistryMistake(max(reader.line_num, 1), str(error)))
    return blocks, sorted([*mistakes, *_overlaps(blocks)])


def plan(operators: Sequence[OperatorSettings], files: Iterable[Path] = ()) -> NumberingPlan:
    """Return the plan of the operators' own ranges and the registry's. Raises NumberingFileError.

    A block is an operator's whose `name`, or one of whose `registry_names`, the registry gives; any other is held by
    somebody who cannot be asked.
    """
    own = [
        NumberRange(int(block.first), int(block.last), operator.id, block.subscriber_data_at)
        for operator in operators
        for block in operator.ranges
    ]
    ids = {_plain(name): each.id for each in operators for name in (each.name, *each.registry_names)}
    listed = [
        NumberRange(block.first, block.last, ids.get(_plain(block.operator), block.operator))
        for file in files
        for block in read(file)
    ]
    data_at = {each.id: each.subscriber_data_at for each in operators if each.subscriber_data_at is not None}
    return NumberingPlan([*own, *listed], known=[each.id for each in operators], data_at=data_at)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1251", errors="replace")


def _plain(name: str) -> str:
    return "".join(name.casefold().split())


def _places(header: list[str]) -> dict[str, int]:
    """Return where each column stands. Raises ValueError for one that is missing."""
    names = [_plain(name) for name in header]
    places = {}
    for column, called in _COLUMNS.items():
        found = [names.index(name) for name in called if name in names]
        if not found:
            raise ValueError(f"the first line names no column {column!r}; it is DEF;from;to;capacity;operator;region")
        places[column] = found[0]
    return places


def _block(places: Mapping[str, int], cells: list[str], line: int) -> Block | RegistryMistake:
    if len(cells) <= max(places.values()):
        return RegistryMistake(line, f"this line has {len(cells)} columns, fewer than the first line")
    found = {column: cells[place].strip() for column, place in places.items()}
    for column, digits in (("def", 3), ("from", 7), ("to", 7)):
        if not (found[column].isascii() and found[column].isdigit() and len(found[column]) == digits):
            return RegistryMistake(line, f"{column}: expected {digits} digits (got {found[column]!r})")
    if not found["operator"]:
        return RegistryMistake(line, "operator: expected a name (got nothing)")
    first, last = (int(COUNTRY_CODE + found["def"] + found[end]) for end in ("from", "to"))
    if last < first:
        return RegistryMistake(line, f"to: expected a number not below {found['from']} (got {found['to']!r})")
    if found["capacity"] != str(last - first + 1):
        return RegistryMistake(line, f"capacity: the block has {last - first + 1} numbers (got {found['capacity']!r})")
    return Block(first, last, found["operator"], found["region"], line)


def _overlaps(blocks: Iterable[Block]) -> Iterator[RegistryMistake]:
    highest: Block | None = None
    for block in sorted(blocks, key=lambda each: (each.first, each.line)):
        if highest is not None and block.first <= highest.last:
            yield RegistryMistake(block.line, f"this block overlaps that of line {highest.line}")
        if highest is None or block.last > highest.last:
            highest = block
