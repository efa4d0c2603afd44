import pytest

from smsc_emulator.base.database import Database
from smsc_emulator.operator import subscribers
from smsc_emulator.operator.behaviour import Behaviour, Behaviours
from smsc_emulator.operator.settings import OperatorSettings, SubscriberSettings
from smsc_emulator.operator.subscribers import SubscriberExistsError, Subscribers

NUMBER = "+70000000007"
SEEDS = [
    SubscriberSettings(phone_number="+70000000001", operator_id="alpha"),
    SubscriberSettings(phone_number="+70000000011", operator_id="beta", imsi="001010000000099"),
]


async def started(database: Database, seeds=SEEDS) -> Subscribers:
    index = Subscribers(database)
    await index.start(seeds)
    return index


async def test_the_configured_subscribers_have_contracts_and_numbers(database: Database):
    index = await started(database)
    assert set(index.numbers()) == {"+70000000001", "+70000000011"}
    found = await database.run(subscribers.page)
    assert [(s.operator_id, s.imsi) for s in found] == [("alpha", "001010000000001"), ("beta", "001010000000099")]


async def test_the_index_follows_each_commit_and_no_undone_unit(database: Database):
    index = await started(database)
    numbers = index.numbers()
    await database.run(lambda tx: subscribers.add(tx, 1, "+70000000002", "alpha"))
    assert "+70000000002" in numbers
    await database.run(lambda tx: subscribers.end(tx, 2, "+70000000002"))
    assert "+70000000002" not in numbers

    def undone(tx):
        subscribers.add(tx, 3, "+70000000003", "alpha")
        raise RuntimeError("undo")

    with pytest.raises(RuntimeError, match="undo"):
        await database.run(undone)
    assert "+70000000003" not in numbers


async def test_a_restart_adds_what_is_new_and_undoes_nothing(database: Database):
    await started(database)
    await database.run(lambda tx: subscribers.end(tx, 1, "+70000000001"))
    await database.run(lambda tx: subscribers.end(tx, 1, "+70000000011"))
    await database.run(lambda tx: subscribers.add(tx, 2, "+70000000011", "alpha"))
    fresh = SubscriberSettings(phone_number="+70000000005", operator_id="alpha")
    again = await started(database, [*SEEDS, fresh, fresh])
    assert dict(again.contracts()) == {"+70000000005": "alpha", "+70000000011": "alpha"}


async def test_a_number_has_one_contract_at_a_time(database: Database):
    await started(database)
    with pytest.raises(SubscriberExistsError, match=r"\+70000000001"):
        await database.run(lambda tx: subscribers.add(tx, 1, "+70000000001", "beta"))
    await database.run(lambda tx: subscribers.end(tx, 1, "+70000000001"))
    assert await database.run(lambda tx: subscribers.holds(tx, "alpha", "+70000000001")) is False
    await database.run(lambda tx: subscribers.add(tx, 2, "+70000000001", "beta"))
    assert await database.run(lambda tx: subscribers.holds(tx, "beta", "+70000000001")) is True
    assert await database.run(lambda tx: subscribers.holds(tx, "alpha", "+70000000001")) is False


async def test_pages_go_by_number_and_operator(database: Database):
    await started(database)
    page = await database.run(lambda tx: subscribers.page(tx, after="+70000000001"))
    assert [s.phone_number for s in page] == ["+70000000011"]
    page = await database.run(lambda tx: subscribers.page(tx, operator_id="alpha"))
    assert [s.phone_number for s in page] == ["+70000000001"]


async def test_what_the_lab_set_goes_before_what_is_configured(database: Database):
    configured = OperatorSettings(
        id="alpha", name="Alpha", secret="whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ==", answer="absent"
    )
    behaviours = Behaviours([configured])
    assert await database.run(lambda tx: behaviours.get(tx, "alpha")) == Behaviour("absent", 0)
    for behaviour in (Behaviour("silent", 0), Behaviour("truth", 30_000)):
        await database.run(lambda tx, b=behaviour: behaviours.put(tx, "alpha", b))
        assert await database.run(lambda tx: Behaviours([configured]).get(tx, "alpha")) == behaviour


@pytest.mark.parametrize(
    ("steps", "since", "expected"),
    [
        ([("sell", {})], 0, False),
        ([("sell", {}), ("end", {}), ("sell", {})], 1, True),
        ([("sell", {}), ("end", {}), ("sell", {})], 3, False),
        ([("sell", {}), ("end", {}), ("sell", {"continues": True})], 1, False),
        ([("sell", {}), ("end", {}), ("sell", {}), ("end", {}), ("sell", {"continues": True})], 1, True),
        ([("sell", {}), ("end", {}), ("sell", {}), ("end", {}), ("sell", {"continues": True})], 4, False),
    ],
    ids=["first", "sold again", "known since", "came back", "another's who came back", "known since he came back"],
)
async def test_a_number_is_recycled_if_another_person_got_it_since(database: Database, steps, since, expected):
    for at, (step, more) in enumerate(steps, 1):
        if step == "sell":
            await database.run(lambda tx, at=at, more=more: subscribers.add(tx, at, NUMBER, "alpha", **more))
        else:
            await database.run(lambda tx, at=at: subscribers.end(tx, at, NUMBER))
    assert await database.run(lambda tx: subscribers.recycled(tx, NUMBER, since)) is expected
