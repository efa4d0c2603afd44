"""A lab's database while no lab runs on it: where its clock stands, and what a kill leaves. On either engine."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert, select

from gateway.migrations import upgrade
from gateway.timekeeping import lab_clock
from smsc_emulator.base.clock import utc_millis
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.journal import Journal
from smsc_emulator.frozen import frozen

T = TypeVar("T")


async def set_clock(url: str, *, to: int | None = None, by: int = 0) -> None:
    """Have the lab's next start find its clock at an instant, or further on by some time."""

    def unit(conn: Connection) -> None:
        position = conn.execute(select(lab_clock.c.position)).scalar() or 0
        stands_at = position + by if to is None else to
        conn.execute(delete(lab_clock))
        conn.execute(insert(lab_clock).values(id=1, position=stands_at, saved_at=utc_millis(), running=False))

    await _run(url, unit)


@frozen
class Kept:
    """All rows of all tables, at one instant."""

    url: str
    rows: dict[str, list[dict[str, Any]]]

    async def put_back(self) -> None:
        """Leave these rows in the tables, and no others."""

        def unit(conn: Connection) -> None:
            for table in metadata.sorted_tables:
                conn.execute(delete(table))
                if self.rows[table.name]:
                    conn.execute(insert(table), self.rows[table.name])

        await _run(self.url, unit)


async def keep(url: str) -> Kept:
    """Read all tables while a lab runs on them."""

    def unit(conn: Connection) -> dict[str, list[dict[str, Any]]]:
        return {
            table.name: [dict(row._mapping) for row in conn.execute(select(table))] for table in metadata.sorted_tables
        }

    return Kept(url, await _run(url, unit))


async def _run(url: str, unit: Callable[[Connection], T]) -> T:
    """Run `unit` in one transaction, on tables that are of this version."""

    def whole(conn: Connection) -> T:
        upgrade(conn)
        repeatable = " ISOLATION LEVEL REPEATABLE READ" if conn.dialect.name == "postgresql" else ""
        conn.exec_driver_sql(f"BEGIN{repeatable}")
        try:
            done = unit(conn)
        except BaseException:
            conn.exec_driver_sql("ROLLBACK")
            raise
        conn.exec_driver_sql("COMMIT")
        return done

    database = Database(url, Journal())
    try:
        return await database.setup(whole)
    finally:
        await database.close()
