from gateway.lookup import porting
from gateway.lookup.routing import NumberingPlan, NumberRange
from gateway.lookup.store import ported_numbers
from smsc_emulator.base.database import Database

PLAN = NumberingPlan([NumberRange(70000000000, 70000000009, "alpha"), NumberRange(70000000010, 70000000019, "beta")])


async def routed(database: Database, number: str) -> str | None:
    return (await database.run(lambda tx: porting.route(tx, 0, PLAN, number))).operator_id


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


async def test_a_number_is_each_operators_for_the_time_that_it_had_it(database: Database):
    number = "+70000000001"
    for since, operator_id in [(1_000, "beta"), (5_000, "alpha"), (9_000, "gamma")]:
        await database.run(lambda tx, s=since, o=operator_id: porting.move(tx, PLAN, number, o, since=s))
    for now, operator_id in [(999, "alpha"), (1_000, "beta"), (4_999, "beta"), (5_000, "alpha"), (9_000, "gamma")]:
        route = await database.run(lambda tx, at=now: porting.route(tx, at, PLAN, number))
        assert route.operator_id == operator_id
    literal = await database.run(lambda tx: porting.route(tx, 9_000, PLAN, number, "range_holder"))
    assert literal.operator_id == "alpha"


async def test_a_number_that_nobody_has_any_more_is_its_range_holders_or_nobodys(database: Database):
    for number, after in [("+70000000001", "alpha"), ("+9990000001", None)]:
        await database.run(lambda tx, n=number: porting.move(tx, PLAN, n, "beta", since=1_000))
        await database.run(lambda tx, n=number: porting.move(tx, PLAN, n, None, since=2_000))
        assert (await database.run(lambda tx, n=number: porting.route(tx, 1_500, PLAN, n))).operator_id == "beta"
        assert (await database.run(lambda tx, n=number: porting.route(tx, 2_000, PLAN, n))).operator_id == after
