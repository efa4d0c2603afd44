"""PostgreSQL restarts under the nodes: they find it again, go on, and nothing is lost or done twice."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import insert, select, update

from gateway.timekeeping import LOOK_AGAIN
from gateway.webhooks import store
from gateway.webhooks.guard import Guard
from gateway.webhooks.sender import WebhookSender
from gateway.webhooks.settings import WebhookSettings
from gateway.webhooks.store import Delivery, Endpoint
from smsc_emulator.base import postgres as backend
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock, utc_millis
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.leadership import Leadership
from smsc_emulator.base.postgres_errors import CommitInDoubtError, DatabaseUnusableError
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.web import Call, Reply, Routes, operations

Start = Callable[[], Awaitable[Database]]


ENDS_AT_COMMIT = """
CREATE FUNCTION end_at_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$
"""


def add(tx: Tx) -> None:
    tx.record(1, "note.written", "after")


@pytest.fixture
def counters(tables: Any) -> Any:
    return tables.tables["counters"]


async def test_a_unit_waits_for_a_server_that_restarts_and_one_node_leads_again(
    node: Start, postgres: Any, counters: Any
) -> None:
    one, two = await node(), await node()
    turns: list[bool] = []
    lead = Leadership(one, "bind", turns.append)
    await one.run(lambda tx: tx.conn.execute(insert(counters).values(id=1, value=0)))
    async with asyncio.timeout(60):
        await lead.gained()
        other = Leadership(two, "bind")
        await asyncio.to_thread(postgres.stop, signal.SIGQUIT)
        try:
            await lead.lost()
            grow = update(counters).values(value=counters.c.value + 1)
            running = [asyncio.create_task(each.run(lambda tx: tx.conn.execute(grow))) for each in (one, two)]
            await asyncio.wait(running, timeout=0.1)
        finally:
            postgres.launch()
        await asyncio.gather(*running)
        assert await two.run(lambda tx: tx.conn.execute(select(counters.c.value)).scalar_one()) == 2
        gained = {asyncio.create_task(each.gained()) for each in (lead, other)}
        _, waiting = await asyncio.wait(gained, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
    assert lead.held is not other.held
    assert turns[:2] == [True, False]


async def test_a_server_that_is_away_for_long_fails_units_in_a_sentence_and_both_nodes_hear_each_other_again(
    node: Start, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "PATIENCE", 0.1)
    one, two = await node(), await node()
    heard: list[str] = []
    two.followers.append(lambda event: heard.append(event.subject))
    await asyncio.to_thread(postgres.stop)
    try:
        with pytest.raises(DatabaseUnusableError, match=r"cannot be reached.*check that the server runs"):
            await one.run(add)
    finally:
        postgres.launch()
        await asyncio.to_thread(postgres.ready)
    async with asyncio.timeout(60):
        await one.run(add)
        while not heard:
            await two.journal.wait(two.journal.next_seq, 0.1)
    assert heard == ["after"]


async def test_over_http_a_server_that_is_away_is_a_problem_of_its_own_and_the_request_can_come_again(
    node: Start, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "PATIENCE", 0.1)
    database, group = await node(), Routes("notes")

    @group.add("POST", "/notes", "Write a note", answers={204: None})
    async def write(_call: Call) -> Reply:
        await database.run(add)
        return Reply(None, 204)

    async with asyncio.timeout(60), TestClient(TestServer(application(operations([group], {}, LabClock(0))))) as client:
        await asyncio.to_thread(postgres.stop)
        try:
            answer = await client.post("/notes")
            assert (answer.status, (await answer.json())["code"]) == (503, "database_unavailable")
        finally:
            postgres.launch()
            await asyncio.to_thread(postgres.ready)
        assert (await client.post("/notes")).status == 204


async def test_a_connection_that_ends_during_a_commit_leaves_it_in_doubt_and_the_units_do_not_run_again(
    node: Start, counters: Any
) -> None:
    """The server ends the session in a trigger that it runs at the commit."""
    database, ran = await node(), []
    await database.setup(lambda conn: conn.exec_driver_sql(ENDS_AT_COMMIT))
    await database.setup(
        lambda conn: conn.exec_driver_sql(
            "CREATE CONSTRAINT TRIGGER ends AFTER INSERT ON counters DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION end_at_commit()"
        )
    )

    def unit(tx: Tx) -> None:
        ran.append(tx)
        tx.conn.execute(insert(counters).values(id=1, value=0))

    async with asyncio.timeout(60):
        with pytest.raises(CommitInDoubtError, match="ended during a commit"):
            await database.run(unit)
        await database.run(add)
    assert len(ran) == 1


class Peer:
    """Takes webhooks one after the other, as the test lets it."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.arrived = asyncio.Semaphore(0)
        self.go = asyncio.Event()
        self.url = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        self.ids.append(head.split("webhook-id: ")[1].split("\r")[0])
        self.arrived.release()
        await self.go.wait()
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


async def test_a_webhook_whose_end_could_not_be_written_down_goes_out_again_and_is_told_once(
    node: Start, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "PATIENCE", 0.1)
    database, now, peer = await node(), utc_millis(), Peer()
    server = await asyncio.start_server(peer.talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    clock = LabClock(now)
    activity, settings = Activity(clock), WebhookSettings()
    ticker = Ticker(clock, activity, look_again=LOOK_AGAIN)
    guard = Guard(settings.networks(in_a_lab=True))
    sender = WebhookSender(database, guard, settings, clock, activity, ticker.wake)
    delivery = Delivery("dlv_1", "evt_1", "whe_1", "t", "s", "{}", now, now, 0, None, None, None, None)

    def fill(tx: Tx) -> None:
        store.add_endpoint(tx, Endpoint("whe_1", "demo", url, "whsec_MDEyMzQ1Njc4OWFi", now, None))
        store.add_deliveries(tx, [delivery])

    await database.run(fill)
    await sender.start()
    ticker.add(sender)
    running = asyncio.create_task(ticker.run())
    try:
        async with asyncio.timeout(60):
            await peer.arrived.acquire()
            await asyncio.to_thread(postgres.stop)
            try:
                peer.go.set()
                with pytest.raises(DatabaseUnusableError):
                    await database.run(add)
            finally:
                postgres.launch()
            assert await database.journal.wait(0, 50, wanted=lambda event: event.type == "webhook.delivered")
    finally:
        running.cancel()
        await sender.close()
        server.close()
        await server.wait_closed()
    assert peer.ids == ["evt_1", "evt_1"]
