"""The lab's powers over services."""

import pytest

DEMO = "/lab/services/demo"
FOREIGN_AGREED = {"state": "signed", "valid_to": "2026-02-01T00:00:00Z", "exchange_mode": "presence", "payer": "split"}


async def done(gateway, method, path, body=None, status=200):
    got, found = await gateway.ask(method, path, body)
    assert got == status, found
    return found


async def test_a_service_shows_what_it_is_and_both_predicates_of_the_law(gateway):
    assert await done(gateway, "GET", DEMO) == {
        "id": "demo",
        "name": "Demo messenger",
        "residency": "foreign",
        "kind": "messenger",
        "mode": "operator",
        "features": {"user_to_user": True, "sender_picks_recipients": True, "public_posting": False},
        "is_im_service": True,
        "is_listed": True,
        "is_blocked": False,
        "any_operator": True,
        "agreements": [],
    }
    found = await done(gateway, "GET", "/lab/services")
    assert [one["id"] for one in found["services"]] == ["demo", "other"]


async def test_what_a_service_is_can_be_changed_with_features_that_nobody_knows(gateway):
    body = {"residency": "domestic", "mode": "self", "kind": "mixed", "features": {"public_posting": None}}
    changed = await done(gateway, "PUT", DEMO, body)
    assert changed == await done(gateway, "GET", DEMO)
    assert (changed["residency"], changed["mode"], changed["kind"]) == ("domestic", "self", "mixed")
    assert changed["is_im_service"] is None
    assert changed["name"] == "Demo messenger"


async def test_only_a_domestic_service_identifies_itself(gateway):
    problem = await done(gateway, "PUT", DEMO, {"mode": "self"}, 409)
    assert problem["code"] == "self_needs_domestic"


async def test_an_agreement_takes_the_place_of_the_one_with_the_same_operator(gateway):
    await done(gateway, "PUT", f"{DEMO}/agreements/alpha", {"state": "negotiating"})
    agreed = await done(gateway, "PUT", f"{DEMO}/agreements/alpha", FOREIGN_AGREED)
    assert agreed == {
        **FOREIGN_AGREED,
        "operator_id": "alpha",
        "grace_until": None,
        "valid_from": None,
        "valid_to": "2026-02-01T00:00:00.000Z",
    }
    assert (await done(gateway, "GET", DEMO))["agreements"] == [agreed]


async def test_a_finding_runs_for_fifteen_days_and_then_a_court_may_have_the_service_blocked(gateway):
    finding = await done(gateway, "POST", f"{DEMO}/findings", {"kind": "no_data_given"}, 201)
    assert (finding["state"], finding["cure_by"]) == ("open", "2026-01-16T12:00:00.000Z")
    block = {"ground": "it gave no data", "finding_id": finding["id"], "court": True}
    assert (await done(gateway, "PUT", f"{DEMO}/block", block, 409))["code"] == "block_refused"
    await gateway.ticker.advance(15 * 86_400_000)
    assert (await done(gateway, "GET", f"{DEMO}/findings"))["findings"][0]["state"] == "uncured"
    assert (await done(gateway, "PUT", f"{DEMO}/block", {**block, "court": False}, 409))["code"] == "block_refused"
    assert (await done(gateway, "PUT", f"{DEMO}/block", block))["is_blocked"] is True
    await done(gateway, "DELETE", f"{DEMO}/block", status=204)
    assert (await done(gateway, "GET", DEMO))["is_blocked"] is False
    assert (await done(gateway, "DELETE", f"{DEMO}/block", status=409))["code"] == "not_blocked"


async def test_a_finding_that_is_mended_is_over(gateway):
    finding = await done(gateway, "POST", f"{DEMO}/findings", {"kind": "other"}, 201)
    cured = await done(gateway, "POST", f"{DEMO}/findings/{finding['id']}/cure")
    assert (cured["state"], cured["ended_at"]) == ("cured", finding["found_at"])
    again = await done(gateway, "POST", f"{DEMO}/findings/{finding['id']}/cure", status=409)
    assert again["code"] == "finding_over"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {}),
        ("PUT", "/agreements/alpha", {"state": "signed"}),
        ("POST", "/findings", {"kind": "other"}),
        ("POST", "/findings/fnd_1/cure", None),
        ("PUT", "/block", {"ground": "none"}),
    ],
)
async def test_there_is_nothing_to_do_with_a_service_that_is_not_there(gateway, method, path, body):
    assert (await done(gateway, method, f"/lab/services/nobody{path}", body, 404))["code"] == "not_found"
