"""SQL statements that are put together once, compiled once, and then only run.

SQLAlchemy's way from a statement to the driver costs ten times what SQLite needs to run it. So what every message or
attempt runs is a `Statement`, made when its module is imported: on SQLite it goes to the driver itself, as the text
that SQLAlchemy compiled at its first use, with the values and columns converted as SQLAlchemy would. On PostgreSQL,
where the way to the server counts for more, SQLAlchemy runs it. What is run now and then needs no `Statement`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pydantic_core import to_json
from sqlalchemy import JSON, Delete, Dialect, Insert, Select, Table, Update
from sqlalchemy.sql.visitors import iterate
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from smsc_emulator.base.units import Tx

Core: TypeAlias = Select[Any] | Insert | Update | Delete
Row: TypeAlias = Any
"""A row with its columns as attributes, and all of them by name as `_mapping`: as SQLAlchemy's rows have them."""

Convert = Callable[[Any], Any]


class Statement:
    """A statement of SQLAlchemy's core, whose values are `bindparam`s or, of an INSERT or UPDATE, columns.

    It may have no list of values whose length is told only when it runs (`in_` with a list). What a query with
    `remember` has brought is known until one of its tables is written: for what is asked often and changes seldom.
    """

    def __init__(self, core: Core, *, remember: bool = False) -> None:
        self.core = core
        """The statement as SQLAlchemy has it."""
        self._remember = remember
        self._texts: dict[tuple[str, ...], _Text] = {}

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The names of all tables that are in it."""
        return tuple({part.name for part in iterate(self.core) if isinstance(part, Table)})

    @cached_property
    def _changed(self) -> Table:
        assert not isinstance(self.core, Select)
        assert isinstance(self.core.table, Table)
        return self.core.table

    def all(self, tx: "Tx", **values: Any) -> Sequence[Row]:
        """Return the rows."""
        if tx.driver is None:
            return tx.conn.execute(self.core, values).all()
        if not self._remember:
            return self._read(tx, values)
        key = ("rows", self, *values.values())
        known = tx.known.get(key)
        versions = [tx.known.get((VERSION, table)) for table in self.tables]
        if known is None or known[0] != versions:
            known = tx.known.own[key] = versions, self._read(tx, values)
        found: Sequence[Row] = known[1]
        return found

    def first(self, tx: "Tx", **values: Any) -> Row | None:
        """Return the first row, or None."""
        if self._remember:
            return next(iter(self.all(tx, **values)), None)
        if tx.driver is None:
            return tx.conn.execute(self.core, values).first()
        tx.reads(self.tables)
        return self.look_up(tx, values)

    def look_up(self, tx: "Tx", values: Mapping[str, Any]) -> Row | None:
        """Return the first row, or None, whatever waits to be written: for who knows that this row does not."""
        if tx.driver is None:
            return tx.conn.execute(self.core, values).first()
        text = self._text(tx, values)
        cursor = tx.driver.execute(text.sql, text.values(values))
        columns = cursor.fetchone()
        cursor.close()  # else the statement would stay open, and the transaction with it
        return None if columns is None else text.row(columns)

    def value(self, tx: "Tx", **values: Any) -> Any:
        """Return the first column of the first row, or None."""
        row = self.first(tx, **values)
        return None if row is None else row[0]

    def run(self, tx: "Tx", values: Mapping[str, Any]) -> int:
        """Change what the statement says, and return how many rows that were."""
        if tx.driver is None:
            return tx.conn.execute(self.core, values).rowcount
        text = self._text(tx, values)
        tx.changes(self._changed)
        return tx.driver.execute(text.sql, text.values(values)).rowcount

    def run_each(self, tx: "Tx", rows: Sequence[Mapping[str, Any]]) -> None:
        """Run with each of `rows`, all of which have the same names in the same order."""
        if rows and tx.driver is not None:
            tx.changes(self._changed)
        self.write(tx, rows)

    def later(self, tx: "Tx", *rows: Mapping[str, Any]) -> None:
        """Run with each of `rows` when the batch ends, or before somebody asks about the table; see `writes`."""
        if tx.writes is None:
            for row in rows:
                self.run(tx, row)
        else:
            tx.known[VERSION, self._changed.name] = object()
            tx.writes.sheet(self._changed.name, _Runs).add(self, rows)

    def write(self, tx: "Tx", rows: Sequence[Mapping[str, Any]]) -> None:
        """Run with each of `rows`, whatever waits to be written; for what is gathered."""
        if not rows:
            return
        if tx.driver is None:
            tx.conn.execute(self.core, rows)
        else:
            text = self._text(tx, rows[0])
            tx.driver.executemany(text.sql, map(text.values, rows))

    def _read(self, tx: "Tx", values: Mapping[str, Any]) -> list[Row]:
        assert tx.driver is not None
        text = self._text(tx, values)
        tx.reads(self.tables)
        found = tx.driver.execute(text.sql, text.values(values)).fetchall()
        return [text.row(columns) for columns in found]

    def _text(self, tx: "Tx", values: Iterable[str]) -> "_Text":
        names = tuple(values)
        text = self._texts.get(names)
        if text is None:
            text = self._texts[names] = _Text(self.core, names, tx.conn.dialect)
        return text


VERSION: Final = "version"
"""The kind of what is known of a whole table: another object each time that it is written."""


HAS_RECORDS: Final = "records"
"""Marks, in its `info`, a table whose rows are known as objects; see `records`."""


class _Runs:
    """Statements that wait, in their order; see `writes.Sheet`."""

    def __init__(self) -> None:
        self._runs: list[tuple[Statement, list[Mapping[str, Any]]]] = []

    def add(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows of a statement; they go with those before them if the statement and its names are the same."""
        if self._runs:
            last, waiting = self._runs[-1]
            if last is statement and waiting[-1].keys() == rows[0].keys():
                waiting.extend(rows)
                return
        self._runs.append((statement, list(rows)))

    def take(self, later: "_Runs") -> None:
        """See `writes.Sheet`."""
        for statement, rows in later._runs:
            self.add(statement, rows)

    def write(self, tx: "Tx") -> None:
        """See `writes.Sheet`."""
        for statement, rows in self._runs:
            statement.write(tx, rows)


class Columns:
    """The members of a dataclass as the columns of a table, each under its own name."""

    def __init__(self, kind: Any) -> None:
        self.names = tuple(field.name for field in fields(kind))
        self._pick = attrgetter(*self.names)

    def all(self, one: object) -> dict[str, Any]:
        """Return all columns of a row."""
        return dict(zip(self.names, self._pick(one), strict=True))

    def changed(self, before: object, after: object) -> dict[str, Any]:
        """Return those that have changed: an UPDATE writes each index anew whose columns it names."""
        pairs = zip(self.names, self._pick(before), self._pick(after), strict=True)
        return {name: new for name, old, new in pairs if new is not old and new != old}


class _Text:
    """A statement as one dialect writes it, for values of certain names."""

    def __init__(self, core: Core, names: tuple[str, ...], dialect: Dialect) -> None:
        compiled = core.compile(dialect=dialect, column_keys=list(names))
        assert "POSTCOMPILE" not in compiled.string, "a Statement has no list of values; see `Statement`"
        self.sql = compiled.string
        places = compiled.positiontup or []
        own = (name for name in places if name not in names and not compiled.binds[name].required)
        self._constants = {name: compiled.binds[name].value for name in own}
        self._places = places
        binds = (_bind(compiled.binds[name].type, dialect) for name in places)
        self._converts = [(place, convert) for place, convert in enumerate(binds) if convert is not None]
        columns = list(core.selected_columns) if isinstance(core, Select) else []
        results = (_result(column.type, dialect) for column in columns)
        self._results = [(place, convert) for place, convert in enumerate(results) if convert is not None]
        self._row = _row_type([str(column.key) for column in columns])
        self._pick = _picker(places)

    def values(self, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the values in the order of their places. Raises KeyError for one that is missing."""
        picked = self._pick({**self._constants, **values} if self._constants else values)
        if not self._converts:
            return picked
        converted = list(picked)
        for place, convert in self._converts:
            converted[place] = convert(converted[place])
        return converted

    def row(self, columns: Sequence[Any]) -> Row:
        """Return a row of the driver as SQLAlchemy would."""
        if self._results:
            columns = list(columns)
            for place, convert in self._results:
                columns[place] = convert(columns[place])
        return self._row(columns)


def compact_json(value: Any) -> str:
    """Return `value` as JSON without blanks, every letter as it is."""
    return to_json(value).decode()


def _bind(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(kind, JSON):  # SQLAlchemy would look first for constants of its own, which nobody here uses
        return (lambda value: None if value is None else compact_json(value)) if kind.none_as_null else compact_json
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _result(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _row_type(names: Sequence[str]) -> type[tuple[Any, ...]]:
    """Return a tuple whose items are attributes too, and all of them by name its `_mapping`."""
    members: dict[str, Any] = {name: property(itemgetter(place)) for place, name in enumerate(names)}
    members["_mapping"] = property(lambda row: dict(zip(names, row, strict=True)))
    return type("Row", (tuple,), {"__slots__": (), **members})


def _picker(places: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: [values[place] for place in places]
