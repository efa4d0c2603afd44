"""Whole labs whose contracts end, move and are told of, over HTTP and through a folder."""

from pathlib import Path
from typing import Any

import pytest

A = "+70000000001"
SECRET = "whsec_YWxwaGEtbGFiLW9wZXJhdG9yLXNpZ25pbmcta2V5"
OF_THE_OLD_KIND = f"""
operators:
  - id: alpha
    name: Alpha
    secret: {SECRET}
    ranges: [{{first: "+70000000000", last: "+70000009999"}}]
    folder: {{path: exchange, poll: 1m}}
subscribers: [{{phone_number: "{A}", operator_id: alpha}}]
"""


async def state(user: Any) -> str:
    found = await user.get(f"/v1/bindings?phone_number={A}")
    return str(found["bindings"][0]["state"])


async def delete(user: Any, path: str) -> None:
    async with user._session.delete(user.lab.base_url + path) as answer:
        assert answer.status == 204


async def test_a_contract_that_ends_is_told_of_and_the_user_is_asked_about_again(start_lab: Any) -> None:
    user = await start_lab()
    assert (await user.identify())["state"] == "IDENTIFIED"
    await user.call("PUT", "/lab/operators/alpha/behaviour", {"answer": "truth", "notice_delay": "3h"})
    await delete(user, f"/lab/subscribers/{A}")
    (entry,) = (await user.get("/lab/operators/alpha/register"))["entries"]
    assert (entry["state"], entry["reason"]) == ("ENDED", "ended")
    await user.advance("2h59m59s")
    assert await state(user) == "ACTIVE"
    await user.advance("5m")
    assert await state(user) == "SUSPENDED"
    (notice,) = (await user.get("/lab/operators/alpha/notices"))["notices"]
    assert (notice["reason"], notice["late"], notice["acknowledged_at"]) == ("ended", False, notice["sent_at"])


async def test_a_number_that_moves_is_asked_about_where_it_is_now(start_lab: Any) -> None:
    user = await start_lab()
    await user.identify()
    await user.post(f"/lab/subscribers/{A}/port", {"operator_id": "beta"})
    await user.advance("10m")
    assert await state(user) == "ACTIVE"
    registers = [(await user.get(f"/lab/operators/{each}/register"))["entries"] for each in ("alpha", "beta")]
    assert [[entry["state"] for entry in entries] for entries in registers] == [["ENDED"], ["OPEN"]]


async def test_an_operator_of_the_old_kind_identifies_through_its_folder(start_lab: Any, tmp_path: Path) -> None:
    user = await start_lab("old", OF_THE_OLD_KIND)
    started = await user.post("/v1/identifications", {"user_id": "user-1", "phone_number": A})
    code = (await user.get(f"/lab/handsets/{A}/messages?wait=10s&extract=code"))["code"]
    await user.post(f"/v1/identifications/{started['id']}/check", {"code": code})
    await user.advance("6m")
    assert (await user.get(f"/v1/identifications/{started['id']}"))["state"] == "IDENTIFIED"
    (entry,) = (await user.get("/lab/operators/alpha/register"))["entries"]
    assert entry["state"] == "OPEN"
    await delete(user, f"/lab/subscribers/{A}")
    await user.advance("10m")
    assert await state(user) == "SUSPENDED"
    left = {box.name: len(list(box.iterdir())) for box in (tmp_path / "old" / "exchange").iterdir()}
    assert left == {"to_operator": 0, "to_gateway": 0, "aside": 0}


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_blocked_sim_is_not_let_into_the_network_and_its_number_is_still_a_subscribers(
    start_lab: Any, restarted: bool
) -> None:
    user = await start_lab()
    await user.call("PATCH", f"/lab/subscribers/{A}", {"sim": "blocked"})
    if restarted:
        await user.lab.stop()
        user = await start_lab()
    assert (await user.get(f"/lab/handsets/{A}"))["state"] == "barred"
    assert (await user.get(f"/lab/subscribers/{A}"))["sim"] == "blocked"
    await user.call("PATCH", f"/lab/subscribers/{A}", {"sim": "active"})
    assert (await user.get(f"/lab/handsets/{A}"))["state"] == "on"
