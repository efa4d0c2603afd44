"""What one node has claimed no other has, as long as the first one lives."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.lookup import outbox
from smsc_emulator.base import claims
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.durations import HOUR, MINUTE
from smsc_emulator.base.journal import Journal

Start = Callable[[], Awaitable[Database]]


async def take(database: Database, *keys: str) -> set[str]:
    return await database.run(lambda tx: claims.take(tx, "test", keys))


async def test_a_claim_holds_until_it_is_given_back(node: Start) -> None:
    one, two = await node(), await node()
    assert await take(one, "a", "b") == {"a", "b"}
    assert await take(one, "a") == {"a"}
    assert await take(two, "a", "b", "c") == {"c"}
    await two.run(lambda tx: claims.release(tx, "test", "a"))
    assert await take(two, "a") == set()
    await one.run(lambda tx: claims.release(tx, "test", "a"))
    assert await take(two, "a", "b") == {"a"}
    assert await one.run(lambda tx: claims.held_by_others(tx, "test")) == {"a", "c"}


async def test_the_claims_of_a_node_that_is_gone_are_free(node: Start, postgres_url: str) -> None:
    leaving, staying = Database(postgres_url, Journal()), await node()
    leaving.start()
    assert await take(leaving, "a", "b") == {"a", "b"}
    assert await leaving.run(lambda tx: claims.acts_for_all(tx, "test"))
    assert not await staying.run(lambda tx: claims.acts_for_all(tx, "test"))
    await leaving.close()
    assert await staying.run(lambda tx: claims.held_by_others(tx, "test")) == set()
    assert await take(staying, "a") == {"a"}
    await staying.run(lambda tx: claims.forget_the_gone(tx, "test"))
    assert await staying.run(lambda tx: claims.acts_for_all(tx, "test"))


async def test_what_an_earlier_run_on_sqlite_had_claimed_is_free(tmp_path: Path) -> None:
    for run in range(2):
        database = Database(f"sqlite:///{tmp_path}/lab.sqlite3", Journal())
        if run == 0:
            await database.setup(metadata.create_all)
        database.start()
        assert await take(database, "a") == {"a"}
        assert await database.run(lambda tx: claims.held_by_others(tx, "test")) == set()
        await database.close()


async def test_what_one_node_has_under_way_with_an_operator_no_other_sends(node: Start) -> None:
    one, two = await node(), await node()
    ask = {"request_id": "req_1", "attempt_id": "idn", "operator_id": "alpha", "service_id": "demo"}
    await one.run(lambda tx: outbox.ask(tx, 0, phone_number="+70000000001", deadline_at=HOUR, **ask))
    (mine,) = await one.run(lambda tx: outbox.claim(tx, 0))
    assert await two.run(lambda tx: outbox.claim(tx, MINUTE)) == []
    await one.run(lambda tx: outbox.ended(tx, mine))
    (again,) = await two.run(lambda tx: outbox.claim(tx, 2 * MINUTE))
    assert (again.id, again.tries) == ("req_1", 1)
