"""What units know without asking the database, and what they write when the batch ends."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from smsc_emulator import frozen
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.known import MOST, Memory
from smsc_emulator.base.records import Records
from smsc_emulator.base.statements import Statement

own = MetaData()
table = Table(
    "doors",
    own,
    Column("id", String(8), primary_key=True),
    Column("colour", String(8), nullable=False, unique=True),
    Column("width", Integer),
)
lamps = Table("lamps", own, Column("id", String(8), primary_key=True), Column("on", Integer, nullable=False))
Index("ux_lamps_on", lamps.c.on, unique=True, sqlite_where=lamps.c.on == 1, postgresql_where=lamps.c.on == 1)


@dataclass(frozen=True, slots=True)
class Door:
    id: str
    colour: str
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Lamp:
    id: str
    on: int


DOORS = Records(table, Door)
LAMPS = Records(lamps, Lamp, in_order=True)
WIDE = Statement(DOORS.selected.where(table.c.width > bindparam("least")).order_by(table.c.id))
COUNT = Statement(select(func.count()).select_from(table), remember=True)
ADD = Statement(insert(table))
PAINT = Statement(update(table).where(table.c.id == bindparam("its_id")))
REFUSED = (sqlite3.IntegrityError, IntegrityError)


@pytest.fixture(autouse=True)
async def tables(database: Database) -> None:
    await database.setup(own.create_all)


def add(*doors: Door) -> Callable[[Tx], None]:
    def unit(tx: Tx) -> None:
        for door in doors:
            DOORS.add(tx, door)

    return unit


def change(id_: str, **changes: Any) -> Callable[[Tx], None]:
    def unit(tx: Tx) -> None:
        door = DOORS.find(tx, id_)
        assert door is not None
        DOORS.save(tx, frozen.replace(door, **changes))

    return unit


def found(id_: str) -> Callable[[Tx], Door | None]:
    return lambda tx: DOORS.find(tx, id_)


async def stored(database: Database) -> list[Door]:
    """Return what the database itself has."""
    query = DOORS.selected.order_by(table.c.id)
    return await database.run(lambda tx: [Door(**row._mapping) for row in tx.conn.execute(query)])


async def test_what_is_added_and_saved_is_found_and_stored(database: Database) -> None:
    await database.run(add(Door("a", "red"), Door("b", "blue")))
    await database.run(change("a", width=3))
    assert await database.run(found("a")) == Door("a", "red", 3)
    assert await database.run(found("c")) is None
    assert await stored(database) == [Door("a", "red", 3), Door("b", "blue")]


async def test_a_query_sees_what_this_unit_and_those_before_it_have_not_written_yet(database: Database) -> None:
    def look(tx: Tx) -> list[Door]:
        change("b", width=9)(tx)
        return DOORS.all(tx, WIDE.all(tx, least=1))

    units = database.run(add(Door("a", "red", 5), Door("b", "blue"))), database.run(look)
    assert (await asyncio.gather(*units))[1] == [Door("a", "red", 5), Door("b", "blue", 9)]


async def test_a_unit_that_raises_leaves_nothing_written_and_nothing_known(database: Database) -> None:
    await database.run(add(Door("a", "red", 1)))

    def fail(*, early: bool) -> Callable[[Tx], None]:
        def unit(tx: Tx) -> None:
            change("a", width=7)(tx)
            add(Door("b", "blue"))(tx)
            if early:
                WIDE.all(tx, least=0)  # so that it is written before the unit raises
                PAINT.run(tx, {"its_id": "a", "colour": "black"})
            raise OSError("stop")

        return unit

    for early in (False, True):
        units = [database.run(change("a", colour="pink")), database.run(fail(early=early)), database.run(found("a"))]
        kept = (await asyncio.gather(*units, return_exceptions=True))[2]
        assert kept == Door("a", "pink", 1)
        assert await database.run(found("b")) is None
        assert await stored(database) == [Door("a", "pink", 1)]


async def test_who_writes_what_the_database_refuses_fails_alone(database: Database) -> None:
    units = add(Door("a", "red")), add(Door("b", "red")), add(Door("c", "blue")), change("a", width=2)
    first, second, *others = await asyncio.gather(*map(database.run, units), return_exceptions=True)
    assert (first, others) == (None, [None, None])
    assert isinstance(second, REFUSED)
    assert await database.run(found("b")) is None
    assert await stored(database) == [Door("a", "red", 2), Door("c", "blue")]


async def test_a_refusal_of_an_earlier_units_write_is_not_the_fault_of_who_asks(database: Database) -> None:
    units = add(Door("a", "red")), add(Door("b", "red")), lambda tx: len(WIDE.all(tx, least=0))
    first, second, third = await asyncio.gather(*map(database.run, units), return_exceptions=True)
    assert (first, third) == (None, 0)
    assert isinstance(second, REFUSED)


async def test_what_may_not_stand_side_by_side_is_written_in_its_order(database: Database) -> None:
    await database.run(lambda tx: [LAMPS.add(tx, Lamp("a", 1)), LAMPS.add(tx, Lamp("b", 0))])

    def turn(tx: Tx) -> None:
        for id_, on in (("b", 2), ("a", 0), ("b", 1), ("b", 0), ("a", 1), ("a", 2)):
            LAMPS.save(tx, Lamp(id_, on))
        LAMPS.add(tx, Lamp("c", 1))

    await database.run(turn)
    rows = await database.run(lambda tx: tx.conn.execute(select(lamps).order_by(lamps.c.id)).all())
    assert [tuple(row) for row in rows] == [("a", 2), ("b", 0), ("c", 1)]


async def test_what_other_statements_change_is_not_remembered(database: Database) -> None:
    await database.run(add(Door("a", "red"), Door("b", "blue")))

    def otherwise(tx: Tx) -> None:
        PAINT.run(tx, {"its_id": "a", "colour": "white"})
        tx.conn.execute(delete(table).where(table.c.id == "b"))

    await database.run(otherwise)
    assert await database.run(found("a")) == Door("a", "white")
    assert await database.run(found("b")) is None


async def test_a_remembered_query_is_asked_again_once_its_table_was_written(database: Database) -> None:
    counts = [await database.run(COUNT.value)]
    row = {"colour": "red", "width": 1}

    def later(tx: Tx) -> int:
        ADD.later(tx, {"id": "a", **row})
        return int(COUNT.value(tx))

    def undone(tx: Tx) -> None:
        ADD.run(tx, {"id": "b", "colour": "blue"})
        assert COUNT.value(tx) == 2
        raise OSError("stop")

    counts.append(await database.run(later))
    with pytest.raises(OSError, match="stop"):
        await database.run(undone)
    counts.append(await database.run(COUNT.value))
    await database.run(lambda tx: tx.conn.execute(delete(table)))
    counts.append(await database.run(COUNT.value))
    await database.run(add(Door("c", "green")))
    counts.append(await database.run(COUNT.value))
    assert counts == [0, 1, 1, 0, 1]


async def test_statements_that_wait_run_in_their_order(database: Database) -> None:
    def unit(tx: Tx) -> None:
        ADD.later(tx, {"id": "a", "colour": "red"}, {"id": "b", "colour": "blue"})
        PAINT.later(tx, {"its_id": "a", "colour": "white"})
        ADD.later(tx, {"id": "c", "colour": "red"})
        PAINT.later(tx, {"its_id": "a", "width": 4})

    await database.run(unit)
    assert await stored(database) == [Door("a", "white", 4), Door("b", "blue"), Door("c", "red")]


async def test_reading_sees_what_is_committed_and_knows_or_asks_for_it(database: Database) -> None:
    await database.run(add(Door("a", "red")))
    assert await database.read(found("a")) == Door("a", "red")
    assert await database.read(lambda tx: len(DOORS.all(tx, tx.conn.execute(DOORS.selected)))) == 1
    changing = asyncio.ensure_future(database.run(change("a", width=1)))
    await asyncio.sleep(0)
    assert (await database.read(found("a"))).width in (None, 1)  # before it or after it, and nothing between
    await changing
    assert await database.read(found("a")) == Door("a", "red", 1)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_where_there_is_one_node_nothing_known_is_read_again_and_each_row_is_written_once(
    database: Database,
) -> None:
    heard: list[str] = []
    await database.run(lambda tx: tx.driver.set_trace_callback(lambda sql: heard.append(" ".join(sql.split()[:2]))))
    heard.clear()
    units = add(Door("a", "red"), Door("b", "blue")), change("a", width=1), change("b", width=2), change("a", width=3)
    await asyncio.gather(*map(database.run, units))
    assert heard == ["BEGIN IMMEDIATE", "INSERT INTO", "INSERT INTO", "COMMIT"]
    heard.clear()
    assert await database.read(found("a")) == Door("a", "red", 3)
    assert await database.run(found("b")) == Door("b", "blue", 2)
    assert heard == ["BEGIN IMMEDIATE", "COMMIT"]


def test_a_memory_forgets_the_oldest_half_when_it_is_full() -> None:
    memory = Memory()
    memory.take({("door", str(number)): number for number in range(MOST)})
    assert len(memory) == MOST
    memory.take({("door", "last"): 0})
    assert len(memory) == MOST // 2 + 1
    assert ("door", "last") in memory
    assert ("door", "0") not in memory


def test_a_changed_copy_is_what_the_library_would_make() -> None:
    door = Door("a", "red", 1)
    assert frozen.replace(door, width=2, colour="blue") == replace(door, width=2, colour="blue")
    with pytest.raises(KeyError, match="height"):
        frozen.replace(door, height=1)
