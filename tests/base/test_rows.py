"""Many rows at once, on both engines."""

import pytest
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, func, select

from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.rows import insert_rows

things = Table(
    "things_in_rows",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(20), nullable=False),
    Column("octets", LargeBinary),
    Column("number", Integer),
)


@pytest.mark.parametrize("count", [0, 1, 3, 127, 300])
async def test_as_many_rows_stand_in_the_table_as_were_inserted(database: Database, count: int) -> None:
    rows = [(n, f"thing {n}", bytes([n % 256]), None if n % 2 else n) for n in range(count)]

    def act(tx: Tx) -> list[tuple[int, str, bytes, int | None]]:
        things.drop(tx.conn, checkfirst=True)
        things.create(tx.conn)
        insert_rows(tx, things, rows)
        assert tx.conn.scalar(select(func.count()).select_from(things)) == count
        return [tuple(row) for row in tx.conn.execute(select(things).order_by(things.c.id))]

    assert await database.run(act) == rows


@pytest.mark.parametrize("alike", [{1}, {2}, {3}, {1, 2, 3}, {1, 3}])
async def test_what_rows_have_alike_stands_in_each_of_them(database: Database, alike: set[int]) -> None:
    kinds = [(n, f"thing {n}", bytes([n]), n) for n in range(7)]
    same = (None, "same", None, 5)
    rows = [tuple(same[at] if at in alike else value for at, value in enumerate(row)) for row in kinds]

    def act(tx: Tx) -> list[tuple[int, str, bytes, int | None]]:
        things.drop(tx.conn, checkfirst=True)
        things.create(tx.conn)
        insert_rows(tx, things, rows)
        return [tuple(row) for row in tx.conn.execute(select(things).order_by(things.c.id))]

    assert await database.run(act) == rows
