"""Several processes on one database do each thing once, and what one leaves behind when it is killed another ends."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import func, insert, select

from confirm.service import ConfirmService
from confirm.settings import ConfirmationSettings
from gateway.identification import store as attempts
from gateway.identification.attempt import Attempt, State
from gateway.identification.deadlines import AttemptDeadlines
from gateway.identification.profiles import Profile
from gateway.identification.service import IdentificationService
from gateway.lookup import outbox
from gateway.lookup.routing import NumberingPlan
from gateway.webhooks import store as webhooks
from gateway.webhooks.store import Delivery, Endpoint
from smsc_emulator.base.clock import utc_millis
from smsc_emulator.base.database import Database, Tx, journal_table
from smsc_emulator.base.durations import HOUR
from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.base.watch import Watch

Start = Callable[[], Awaitable[Database]]
Program = Callable[[str], Any]
Line = Callable[[Any], Awaitable[str]]


class Peer:
    """An HTTP server that keeps the ids it is sent; while it is `held` it does not answer."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.answered: list[str] = []
        self.arrived = asyncio.Condition()
        self.open = asyncio.Event()
        self.open.set()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        id_ = request.headers["webhook-id"]
        async with self.arrived:
            self.ids.append(id_)
            self.arrived.notify_all()
        await self.open.wait()
        self.answered.append(id_)
        return web.Response(text=json.dumps({"entry_id": "ent_1"}))

    async def has(self, many: int) -> None:
        """Wait until it was sent `many` different ids."""
        async with asyncio.timeout(60), self.arrived:
            await self.arrived.wait_for(lambda: len(set(self.ids)) >= many)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    app = web.Application()
    app.router.add_post("/{path:.*}", peer.take)
    runner = web.AppRunner(app, shutdown_timeout=0.01, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield peer
    await runner.cleanup()


async def told(database: Database, kind: str) -> Counter[str]:
    """Return how often each subject has an event of a kind."""
    query = select(journal_table.c.subject).where(journal_table.c.type == kind)
    return Counter(await database.run(lambda tx: tx.conn.execute(query).scalars().all()))


async def until(true: Callable[[], Awaitable[bool]], database: Database) -> None:
    async with asyncio.timeout(60):
        while not await true():
            await database.journal.wait(database.journal.next_seq, 0.1)


async def test_a_counter_of_two_processes_has_all_that_was_said_although_one_is_killed(
    node: Start, program: Program, line: Line, tables: Any
) -> None:
    database = await node()
    counters = tables.tables["counters"]
    await database.run(lambda tx: tx.conn.execute(insert(counters).values(id=1, value=0)))
    victim, survivor = program("count 100000"), program("count 150")
    assert await line(victim) == "ready"
    said = [int(await line(victim)) for _ in range(60)]
    victim.kill()
    said += [int(rest) for rest in victim.stdout.read().split() if rest.isdecimal()]
    while (word := await line(survivor)) != "over":
        said += [int(word)] if word.isdecimal() else []
    value = await database.run(lambda tx: tx.conn.execute(select(counters.c.value)).scalar_one())
    assert len(set(said)) == len(said)
    # What was committed and not said any more is one unit at the most, that of the kill.
    assert len(said) <= value <= len(said) + 1
    assert await told(database, "counter.grown") == {str(n): 1 for n in range(1, value + 1)}


async def test_two_senders_send_each_webhook_once_and_end_what_a_killed_one_began(
    node: Start, program: Program, line: Line, peer: Peer
) -> None:
    database, now = await node(), utc_millis()
    many = [(f"whe_{n % 8}", f"evt_{n}") for n in range(160)]

    def fill(tx: Tx) -> None:
        for n in range(8):
            webhooks.add_endpoint(
                tx, Endpoint(f"whe_{n}", "demo", f"{peer.url}/{n}", "whsec_MDEyMzQ1Njc4OWFi", now, None)
            )
        rows = [
            Delivery(f"dlv_{event}", event, endpoint, "t", "s", "{}", now, now, 0, None, None, None, None)
            for endpoint, event in many
        ]
        webhooks.add_deliveries(tx, rows)

    peer.open.clear()
    await database.run(fill)
    victim = program("webhooks")
    await peer.has(8)
    survivor = program("webhooks")
    assert [await line(survivor), await line(survivor)] == ["ready", "started"]
    # Each endpoint has one lane over all nodes, so that its webhooks keep their order.
    late = Delivery("dlv_late", "evt_late", "whe_0", "t", "s", "{}", now, now, 0, None, None, None, None)
    await database.run(lambda tx: webhooks.add_deliveries(tx, [late]))
    assert await database.run(lambda tx: webhooks.next_due(tx, [])) is None
    assert await database.run(lambda tx: webhooks.claim(tx, now, [], 8, 100)) == []
    unanswered = set(peer.ids)
    assert len(peer.ids) == len(unanswered) == 8
    victim.kill()
    peer.open.set()
    async with asyncio.timeout(5):
        await peer.has(9)
    await peer.has(161)

    async def all_told() -> bool:
        return len(await told(database, "webhook.delivered")) == 161

    await until(all_told, database)
    assert set((await told(database, "webhook.delivered")).values()) == {1}
    # Sent twice is only what was under way at the kill, and had no answer that anybody could have kept.
    assert {id_ for id_, times in Counter(peer.ids).items() if times > 1} <= unanswered
    assert max(Counter(peer.ids).values()) == 2


async def test_two_clients_ask_an_operator_once_and_a_killed_one_is_taken_over(
    node: Start, program: Program, line: Line, peer: Peer
) -> None:
    database, now = await node(), utc_millis()
    ids = [f"req_{n}" for n in range(40)]

    def fill(tx: Tx) -> None:
        for id_ in ids:
            ask = {"request_id": id_, "attempt_id": "idn", "operator_id": "alpha", "service_id": "demo"}
            outbox.ask(tx, now, phone_number="+70000000001", deadline_at=now + HOUR, **ask)

    first, second = program(f"lookup {peer.url}"), program(f"lookup {peer.url}")
    for one in (first, second):
        assert [await line(one), await line(one)] == ["ready", "started"]
    await database.run(fill)
    await peer.has(40)

    async def all_acknowledged() -> bool:
        return len(await told(database, "test.acked")) == 40

    await until(all_acknowledged, database)
    assert Counter(peer.ids) == dict.fromkeys(ids, 1)
    first.kill()
    # The verdicts may have been on their way to the killed node, so the other one asks for them again, under their ids.
    async with asyncio.timeout(30), peer.arrived:
        await peer.arrived.wait_for(lambda: len(peer.ids) == 80)
    assert Counter(peer.ids) == dict.fromkeys(ids, 2)
    assert set((await told(database, "test.acked")).values()) == {1}


async def test_what_a_node_had_claimed_is_claimed_by_another_that_has_not_heard_of_its_end(node: Start) -> None:
    gone, left = await node(), await node()
    now = utc_millis()

    def add(tx: Tx, *events: str) -> None:
        rows = [Delivery(f"dlv_{e}", e, "whe_0", "t", "s", "{}", now, now, 0, None, None, None, None) for e in events]
        webhooks.add_deliveries(tx, rows)

    def fill(tx: Tx) -> None:
        webhooks.add_endpoint(tx, Endpoint("whe_0", "demo", "http://127.0.0.1/", "whsec_MDEyMzQ1Njc4OWFi", now, None))
        add(tx, "evt_1", "evt_2")

    await gone.run(fill)
    await gone.run(lambda tx: webhooks.claim(tx, now, [], 8, 100))
    await gone.close()
    await left.run(lambda tx: add(tx, "evt_3"))
    ((_, claimed),) = await left.run(lambda tx: webhooks.claim(tx, now, [], 8, 100))
    assert [delivery.event_id for delivery in claimed] == ["evt_1", "evt_2", "evt_3"]
    # From here on the endpoint is this node's own, and no look at what others left makes it due again.
    await left.run(lambda tx: webhooks.requeue(tx, now, ["whe_0"]))
    assert await left.run(lambda tx: webhooks.claim_more(tx, now, "whe_0", 100)) == []


async def test_two_nodes_that_reach_the_same_deadlines_end_each_attempt_once(node: Start) -> None:
    nodes, now = [await node(), await node()], utc_millis()
    ids = [f"idn_{n}" for n in range(60)]

    def fill(tx: Tx) -> None:
        for id_ in ids:
            waiting = Attempt(
                id=id_,
                service_id="demo",
                user_id="u",
                phone_number="+70000000001",
                profile="test",
                created_at=now,
                updated_at=now,
                state=State.PENDING,
                due_at=now,
                operator_id="alpha",
                request_id=f"req_{id_}",
            )
            attempts.add(tx, waiting)

    await nodes[0].run(fill)

    def deadlines(database: Database) -> AttemptDeadlines:
        draws, watch = SecretRandomness(), Watch(database.journal)
        confirm = ConfirmService(database, watch, ConfirmationSettings(), draws, b"key", lambda: None)
        plan, profiles = NumberingPlan([]), {"test": Profile(name="test", title="Test")}
        service = IdentificationService(confirm, plan, profiles, "test", {}, draws, lambda: None)
        return AttemptDeadlines(service, database)

    await asyncio.gather(*(deadlines(database).fire(now + 1) for database in nodes))
    refused = await told(nodes[0], "identification.refused")
    assert refused == dict.fromkeys(ids, 1)
    left = select(func.count()).select_from(attempts.attempts).where(attempts.attempts.c.due_at.is_not(None))
    assert await nodes[1].run(lambda tx: tx.conn.execute(left).scalar_one()) == 0
