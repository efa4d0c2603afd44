"""Services in a whole lab: who is asked about their users, and broadcasts through the SMSC."""

from urllib.parse import quote

import pytest

A, B = "+70000000001", "+70000000002"
ME = "/v1/services/demo"


async def identification(user, number=A):
    body = {"service_id": "demo", "user_id": "user-1", "phone_number": number}
    return await user.post("/v1/identifications", body)


async def queries(user):
    return (await user.get("/lab/journal?type=lookup.query_sent"))["events"]


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        ("agreements: []", "no_agreement"),
        ("agreements: [{operator_id: beta}]", "no_agreement"),
        ("agreements: [{operator_id: alpha, state: negotiating}]", "no_agreement"),
        ("agreements: [{operator_id: alpha, valid_to: 2020-01-01T00:00:00Z}]", "no_agreement"),
        ("kind: federated", "no_responsible_party"),
    ],
)
async def test_a_service_that_may_not_ask_is_refused_with_its_reason_and_sends_nothing(start_lab, described, reason):
    user = await start_lab(settings=f"services: [{{id: demo, name: Demo, key: lab-demo-key, {described}}}]\n")
    refused = await identification(user)
    assert (refused["state"], refused["reason"]) == ("REFUSED", reason)
    assert await queries(user) == []
    assert (await user.get("/v1/ledger"))["charges"] == []


async def test_a_domestic_service_that_identifies_itself_asks_no_operator(start_lab):
    described = "residency: domestic, mode: self"
    user = await start_lab(settings=f"services: [{{id: demo, name: Demo, key: lab-demo-key, {described}}}]\n")
    found = await user.identify()
    assert (found["state"], found["operator_id"]) == ("IDENTIFIED", None)
    assert await queries(user) == []


async def test_a_blocked_service_gets_no_attempt_through_until_it_is_restored(start_lab):
    user = await start_lab()
    await user.call("PUT", "/lab/services/demo/block", {"ground": "it gave no data"})
    refused = await identification(user)
    assert (refused["state"], refused["reason"]) == ("REFUSED", "service_blocked")
    async with user._session.delete(f"{user.lab.base_url}/lab/services/demo/block") as answer:
        assert answer.status == 204
    assert (await user.identify())["state"] == "IDENTIFIED"


async def test_a_split_bill_of_an_agreement_is_half_the_operators(start_lab):
    agreed = "agreements: [{operator_id: alpha, payer: split}]"
    user = await start_lab(settings=f"services: [{{id: demo, name: Demo, key: lab-demo-key, {agreed}}}]\n")
    await user.identify()
    shares = (await user.get(f"{ME}/costs"))["shares"]
    assert [(one["payer"], one["operator_id"], one["kind"], one["amount"]) for one in shares] == [
        ("operator", "alpha", "query", "0.01"),
        ("operator", "alpha", "sms", "0.025"),
        ("service", None, "query", "0.01"),
        ("service", None, "sms", "0.025"),
    ]


async def warnings(user):
    """Return how many warnings each of the two handsets has."""
    inboxes = [await user.get(f"/lab/handsets/{quote(number)}/messages") for number in (A, B)]
    return [[message["text"] for message in inbox["messages"]].count("Flood warning") for inbox in inboxes]


async def test_a_broadcast_reaches_the_handsets_at_its_rate_and_goes_on_after_a_restart_with_nobody_twice(start_lab):
    settings = "broadcasts: {rate: 0.1}\n"
    user = await start_lab(settings=settings)
    await user.identify(A)
    await user.identify(B)
    started = await user.post(f"{ME}/broadcasts", {"text": "Flood warning"})
    assert started["recipients"] == 2
    await user.advance("9s")
    assert sorted(await warnings(user)) == [0, 1]
    await user.lab.stop()

    user = await start_lab(settings=settings)
    await user.advance("2s")
    assert await warnings(user) == [1, 1]
    over = await user.get(f"{ME}/broadcasts/{started['id']}")
    assert over["states"] == {"sent": 2}
    assert over["ended_at"] is not None
