"""Block lists, stops, reports and broadcasts over HTTP."""

import pytest

from gateway.identification.profiles import Profile

ME = "/v1/services/demo"
BROADCASTS = f"{ME}/broadcasts"
BOB = "+70000000002"


def rules(**keys):
    return Profile(name="test", title="Test", **keys)


async def broadcast(gateway, text="Flood warning", **headers):
    status, found = await gateway.ask("POST", BROADCASTS, {"text": text}, **headers)
    assert status == 201, found
    return found


async def over(gateway, started):
    """Turn the clock until the broadcast is over, and return it."""
    await gateway.ticker.advance(10_000)
    status, found = await gateway.ask("GET", f"{BROADCASTS}/{started['id']}")
    assert status == 200
    assert found["ended_at"] is not None
    return found


def got(gateway, text="Flood warning"):
    return sorted(to for to, read in gateway.sms.sent if read == text)


async def test_a_broadcast_goes_once_to_each_identified_user_and_says_how_it_went(gateway):
    await gateway.identified()
    await gateway.identified(BOB, "bob")
    started = await broadcast(gateway)
    assert (started["scope"], started["recipients"]) == ("active", 2)
    found = await over(gateway, started)
    assert found["states"] == {"sent": 2}
    assert got(gateway) == ["+70000000001", BOB]


async def test_a_broadcast_that_is_asked_for_again_under_one_key_is_one_broadcast(gateway):
    await gateway.identified()
    first = await broadcast(gateway, Idempotency_Key="flood")
    again = await broadcast(gateway, Idempotency_Key="flood")
    assert again["id"] == first["id"]
    await over(gateway, first)
    assert len(got(gateway)) == 1


@pytest.mark.parametrize(("ignores", "recipients"), [(True, 2), (False, 1)])
async def test_who_refuses_the_sender_of_broadcasts_gets_them_where_they_ignore_block_lists(
    gateway, in_force, ignores, recipients
):
    await gateway.identified()
    await gateway.identified(BOB, "bob")
    await gateway.ask("PUT", f"{ME}/blocks", {"user": "bob", "blocked": ["emergency"]})
    in_force[0] = rules(broadcast_ignores_blocklist=ignores)
    found = await over(gateway, await broadcast(gateway))
    assert found["recipients"] == recipients
    assert (BOB in got(gateway)) is ignores


async def test_a_broadcast_of_another_service_is_not_found(gateway):
    started = await broadcast(gateway)
    status, problem = await gateway.ask("GET", f"/v1/services/other/broadcasts/{started['id']}", key="another-key")
    assert (status, problem["code"]) == (404, "not_found")


async def test_reports_of_a_sender_are_kept_and_tell_nobody_who_reported(gateway):
    body = {"reporter": "bob", "sender": "user-1", "ground": "threat"}
    status, found = await gateway.ask("POST", f"{ME}/reports", body)
    assert (status, found["sender"], found["ground"]) == (201, "user-1", "threat")
    assert await gateway.ask("GET", f"{ME}/reports?sender=user-1") == (200, {"reports": [found]})
    assert "bob" not in str(found)


async def test_releasing_a_message_that_is_not_stopped_finds_nothing(gateway):
    status, problem = await gateway.ask("DELETE", f"{ME}/stops/msg-1")
    assert (status, problem["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "blocks", {"user": "bob", "blocked": []}),
        ("PUT", "stops/msg-1", None),
        ("DELETE", "stops/msg-1", None),
        ("POST", "reports", {"reporter": "bob", "sender": "eve", "ground": "other"}),
        ("GET", "reports?sender=eve", None),
        ("POST", "broadcasts", {"text": "hello"}),
        ("GET", "broadcasts/brd_1", None),
    ],
)
async def test_a_service_acts_for_itself_only(gateway, method, path, body):
    status, problem = await gateway.ask(method, f"/v1/services/other/{path}", body)
    assert (status, problem["code"]) == (403, "forbidden")
