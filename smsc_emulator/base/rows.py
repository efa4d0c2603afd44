"""Many rows at once."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import Table, insert
from sqlalchemy.engine import Connection

_MOST: Final = 128
"""How many rows one statement of SQLite takes; so many with twenty columns are far below its limit of values."""


def insert_rows(conn: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, each with a value for every column in the table's order.

    SQLite gets many of them by one statement: while it works on that it needs no turn of the interpreter, whose turns
    the database's thread would otherwise wait for with each row. The values must be such that SQLite takes them as
    they are: numbers, texts, octets, None.
    """
    if not rows:
        return
    if conn.dialect.name != "sqlite":
        names = [column.name for column in table.columns]
        conn.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        return
    for some in _cut(rows):
        conn.exec_driver_sql(_text(table, len(some)), tuple(chain.from_iterable(some)))


def _cut(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Cut into powers of two, so that there are few different statements to be prepared."""
    at = 0
    while at < len(rows):
        count = min(_MOST, 1 << (len(rows) - at).bit_length() - 1)
        yield rows[at : at + count]
        at += count


@cache
def _text(table: Table, count: int) -> str:
    names = [column.name for column in table.columns]
    row = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {', '.join([row] * count)}"  # noqa: S608 - no values
