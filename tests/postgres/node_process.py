"""A node as a process of its own that a test can kill: `node_process.py URL ORDER`, and it tells what it does by lines.

lead NAME     says `held` or `lost` at each turn
count N       adds 1 to the counter N times, in units that also record an event; says each value that is committed
webhooks      sends the webhooks that are due
lookup URL    sends what the operator at URL is to be told
"""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from aiohttp import ClientSession
from sqlalchemy import Column, Integer, MetaData, Table, select, update

from gateway.lookup.client import OperatorClient
from gateway.lookup.outbox import OperatorMessage
from gateway.timekeeping import LOOK_AGAIN
from gateway.webhooks.guard import Guard
from gateway.webhooks.sender import WebhookSender
from gateway.webhooks.settings import WebhookSettings
from smsc_emulator.base import postgres_session
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock, utc_millis
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.leadership import Leadership
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.operator.settings import OperatorSettings

own = MetaData()
counters = Table("counters", own, Column("id", Integer, primary_key=True), Column("value", Integer))
SECRET = "whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ=="

postgres_session.SILENT = 3


def say(text: str) -> None:
    print(text, flush=True)


async def lead(database: Database, name: str) -> None:
    Leadership(database, name, lambda held: say("held" if held else "lost"))


async def count(database: Database, many: str) -> None:
    def add(tx: Tx) -> int:
        value = tx.conn.execute(select(counters.c.value)).scalar_one() + 1
        tx.conn.execute(update(counters).values(value=value))
        tx.record(value, "counter.grown", str(value))
        return int(value)

    for _ in range(int(many)):
        say(str(await database.run(add)))
    say("over")


async def webhooks(database: Database, _rest: str) -> None:
    clock = LabClock(utc_millis())
    activity = Activity(clock)
    settings = WebhookSettings()
    guard = Guard(settings.networks(in_a_lab=True))
    ticker = Ticker(clock, activity, look_again=LOOK_AGAIN)
    sender = WebhookSender(database, guard, settings, clock, activity, ticker.wake)
    ticker.add(sender)
    await sender.start()
    say("started")
    await ticker.run()


async def lookup(database: Database, url: str) -> None:
    def on_ack(tx: Tx, now: int, message: OperatorMessage, answer: Mapping[str, Any]) -> None:
        tx.record(now, "test.acked", message.id)

    clock = LabClock(utc_millis())
    activity = Activity(clock)
    ticker = Ticker(clock, activity, look_again=LOOK_AGAIN)
    async with ClientSession() as session:
        operators = [OperatorSettings(id="alpha", name="Alpha", secret=SECRET, url=url)]
        client = OperatorClient(
            database,
            clock,
            activity,
            session,
            operators,
            base_url=lambda: url,
            on_ack=on_ack,
            wake=ticker.wake,
        )
        ticker.add(client)
        await client.start()
        say("started")
        await ticker.run()


ORDERS = {"lead": lead, "count": count, "webhooks": webhooks, "lookup": lookup}


async def main(url: str, order: str) -> None:
    database = Database(url, Journal())
    database.start()
    await database.run(lambda _tx: None)
    word, _, rest = order.partition(" ")
    say("ready")
    await ORDERS[word](database, rest)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
