from gateway.lookup import porting
from gateway.lookup.routing import NumberingPlan, NumberRange
from gateway.lookup.store import ported_numbers
from smsc_emulator.base.database import Database

PLAN = NumberingPlan([NumberRange(70000000000, 70000000009, "alpha"), NumberRange(70000000010, 70000000019, "beta")])


async def routed(database: Database, number: str) -> str | None:
    return await database.run(lambda tx: porting.operator_of(tx, PLAN, number))


async def ported(database: Database) -> dict[str, str]:
    rows = await database.run(lambda tx: tx.conn.execute(ported_numbers.select()).all())
    return {row.phone_number: row.operator_id for row in rows}


async def test_a_number_that_moves_is_routed_to_its_new_operator_and_back(database: Database):
    assert await routed(database, "+70000000001") == "alpha"
    await database.run(lambda tx: porting.move(tx, PLAN, "+70000000001", "beta"))
    assert await routed(database, "+70000000001") == "beta"
    await database.run(lambda tx: porting.move(tx, PLAN, "+70000000001", "alpha"))
    assert await routed(database, "+70000000001") == "alpha"
    assert await ported(database) == {}


async def test_a_number_outside_all_ranges_is_routable_once_an_operator_has_it(database: Database):
    assert await routed(database, "+9990000001") is None
    await database.run(lambda tx: porting.move(tx, PLAN, "+9990000001", "alpha"))
    assert await routed(database, "+9990000001") == "alpha"
    await database.run(lambda tx: porting.move(tx, PLAN, "+9990000001", None))
    assert await routed(database, "+9990000001") is None


async def test_many_subscribers_leave_rows_only_for_numbers_that_moved(database: Database):
    pairs = [("+70000000001", "alpha"), ("+70000000002", "beta"), ("+70000000011", "beta"), ("+9990000001", "beta")]
    for _ in range(2):
        await database.run(lambda tx: porting.move_all(tx, PLAN, pairs))
        assert await ported(database) == {"+70000000002": "beta", "+9990000001": "beta"}
    await database.run(lambda tx: porting.move_all(tx, PLAN, [("+70000000002", "alpha")]))
    assert await ported(database) == {"+9990000001": "beta"}
