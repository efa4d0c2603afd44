import pytest
from sqlalchemy import Boolean, Column, MetaData, String, Table, insert, true
from sqlalchemy.exc import IntegrityError

from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.indices import unique_among

own = MetaData()
seats = Table("seats", own, Column("name", String(8)), Column("taken", Boolean))
unique_among("ux_seats_taken", seats.c.name, where=seats.c.taken == true())


async def test_what_is_unique_among_some_rows_may_stand_twice_among_the_others(database: Database) -> None:
    def sit(tx: Tx, *, taken: bool) -> None:
        tx.conn.execute(insert(seats).values(name="a", taken=taken))

    await database.run(lambda tx: own.create_all(tx.conn))
    for taken in (False, False, True):
        await database.run(lambda tx, taken=taken: sit(tx, taken=taken))
    with pytest.raises(IntegrityError):
        await database.run(lambda tx: sit(tx, taken=True))
