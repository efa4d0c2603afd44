"""Block lists, the stop list and reports, and that the store tells of nobody's correspondence."""

import pytest
from sqlalchemy import select

from gateway.services.lists import Lists, blocks, reports


@pytest.fixture
def lists():
    return Lists(b"key")


async def test_a_recipient_refuses_those_of_his_list_in_one_service_and_nobody_else(database, lists):
    assert await database.run(lambda tx: lists.refuse(tx, "demo", "bob", ["alice", "carol", "alice"])) == 2

    async def refuses(service_id, recipient, sender):
        return await database.run(lambda tx: lists.refuses(tx, service_id, recipient, sender))

    assert await refuses("demo", "bob", "alice")
    assert await refuses("demo", "bob", "carol")
    assert not await refuses("demo", "bob", "dave")
    assert not await refuses("demo", "alice", "bob")
    assert not await refuses("other", "bob", "alice")


async def test_another_list_takes_the_place_of_the_last_one_and_an_empty_one_refuses_nobody(database, lists):
    await database.run(lambda tx: lists.refuse(tx, "demo", "eve", ["alice"]))
    await database.run(lambda tx: lists.refuse(tx, "demo", "bob", ["alice"]))
    await database.run(lambda tx: lists.refuse(tx, "demo", "bob", ["carol"]))
    assert not await database.run(lambda tx: lists.refuses(tx, "demo", "bob", "alice"))
    assert await database.run(lambda tx: lists.refuses(tx, "demo", "bob", "carol"))
    assert await database.run(lambda tx: lists.refuse(tx, "demo", "bob", [])) == 0
    assert not await database.run(lambda tx: lists.refuses(tx, "demo", "bob", "carol"))
    assert await database.run(lambda tx: lists.refuses(tx, "demo", "eve", "alice"))


async def test_the_store_names_neither_side_of_a_block_nor_who_reports(database, lists, now):
    await database.run(lambda tx: lists.refuse(tx, "demo", "recipient-bob", ["sender-alice"]))
    await database.run(lambda tx: lists.report(tx, now, "demo", "recipient-bob", "sender-alice", "unwanted"))

    def everything(tx):
        return str([tx.conn.execute(select(table)).all() for table in (blocks, reports)])

    kept = await database.run(everything)
    assert "recipient-bob" not in kept
    assert kept.count("sender-alice") == 1  # whom the report is about
    assert "bob" not in str(database.journal.since(0, 100))


async def test_a_message_is_stopped_in_its_own_service_until_it_is_released(database, lists, now):
    for _ in range(2):
        await database.run(lambda tx: lists.stop(tx, now, "demo", "msg-1"))
    assert await database.run(lambda tx: lists.is_stopped(tx, "demo", "msg-1"))
    assert not await database.run(lambda tx: lists.is_stopped(tx, "other", "msg-1"))
    assert await database.run(lambda tx: lists.release(tx, now, "demo", "msg-1"))
    assert not await database.run(lambda tx: lists.is_stopped(tx, "demo", "msg-1"))
    assert not await database.run(lambda tx: lists.release(tx, now, "demo", "msg-1"))
    assert [event.type for event in database.journal.since(0, 10)] == ["message.stopped", "message.released"]


async def test_one_users_second_report_of_a_sender_takes_the_place_of_the_first(database, lists, now):
    for reporter, ground in (("bob", "unwanted"), ("eve", "other"), ("bob", "threat")):
        await database.run(lambda tx, who=reporter, why=ground: lists.report(tx, now, "demo", who, "alice", why))
    found = await database.run(lambda tx: lists.reported(tx, "demo", "alice"))
    assert [one.ground for one in found] == ["other", "threat"]
    assert await database.run(lambda tx: lists.reported(tx, "other", "alice")) == []
