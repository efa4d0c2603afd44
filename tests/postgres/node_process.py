"""A node as a process of its own that a test can kill: `node_process.py URL ORDER`, and it tells what it does by lines.

lead NAME     says `held` or `lost` at each turn
count N       adds 1 to the counter N times, in units that also record an event; says each value that is committed
send          claims due rows of `claims_of_test` and says each as `sent N` once it holds it
"""

import asyncio
import sys

from sqlalchemy import Column, Integer, MetaData, Table, select, update

from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.leadership import Leadership

own = MetaData()
counters = Table("counters", own, Column("id", Integer, primary_key=True), Column("value", Integer))
rows = Table("claims_of_test", own, Column("n", Integer, primary_key=True), Column("slot", Integer))


def say(text: str) -> None:
    print(text, flush=True)


def lead(database: Database, name: str) -> None:
    Leadership(database, name, lambda held: say("held" if held else "lost"))


async def count(database: Database, many: int) -> None:
    def add(tx: Tx) -> int:
        value = tx.conn.execute(select(counters.c.value)).scalar_one() + 1
        tx.conn.execute(update(counters).values(value=value))
        tx.record(value, "counter.grown", str(value))
        return int(value)

    for _ in range(many):
        say(str(await database.run(add)))


async def main(url: str, order: str) -> None:
    database = Database(url, Journal())
    database.start()
    await database.run(lambda _tx: None)
    word, _, rest = order.partition(" ")
    say("ready")
    if word == "lead":
        lead(database, rest)
    elif word == "count":
        await count(database, int(rest))
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
