"""Rows as objects that never change: found by their keys, added, and saved as what has become of them.

What is known of a row is not read again, and what becomes of it is written when the batch ends, or before somebody asks
the database about its table (see `known` and `writes`). Where other nodes write too, all is written at once.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from sqlalchemy import Select, Table, bindparam, insert, select, update

from smsc_emulator.base.statements import HAS_RECORDS, VERSION, Columns, Row, Statement

if TYPE_CHECKING:
    from smsc_emulator.base.units import Tx

T = TypeVar("T")

_NEW: Final[Any] = object()
"""What a row was before that was not there."""

_PLACE: Final = "its_key"


class Records(Generic[T]):
    """The rows of a table as frozen dataclasses of `kind`, whose members have the names of their columns.

    `read` makes the object of a row's columns, `flat` puts into columns what is not plain. `key` is a column that is
    unique. With `in_order` all changes are written one by one as they came, for a table where the database refuses
    what would stand side by side if only the last were written.
    """

    def __init__(
        self,
        table: Table,
        kind: type[T],
        *,
        key: str = "id",
        read: Callable[[Mapping[str, Any]], T] | None = None,
        flat: Callable[[dict[str, Any]], dict[str, Any]] = dict,
        in_order: bool = False,
    ) -> None:
        self.name = table.name
        table.info[HAS_RECORDS] = True
        self._make = read or (lambda columns: kind(**columns))
        self.flat = flat
        self.columns = Columns(kind)
        self.key_of = attrgetter(key)
        self.in_order = in_order
        place = table.c[key] == bindparam(_PLACE)
        self.selected = select(*(table.c[name] for name in self.columns.names))
        """The columns of an object; a query of them is read by `all`."""
        self.insert = Statement(insert(table))
        self.update = Statement(update(table).where(place))
        self._select = Statement(self.selected.where(place))
        self.groups: list[Group[T]] = []

    def find(self, tx: "Tx", key: str) -> T | None:
        """Return the object with this key, or None."""
        known: T | None = tx.known.get((self.name, key))
        # What waits to be written is known.
        if known is None and (row := self._select.look_up(tx, {_PLACE: key})) is not None:
            known = tx.known.own[self.name, key] = self._make(row._mapping)
        return known

    def of(self, tx: "Tx", row: Row) -> T:
        """Return the object of a row that a query of `selected` has brought."""
        key = self.name, self.key_of(row)
        known: T | None = tx.known.get(key)
        if known is None:
            known = tx.known.own[key] = self._make(row._mapping)
        return known

    def all(self, tx: "Tx", rows: Iterable[Row]) -> list[T]:
        """Return the objects of rows that a query of `selected` has brought."""
        return [self.of(tx, row) for row in rows]

    def add(self, tx: "Tx", new: T) -> None:
        """Write a new object."""
        key = self.key_of(new)
        tx.known[self.name, key] = new
        tx.known[VERSION, self.name] = object()
        for group in self.groups:
            group.joins(tx, key, new)
        if tx.writes is None:
            self.insert.run(tx, self.flat(self.columns.all(new)))
        else:
            tx.writes.sheet(self.name, self._sheet).put(key, _NEW, new)

    def save(self, tx: "Tx", changed: T) -> None:
        """Write what has become of an object."""
        key = self.key_of(changed)
        before: T | None = tx.known.get((self.name, key))
        if before is changed:
            return
        tx.known[self.name, key] = changed
        tx.known[VERSION, self.name] = object()
        if tx.writes is not None:
            tx.writes.sheet(self.name, self._sheet).put(key, before, changed)
        elif values := self.changes(key, before, changed):
            self.update.run(tx, values)

    def changes(self, key: str, before: T | None, after: T) -> dict[str, Any]:
        """Return the values of an UPDATE, all of them where it is not known what the object was; empty: nothing."""
        values = self.columns.all(after) if before is None else self.columns.changed(before, after)
        return {**self.flat(values), _PLACE: key} if values else {}

    def _sheet(self) -> "_Changes":
        return _Changes(self)


class Group(Generic[T]):
    """Rows that have some columns in common, as far as they are wanted: those of a number that are not over, and so on.

    `query` finds them by these columns, the oldest first; a row's own never change. What is known of a group is kept
    right as rows are added and saved.
    """

    def __init__(self, records: Records[T], query: Select[Any], *columns: str) -> None:
        self._records = records
        self._query = Statement(query)
        self._columns = columns
        self._own = attrgetter(*columns)
        self._kind = records.name, columns
        records.groups.append(self)

    def of(self, tx: "Tx", wanted: Callable[[T], bool], *values: Any, **more: Any) -> list[T]:
        """Return those with `values` in the columns. What is not `wanted` now is not looked at ever again."""
        key = *self._kind, values
        keys: tuple[str, ...] | None = tx.known.get(key)
        if keys is None:
            of_rows = self._query.all(tx, **dict(zip(self._columns, values, strict=True)), **more)
            found = self._records.all(tx, of_rows)
        else:
            found = [one for each in keys if (one := self._records.find(tx, each)) is not None]
        kept = [one for one in found if wanted(one)]
        if keys is None or len(kept) < len(keys):
            tx.known.own[key] = tuple(map(self._records.key_of, kept))
        return kept

    def joins(self, tx: "Tx", key: str, one: T) -> None:
        """Know that another row is of its group, if that is known."""
        group = *self._kind, self._own(one)
        known: tuple[str, ...] | None = tx.known.get(group)
        if known is not None:
            tx.known.own[group] = *known, key


class _Changes:
    """What is to be written of a table's objects, each with what it was before."""

    def __init__(self, records: Records[Any]) -> None:
        self._records = records
        self._entries: dict[Any, list[Any]] = {}

    def put(self, key: str, before: Any, after: Any) -> None:
        """Add a change."""
        place = len(self._entries) if self._records.in_order else key
        entry = self._entries.get(place)
        if entry is None:
            self._entries[place] = [key, before, after]
        else:
            entry[2] = after

    def take(self, later: "_Changes") -> None:
        """See `Sheet`."""
        for entry in later._entries.values():
            self.put(*entry)

    def write(self, tx: "Tx") -> None:
        """See `Sheet`. Rows that follow one another and take the same statement go together."""
        records = self._records
        present, rows = None, []
        for key, before, after in self._entries.values():
            if before is _NEW:
                statement, values = records.insert, records.flat(records.columns.all(after))
            else:
                statement, values = records.update, records.changes(key, before, after)
            if not values:
                continue
            kind = statement, values.keys()
            if present is not None and kind != present:
                present[0].write(tx, rows)
                rows = []
            present = kind
            rows.append(values)
        if present is not None:
            present[0].write(tx, rows)
