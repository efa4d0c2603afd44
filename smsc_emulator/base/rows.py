"""Many rows at once."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Table, insert

if TYPE_CHECKING:
    from smsc_emulator.base.units import Tx

_MOST: Final = 128
"""How many rows one statement of SQLite takes; so many with twenty columns are far below its limit of values."""


def insert_rows(tx: "Tx", table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, each with a value for every column in the table's order.

    SQLite gets many of them by one statement: while it works on that it needs no turn of the interpreter, whose turns
    the database's thread would otherwise wait for with each row. What all of them have alike is handed over once, since
    a value costs more to hand over than to write. The values must be such that SQLite takes them as they are: numbers,
    texts, octets, None.
    """
    if not rows:
        return
    if tx.driver is None:
        names = [column.name for column in table.columns]
        tx.conn.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        return
    for some in _cut(rows):
        columns = list(zip(*some, strict=True))
        varies = tuple(column.count(column[0]) < len(column) for column in columns)
        if not any(varies):
            varies = (True,) * len(columns)
        alike = [column[0] for column, differs in zip(columns, varies, strict=True) if not differs]
        others = zip(*(column for column, differs in zip(columns, varies, strict=True) if differs), strict=True)
        tx.driver.execute(_text(table, varies, len(some)), (*alike, *chain.from_iterable(others)))


def _cut(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Cut into powers of two, so that there are few different statements to be prepared."""
    at = 0
    while at < len(rows):
        count = min(_MOST, 1 << (len(rows) - at).bit_length() - 1)
        yield rows[at : at + count]
        at += count


@cache
def _text(table: Table, varies: tuple[bool, ...], count: int) -> str:
    """Return the statement for so many rows; first come the values that they have alike."""
    names = ", ".join(column.name for column in table.columns)
    places = iter(range(1, len(varies) + 1))
    chosen = ", ".join(f"column{next(places)}" if differs else "?" for differs in varies)
    row = f"({', '.join('?' * sum(varies))})"
    values = ", ".join([row] * count)
    return f"INSERT INTO {table.name} ({names}) SELECT {chosen} FROM (VALUES {values})"  # noqa: S608 - no values
