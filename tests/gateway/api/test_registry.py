"""The public register over HTTP: whole names in, yes or no out."""

from urllib.parse import quote

import pytest


async def listed(gateway, name, at=""):
    query = f"name={quote(name)}" + (f"&at={at}" if at else "")
    status, found = await gateway.ask("GET", f"/v1/registry?{query}", key="none at all")
    assert status == 200, found
    assert list(found) == ["listed"]
    return found["listed"]


@pytest.mark.parametrize(
    ("name", "answer"),
    [("Demo messenger", True), ("demo messenger", False), ("Demo", False), ("Demo messenger ", False), ("%", False)],
)
async def test_anybody_may_ask_and_only_a_whole_name_in_its_own_spelling_is_found(gateway, name, answer):
    assert await listed(gateway, name) is answer


async def test_without_a_name_there_is_no_answer_and_never_a_list(gateway):
    status, problem = await gateway.ask("GET", "/v1/registry")
    assert (status, problem["code"]) == (400, "bad_request")


async def test_a_name_is_listed_from_its_first_instant_until_it_is_taken_out_and_the_past_stays_known(gateway):
    body = {"name": "Invented", "origin": "forced", "listed_from": "2026-01-02T00:00:00Z"}
    assert (await gateway.ask("POST", "/lab/registry", body))[0] == 204
    assert not await listed(gateway, "Invented")
    assert not await listed(gateway, "Invented", "2026-01-01T23:59:59.999Z")
    assert await listed(gateway, "Invented", "2026-01-02T03:00:00+03:00")
    await gateway.ticker.advance(2 * 86_400_000)
    assert await listed(gateway, "Invented")
    assert (await gateway.ask("POST", "/lab/registry/removals", {"name": "Invented"}))[0] == 204
    assert not await listed(gateway, "Invented")
    assert await listed(gateway, "Invented", "2026-01-02T00:00:00Z")
    status, problem = await gateway.ask("POST", "/lab/registry/removals", {"name": "Invented"})
    assert (status, problem["code"]) == (409, "not_listed")


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2028-02-29T00:00:00Z", 200),
        ("2026-02-29T00:00:00Z", 400),
        ("2026-13-01T00:00:00Z", 400),
        ("2026-01-01T00:00:00", 400),
        ("0001-01-01T00:00:00%2B14:00", 400),
        ("2026-01-01T00:00:00%2B25:00", 400),
    ],
)
async def test_an_instant_is_a_day_that_there_is_with_an_offset(gateway, at, status):
    assert (await gateway.ask("GET", f"/v1/registry?name=Demo&at={at}"))[0] == status
