"""Units of work on a connection to SQLite: what they know is remembered, and what they write gathered, for a batch."""

import sqlite3
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Table, event
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import UpdateBase

from smsc_emulator.base.known import Known, Memory, UnknownError
from smsc_emulator.base.units import Batch, Observer, Tx, Unit, numbered, store_events
from smsc_emulator.base.writes import GatheredError, Writes

T = TypeVar("T")


class SqliteUnits:
    """Commits batches on `conn`, one after the other. Whoever calls it has `memory` take what they have brought."""

    def __init__(self, conn: Connection, memory: Memory, observers: list[Observer], node: int) -> None:
        driver = conn.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        self._conn, self._driver = conn, driver
        self._memory = memory
        self._observers = observers
        self._node = node
        event.listen(conn, "before_cursor_execute", self._before_sqlalchemy)

    def commit(self, batch: Batch) -> None:
        """Run and commit a batch, or let it fail."""
        try:
            try:
                self._run(batch, apart=False)
            except GatheredError:
                self._roll_back()
                self._run(batch, apart=True)
        except Exception as error:
            self._roll_back()
            batch.fail(error)

    def _run(self, batch: Batch, *, apart: bool) -> None:
        """Run and commit a batch. With `apart` each unit writes for itself, so that it alone fails by what it writes.

        Raises GatheredError if the database does not take what the units have gathered.
        """
        # SQLite waits for a lock (busy_timeout) only where a transaction begins, not where it first writes.
        self._driver.execute("BEGIN IMMEDIATE")
        writes, batch.events, batch.known = Writes(self._driver), [], {}
        for job in batch.jobs:
            tx = self._begin(Known(batch.known, self._memory), writes)
            job.result = job.error = None
            try:
                job.result = job.unit(tx)
                if apart:
                    writes.write_all(tx)
            except Exception as error:
                job.error = error
                if not self._driver.in_transaction:  # a full disk, for one, ends it
                    raise
                writes.undo()
            else:
                writes.keep()
                batch.events += tx.events
                batch.known |= tx.known.own
            if writes.refused is not None:
                raise GatheredError from writes.refused
        tx = self._begin(Known(), writes)
        try:
            writes.write_all(tx)
        except sqlite3.Error as error:
            raise GatheredError from error
        if batch.events:
            batch.events = numbered(batch.events, batch.first_seq)
            store_events(tx, batch.events)
        self._driver.execute("COMMIT")

    def _begin(self, known: Known, writes: Writes) -> Tx:
        self._tx = Tx(self._conn, self._observers, self._node, self._driver, known, writes)
        return self._tx

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):  # a full disk, for one, has ended the transaction already
            self._driver.execute("ROLLBACK")

    def _before_sqlalchemy(self, _conn: Any, _cursor: Any, sql: str, _values: Any, context: Any, _many: bool) -> None:
        """Make ready for a statement that SQLAlchemy runs for the present unit."""
        tx = self._tx
        assert tx.writes is not None
        tx.writes.write_all(tx)
        if not sql.startswith("SELECT"):
            tx.writes.before_writing(tx)
            statement = None if context.compiled is None else context.compiled.statement
            if isinstance(statement, UpdateBase) and isinstance(statement.table, Table):
                tx.changes(statement.table)


class _Nowhere:
    """Stands for the connection of a unit that has none."""

    def __getattr__(self, name: str) -> Any:
        raise UnknownError(name)


def glance(unit: Unit[T], memory: Memory, node: int) -> T:
    """Run a unit on what is in memory alone. Raises UnknownError if that is not all it asks for."""
    nowhere: Any = _Nowhere()
    return unit(Tx(nowhere, [], node, nowhere, Known(memory)))
