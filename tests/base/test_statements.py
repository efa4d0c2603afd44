import sqlite3

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    cast,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, StatementError

from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.statements import Statement

own = MetaData()
things = Table(
    "things",
    own,
    Column("id", Integer, primary_key=True),
    Column("name", String(16), nullable=False),
    Column("yes", Boolean),
    Column("big", BigInteger),
    Column("octets", LargeBinary),
    Column("json", JSON),
    Column("plain_null", JSON(none_as_null=True)),
)
ADD = Statement(insert(things))
FIND = Statement(select(things).where(things.c.id == bindparam("its_id"), things.c.name != "hidden"))
RENAME = Statement(update(things).where(things.c.name == bindparam("old")))
SMALLEST = Statement(select(func.min(things.c.big)))
ROW = {"id": 1, "name": "Имя", "yes": True, "big": 1 << 40, "octets": b"\0\xff", "json": {"a": [1, None]}}


@pytest.fixture(autouse=True)
async def things_table(database: Database) -> None:
    await database.setup(own.create_all)


def by_sqlalchemy(tx: Tx) -> Tx:
    """Return the same transaction as where there is no driver to go to."""
    return Tx(tx.conn, [])


async def test_what_goes_to_the_driver_and_what_sqlalchemy_runs_read_and_write_the_same(database: Database) -> None:
    def act(tx: Tx) -> None:
        for number, each in enumerate((tx, by_sqlalchemy(tx))):
            ADD.run(each, {**ROW, "id": number, "plain_null": None})
        for number in (0, 1):
            rows = [FIND.first(each, its_id=number) for each in (tx, by_sqlalchemy(tx))]
            assert [tuple(row) for row in rows] == [(number, *list(ROW.values())[1:], None)] * 2
            assert [dict(row._mapping) for row in rows] == [{**ROW, "id": number, "plain_null": None}] * 2
            assert [(row.yes, row.json) for row in rows] == [(True, {"a": [1, None]})] * 2
        stored = tx.conn.execute(select(cast(things.c.json, String), things.c.plain_null.is_(null()))).all()
        assert stored[0] == stored[1]

    await database.run(act)


async def test_a_statement_tells_no_row_from_a_row_and_how_many_it_changed(database: Database) -> None:
    def act(tx: Tx) -> None:
        for each in (tx, by_sqlalchemy(tx)):
            assert SMALLEST.value(each) is None
            assert FIND.first(each, its_id=7) is None
            assert FIND.all(each, its_id=7) == []
        ADD.run_each(tx, [{"id": 1, "name": "one", "big": 3}, {"id": 2, "name": "one", "big": 2}])
        ADD.run_each(tx, [])
        assert (SMALLEST.value(tx), RENAME.run(tx, {"old": "one", "name": "hidden"})) == (2, 2)
        assert FIND.first(tx, its_id=1) is None
        assert RENAME.run(tx, {"old": "one", "name": "x", "big": 1}) == 0

    await database.run(act)


async def test_a_statement_that_fails_undoes_its_unit_and_no_other(database: Database) -> None:
    await database.run(lambda tx: ADD.run(tx, {"id": 1, "name": "first"}))

    def act(tx: Tx) -> None:
        ADD.run(tx, {"id": 2, "name": "second"})
        ADD.run(tx, {"id": 1, "name": "again"})

    with pytest.raises((sqlite3.IntegrityError, IntegrityError)):
        await database.run(act)
    assert await database.run(lambda tx: FIND.first(tx, its_id=2)) is None


async def test_a_value_that_was_forgotten_is_an_error_and_not_a_null(database: Database) -> None:
    with pytest.raises((KeyError, StatementError), match="its_id"):
        await database.run(FIND.first)
