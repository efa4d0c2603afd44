"""What units of work write, gathered until the batch ends or somebody asks the database about its table.

Several units of a batch write to the same tables, and often the same row again and again: gathered, that is one
statement for many rows. A unit that raises leaves nothing behind, since what is its own has not been written; a
savepoint is made only for one whose writes could not wait.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from smsc_emulator.base.units import Tx


class Sheet(Protocol):
    """What is to be written to one table, in the order in which it is to be."""

    def take(self, later: Any) -> None:
        """Add what another sheet of the same table has, which comes after this one's."""

    def write(self, tx: "Tx") -> None:
        """Write it."""


S = TypeVar("S", bound=Sheet)


class GatheredError(Exception):
    """The database refused what several units have written together."""


class Writes:
    """What the units of one batch have gathered: the `earlier` ones, and the one that is at work."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        self._earlier: dict[str, Sheet] = {}
        self._own: dict[str, Sheet] = {}
        self._marked = False
        """Whether there is a savepoint before the unit at work; then nothing of earlier ones waits."""
        self.refused: sqlite3.Error | None = None
        """Why the database did not take what earlier units wrote: nobody can tell any more which of them it was."""

    def sheet(self, table: str, make: Callable[[], S]) -> S:
        """Return the sheet of the unit at work for a table, made if it has none; all of one table are of one kind."""
        if table not in self._own:
            self._own[table] = make()
        return cast(S, self._own[table])

    def before_reading(self, tx: "Tx", tables: Iterable[str]) -> None:
        """Write what waits for any of `tables`."""
        for table in tables:
            if table in self._earlier:
                self._write_earlier(tx, table)
            if table in self._own:
                self.before_writing(tx)
                self._own.pop(table).write(tx)

    def before_writing(self, tx: "Tx") -> None:
        """Make a point to which the unit at work can be undone, as something of it is written now."""
        if not self._marked:
            for table in list(self._earlier):
                self._write_earlier(tx, table)
            self._driver.execute("SAVEPOINT unit")
            self._marked = True

    def write_all(self, tx: "Tx") -> None:
        """Write all that waits."""
        self.before_reading(tx, {**self._earlier, **self._own})

    def keep(self) -> None:
        """Take that the unit at work has ended well."""
        if self._marked:
            self._driver.execute("RELEASE SAVEPOINT unit")
            self._marked = False
        for table, sheet in self._own.items():
            if table in self._earlier:
                self._earlier[table].take(sheet)
            else:
                self._earlier[table] = sheet
        self._own = {}

    def undo(self) -> None:
        """Take back all that the unit at work has written."""
        self._own = {}
        if self._marked:
            self._driver.execute("ROLLBACK TO SAVEPOINT unit")
            self._driver.execute("RELEASE SAVEPOINT unit")
            self._marked = False

    def _write_earlier(self, tx: "Tx", table: str) -> None:
        try:
            self._earlier.pop(table).write(tx)
        except sqlite3.Error as error:
            self.refused = error
            raise
