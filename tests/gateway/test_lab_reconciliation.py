"""The comparison of registers by hand, in a whole lab."""

import pytest
from sqlalchemy import delete

from smsc_emulator.operator.store import register_entries

PATH = "/lab/reconciliation"


@pytest.mark.parametrize("settings", ["", "reconciliation: {every: null}\n"], ids=["regular", "by hand alone"])
async def test_a_comparison_begun_by_hand_finds_what_is_missing_and_lists_it(start_lab, settings):
    user = await start_lab(settings=settings)
    await user.identify()
    await user.advance("1s")
    assert await user.post(PATH, {"operator_id": "alpha"}) == {"operator_ids": ["alpha"]}
    await user.event("reconciliation.finished", "alpha")
    assert (await user.get(PATH))["differences"] == []

    await user.lab.ground.database.run(lambda tx: tx.conn.execute(delete(register_entries)))
    await user.advance("1s")
    assert await user.post(PATH, {}) == {"operator_ids": ["alpha", "beta"]}
    await user.event("reconciliation.finished", "beta")
    assert await user.get("/lab/journal?type=reconciliation.difference&wait=5s")
    page = await user.get(f"{PATH}?operator_id=alpha")
    (found,) = page["differences"]
    assert (found["kind"], found["phone_number"], found["service_id"]) == ("missing", "+70000000001", "demo")
    assert [one["operator_id"] for one in page["comparisons"]] == ["alpha"]
    assert (await user.get(f"{PATH}?operator_id=beta"))["differences"] == []


async def test_an_operator_whose_comparison_is_under_way_is_not_asked_again(start_lab):
    user = await start_lab()
    outage = {"answer": "truth", "outage": {"kind": "error"}}
    await user.call("PUT", "/lab/operators/alpha/behaviour", outage)
    assert await user.post(PATH, {"operator_id": "alpha"}) == {"operator_ids": ["alpha"]}
    assert await user.post(PATH, {"operator_id": "alpha"}) == {"operator_ids": []}
    await user.advance("1h")
    assert await user.post(PATH, {"operator_id": "alpha"}) == {"operator_ids": ["alpha"]}


async def test_an_operator_that_there_is_not_is_not_found(start_lab):
    user = await start_lab()
    with pytest.raises(AssertionError, match="not_found"):
        await user.post(PATH, {"operator_id": "gamma"})
    with pytest.raises(AssertionError, match="not_found"):
        await user.get(f"{PATH}?operator_id=gamma")
