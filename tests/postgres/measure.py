"""Measures SQLite and PostgreSQL beside each other: `python tests/postgres/measure.py postgresql://...`.

The database is emptied. What counts is the ratio: both are measured in one run, by the same units.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing import Process, Queue

from sqlalchemy import BigInteger, Column, MetaData, String, Table, bindparam, insert, select, update

from smsc_emulator.base import claims  # noqa: F401 - its table belongs to the database
from smsc_emulator.base.database import Database, Tx, metadata
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.leadership import Leadership

own = MetaData()
things = Table("things", own, Column("id", BigInteger, primary_key=True), Column("state", String(16)))
ADD, FIND = insert(things), select(things).where(things.c.id == bindparam("its_id"))
SAVE = update(things).where(things.c.id == bindparam("its_id"))


def unit(number: int) -> Callable[[Tx], None]:
    """Return a unit of the usual size: a row is added, read and changed, and an event recorded."""

    def act(tx: Tx) -> None:
        tx.conn.execute(ADD, {"id": number, "state": "new"})
        tx.conn.execute(FIND, {"its_id": number}).one()
        tx.conn.execute(SAVE, {"its_id": number, "state": "done"})
        tx.record(number, "thing.done", str(number))

    return act


async def open_database(url: str) -> Database:
    database = Database(url, Journal())
    database.start()
    await database.run(lambda _tx: None)
    return database


async def rate(database: Database, first: int, units: int, at_once: int) -> float:
    """Return the units per second of `at_once` clients, each of which waits for its commit."""
    numbers = iter(range(first, first + units))

    async def client() -> None:
        for number in numbers:
            await database.run(unit(number))

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(at_once)))
    return units / (time.perf_counter() - begun)


async def empty(url: str) -> None:
    database = Database(url, Journal())
    for tables in (own, metadata):
        await database.setup(tables.drop_all)
        await database.setup(tables.create_all)
    if url.startswith("sqlite"):
        database.engine.dispose()


def work(url: str, first: int, units: int, at_once: int, results: "Queue[float]") -> None:
    async def main() -> None:
        database = await open_database(url)
        results.put(await rate(database, first, units, at_once))
        await database.close()

    asyncio.run(main())


def processes(url: str, count: int, units: int, at_once: int) -> float:
    """Return the units per second of several nodes together."""
    asyncio.run(empty(url))
    results: Queue[float] = Queue()
    nodes = [Process(target=work, args=(url, n * 10**6, units, at_once, results)) for n in range(count)]
    for node in nodes:
        node.start()
    rates = [results.get() for _ in nodes]
    for node in nodes:
        node.join()
    return sum(rates)


async def median_ms(times: int, act: Callable[[int], Awaitable[float]]) -> float:
    return statistics.median([await act(n) * 1000 for n in range(times)])


async def latencies(url: str) -> None:
    await empty(url)
    one, two = await open_database(url), await open_database(url)
    heard: asyncio.Queue[Event] = asyncio.Queue()
    two.followers.append(heard.put_nowait)

    async def notice(number: int) -> float:
        await one.run(unit(number))
        committed = time.perf_counter()
        await heard.get()
        return time.perf_counter() - committed

    print(f"another node hears of a commit after {await median_ms(200, notice):.1f} ms (median)")

    async def take_over(number: int) -> float:
        leaving = await open_database(url)
        await Leadership(leaving, f"lead {number}").gained()
        heir = Leadership(one, f"lead {number}")
        await asyncio.sleep(0.1)  # its first try has failed
        begun = time.perf_counter()
        await leaving.close()
        await heir.gained()
        return time.perf_counter() - begun

    print(f"a lead is taken over after {await median_ms(10, take_over):.0f} ms (median)")
    await one.close()
    await two.close()


def main(postgres: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sqlite = f"sqlite:///{folder}/lab.sqlite3"
        for at_once in (1, 10, 100):
            units = 300 if at_once == 1 else 3000
            rates = [processes(url, 1, units, at_once) for url in (sqlite, postgres)]
            print(f"{at_once:4} at once: SQLite {rates[0]:6.0f}/s, PostgreSQL {rates[1]:6.0f}/s, ", end="")
            print(f"ratio {rates[1] / rates[0]:.2f}")
    for nodes in (2, 3):
        print(f"{nodes} nodes, 100 at once each: PostgreSQL {processes(postgres, nodes, 2000, 100):6.0f}/s together")
    asyncio.run(latencies(postgres))


if __name__ == "__main__":
    main(sys.argv[1])
