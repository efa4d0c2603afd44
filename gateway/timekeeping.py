"""The lab clock that survives: its position is stored with each change, and a restart goes on from it, never back."""

import asyncio
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, Row, Table, delete, func, insert, select, text

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock, utc_millis
from smsc_emulator.base.database import Database, DatabaseClosedError, Tx, journal_table, metadata
from smsc_emulator.base.journal import Event
from smsc_emulator.base.ticker import Ticker

SUBJECT = "clock"
"""What the events of the clock are about."""

lab_clock = Table(
    "lab_clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False, comment="lab time, ms"),
    Column("saved_at", BigInteger, nullable=False, comment="real time at that position, ms"),
    Column("running", Boolean, nullable=False),
)


LOOK_AGAIN = 0.5
"""Real seconds after which a node looks for deadlines of the others, one of which may be gone."""

_SERVER_TIME = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")


def real_time(connection: Connection) -> int:
    """Return the real time in milliseconds since 1970: of the server, which all nodes share, or with SQLite our own."""
    if connection.dialect.name == "sqlite":
        return utc_millis()
    return int(connection.execute(_SERVER_TIME).scalar_one())


def restore(connection: Connection, *, paused: bool, real_now: int) -> LabClock:
    """Return the clock as the last run left it, or a new one at real time; `paused` makes it stand still in any case.

    A clock that ran goes on as if it had never stopped, since the world's deadlines went on too. One that stood still
    stands where it stood. Neither is ever behind the last stored event.
    """
    row = connection.execute(select(lab_clock)).one_or_none()
    last_seen = connection.execute(select(func.max(journal_table.c.at))).scalar() or 0
    if row is None:
        return LabClock(max(real_now, last_seen), running=not paused)
    position = row.position + max(0, real_now - row.saved_at) if row.running else row.position
    return LabClock(max(position, last_seen), running=row.running and not paused)


class Timekeeper:
    """Turns, stops and starts the lab clock, and stores where it stands; follows what another node does with it.

    A turn is made by the node that was asked for it, deadline by deadline; the others follow when it has ended.
    """

    def __init__(self, clock: LabClock, activity: Activity, database: Database) -> None:
        self.clock = clock
        self.ticker = Ticker(clock, activity, look_again=LOOK_AGAIN if database.shared else None)
        self._database = database
        self._following: set[asyncio.Task[None]] = set()
        database.followers.append(self._hear)

    async def state(self) -> tuple[int, bool, int | None]:
        """Return the instant, whether the clock runs, and the earliest deadline."""
        return self.clock.now(), self.clock.running, await self.ticker.next_due()

    async def advance(self, by: int) -> int:
        """Turn the clock forward by `by` milliseconds; return the new instant."""
        now = await self.ticker.advance(by)
        await self.save("clock.advanced", by=by)
        return now

    async def pause(self) -> None:
        """Let the clock stand still."""
        self.clock.pause()
        await self.save("clock.paused")

    async def resume(self) -> None:
        """Let the clock run with real time."""
        self.clock.resume()
        self.ticker.wake()
        await self.save("clock.resumed")

    async def save(self, event: str, **data: int) -> None:
        """Store the position, with the event that says why."""
        running = self.clock.running

        def unit(tx: Tx) -> None:
            # Read at one moment, since the others count from there.
            saved_at, position = real_time(tx.conn), self.clock.now()
            tx.conn.execute(delete(lab_clock))
            tx.conn.execute(insert(lab_clock).values(id=1, position=position, saved_at=saved_at, running=running))
            tx.record(position, event, SUBJECT, **data)

        await self._database.run(unit)

    def _hear(self, event: Event) -> None:
        if event.subject == SUBJECT:
            task = asyncio.create_task(self._follow(), name="the clock of another node")
            self._following.add(task)
            task.add_done_callback(self._following.discard)

    async def _follow(self) -> None:
        def unit(tx: Tx) -> tuple[Row[Any], int]:
            row = tx.conn.execute(select(lab_clock)).one()
            return row, row.position + (max(0, real_time(tx.conn) - row.saved_at) if row.running else 0)

        try:
            row, instant = await self._database.run(unit)
        except DatabaseClosedError:
            return
        self.clock.move_to(instant)
        if row.running:
            self.clock.resume()
        else:
            self.clock.pause()
        self.ticker.wake()
