import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError

from smsc_emulator.base.database import Database, DatabaseClosedError, Tx, metadata
from smsc_emulator.base.journal import Event, Journal

own = MetaData()
notes = Table("notes", own, Column("n", Integer, primary_key=True))
values = Table(
    "typed_values",
    own,
    Column("id", Integer, primary_key=True),
    Column("yes", Boolean),
    Column("no", Boolean),
    Column("big", BigInteger),
    Column("octets", LargeBinary),
    Column("json", JSON),
)


@pytest.fixture(autouse=True)
async def notes_table(database: Database) -> None:
    await database.setup(own.create_all)


def write(n: int) -> Callable[[Tx], int]:
    def unit(tx: Tx) -> int:
        tx.conn.execute(insert(notes).values(n=n))
        tx.record(n, "note.written", str(n))
        return n

    return unit


def fail(tx: Tx) -> None:
    tx.conn.execute(insert(notes).values(n=99))
    tx.record(1, "note.written", "99")
    raise LookupError("no")


def count(tx: Tx) -> int:
    return tx.conn.execute(select(func.count()).select_from(notes)).scalar_one()


async def test_a_unit_returns_its_value_after_its_commit(database: Database) -> None:
    assert await database.run(write(1)) == 1
    assert await database.run(count) == 1


async def test_a_unit_that_raises_undoes_its_own_writes_and_nobody_elses(database: Database, journal: Journal) -> None:
    results = await asyncio.gather(
        database.run(write(1)), database.run(fail), database.run(write(2)), return_exceptions=True
    )
    assert results[0] == 1
    assert isinstance(results[1], LookupError)
    assert results[2] == 2
    assert await database.run(count) == 2
    assert [event.subject for event in journal.since(0, 10)] == ["1", "2"]


async def test_units_of_one_turn_of_the_loop_share_a_commit(database: Database) -> None:
    commits: list[int] = []
    await database.run(count)  # what the start has to do is done
    commit = database._backend.commit
    with patch.object(database._backend, "commit", lambda batch: (commits.append(len(batch.jobs)), commit(batch))[1]):
        await asyncio.gather(*(database.run(write(n)) for n in range(50)))
    assert [many for many in commits if many] == [50]


async def test_events_are_published_after_the_commit_and_survive_a_restart(
    database: Database, journal: Journal
) -> None:
    await database.run(write(1))
    event = journal.since(0, 10)[0]
    again = Journal()
    rows = await database.run(lambda tx: tx.conn.execute(select(metadata.tables["journal"])).all())
    again.load([Event(r.at, r.type, r.subject, r.data, r.seq) for r in rows])
    assert again.since(0, 10) == [event]


async def test_observers_write_in_the_same_transaction(database: Database) -> None:
    def observer(tx: Tx, event: Event) -> None:
        tx.conn.execute(insert(notes).values(n=int(event.subject) + 1000))

    database.observers.append(observer)
    await database.run(write(1))
    with pytest.raises(LookupError):
        await database.run(fail)
    assert await database.run(lambda tx: list(tx.conn.execute(select(notes.c.n)).scalars())) == [1, 1001]


async def test_a_closed_database_says_so(database: Database) -> None:
    await database.close()
    with pytest.raises(DatabaseClosedError):
        await database.run(count)


async def test_closing_finishes_what_waits(database: Database) -> None:
    waiting = asyncio.create_task(database.run(write(5)))
    await asyncio.sleep(0)
    await database.close()
    assert await waiting == 5


async def test_a_transaction_that_ended_by_itself_fails_and_the_next_one_works(database: Database) -> None:
    def as_a_full_disk_does(tx: Tx) -> None:
        tx.conn.exec_driver_sql("ROLLBACK")
        raise OSError("the disk is full")

    kept, lost = database.run(write(1)), database.run(as_a_full_disk_does)
    async with asyncio.timeout(5):
        first, second = await asyncio.gather(kept, lost, return_exceptions=True)
        assert isinstance(first, Exception)
        assert isinstance(second, OSError)
        assert await database.run(count) == 0
        assert await database.run(write(2)) == 2


async def test_the_error_of_a_statement_does_not_tell_its_values(database: Database) -> None:
    await database.run(write(123456))
    with pytest.raises(IntegrityError) as failure:
        await database.run(write(123456))
    assert "123456" not in str(failure.value)


async def test_a_lock_of_another_process_is_waited_for(journal: Journal, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/lab.sqlite3", journal)
    metadata.create_all(database.engine)
    own.create_all(database.engine)
    other = sqlite3.connect(tmp_path / "lab.sqlite3", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    database.start()

    def count_and_write(tx: Tx) -> int:
        return count(tx) + write(1)(tx)

    waiting = asyncio.create_task(database.run(count_and_write))
    done, _ = await asyncio.wait({waiting}, timeout=0.2)
    other.execute("ROLLBACK")
    other.close()
    assert not done
    assert await waiting == 1
    await database.close()


async def test_values_come_back_as_they_went_in_on_both_engines(database: Database, journal: Journal) -> None:
    data = {
        "text": 'Привет, "мир" 🎉 \u2028',
        "numbers": [0, -1, 2**53, 1.5],
        "truth": [True, False, None],
        "nested": {"empty": {}, "list": []},
    }
    instant = 253_402_300_799_999

    def write_all(tx: Tx) -> None:
        tx.record(instant, "values.written", "v", **data)
        tx.conn.execute(insert(values).values(id=1, yes=True, no=False, big=2**62, octets=b"\x00\xff", json=data))

    await database.run(write_all)
    row = await database.run(lambda tx: tx.conn.execute(select(values)).one())
    assert (row.yes, row.no, row.big, row.octets, row.json) == (True, False, 2**62, b"\x00\xff", data)
    stored = await database.run(lambda tx: tx.conn.execute(select(metadata.tables["journal"])).one())
    assert (stored.at, stored.data) == (instant, data)
    assert journal.since(0, 1)[0].data == data
