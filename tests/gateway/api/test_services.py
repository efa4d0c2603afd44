"""may-send, the badge and the costs over HTTP."""

import pytest

from gateway.identification.profiles import Profile

BOB = "+70000000002"
ME = "/v1/services/demo"


def rules(**keys):
    return Profile(name="test", title="Test", **keys)


async def may(gateway, query="user=user-1"):
    status, found = await gateway.ask("GET", f"{ME}/may-send?{query}")
    assert status == 200, found
    return found


async def put(gateway, path, body=None, method="PUT"):
    status, found = await gateway.ask(method, path, body)
    assert status < 300, found
    return found


async def test_an_identified_user_may_send_and_one_who_is_not_may_not(gateway):
    identified = await gateway.identified()
    assert await may(gateway) == {
        "may_send": True,
        "about": None,
        "reason": None,
        "state": "ACTIVE",
        "binding_id": identified["binding_id"],
        "recipient_state": None,
    }
    refused = await may(gateway, "user=nobody")
    assert (refused["may_send"], refused["about"], refused["reason"]) == (False, "sender", "not_identified")


async def test_the_recipient_has_to_be_identified_only_where_the_profile_checks_that(gateway, in_force):
    await gateway.identified()
    assert (await may(gateway, "user=user-1&recipient=nobody"))["may_send"]
    in_force[0] = rules(check_recipient=True)
    refused = await may(gateway, "user=user-1&recipient=nobody")
    assert (refused["may_send"], refused["about"], refused["reason"]) == (False, "recipient", "not_identified")
    assert refused["recipient_state"] == "NONE"
    await gateway.identified(BOB, "bob")
    assert (await may(gateway, "user=user-1&recipient=bob"))["may_send"]


async def test_whom_the_recipient_refuses_may_not_send_to_him_but_to_others_and_he_may_answer(gateway):
    await gateway.identified()
    await gateway.identified(BOB, "bob")
    assert await put(gateway, f"{ME}/blocks", {"user": "bob", "blocked": ["user-1"]}) == {"count": 1}
    refused = await may(gateway, "user=user-1&recipient=bob")
    assert (refused["may_send"], refused["reason"]) == (False, "refused_by_recipient")
    assert (await may(gateway, "user=bob&recipient=user-1"))["may_send"]
    assert (await may(gateway))["may_send"]
    await put(gateway, f"{ME}/blocks", {"user": "bob", "blocked": []})
    assert (await may(gateway, "user=user-1&recipient=bob"))["may_send"]


async def test_a_message_on_the_stop_list_does_not_pass_and_others_do(gateway):
    await gateway.identified()
    await put(gateway, f"{ME}/stops/msg-1")
    refused = await may(gateway, "user=user-1&message_id=msg-1")
    assert (refused["may_send"], refused["about"], refused["reason"]) == (False, "message", "message_stopped")
    assert (await may(gateway, "user=user-1&message_id=msg-2"))["may_send"]
    await put(gateway, f"{ME}/stops/msg-1", method="DELETE")
    assert (await may(gateway, "user=user-1&message_id=msg-1"))["may_send"]


async def test_a_blocked_service_passes_nothing_on_and_the_other_ones_go_on(gateway):
    await gateway.identified()
    await put(gateway, "/lab/services/demo/block", {"ground": "it gave no data"})
    refused = await may(gateway)
    assert (refused["may_send"], refused["about"], refused["reason"]) == (False, "service", "service_blocked")
    _, other = await gateway.ask("GET", "/v1/services/other/may-send?user=user-1", key="another-key")
    assert other["reason"] == "not_identified"
    await put(gateway, "/lab/services/demo/block", method="DELETE")
    assert (await may(gateway))["may_send"]


@pytest.mark.parametrize(("kind", "passes"), [("mixed", True), ("messenger", False)])
async def test_the_rules_are_not_for_the_other_part_of_a_mixed_service(gateway, kind, passes):
    await put(gateway, "/lab/services/demo", {"kind": kind})
    assert (await may(gateway, "user=nobody&part=other"))["may_send"] is passes
    assert (await may(gateway, "user=nobody&part=messaging"))["may_send"] is False


async def test_a_service_may_ask_about_itself_only(gateway):
    for path in ("may-send?user=user-1", "badge?user=user-1", "costs"):
        status, problem = await gateway.ask("GET", f"/v1/services/other/{path}")
        assert (status, problem["code"]) == (403, "forbidden")


async def test_peers_see_a_badge_without_number_or_code_and_none_where_the_profile_shows_none(gateway, in_force):
    await gateway.identified()
    in_force[0] = rules(identified_badge=True)
    assert await gateway.ask("GET", f"{ME}/badge?user=user-1") == (200, {"identified": True})
    assert await gateway.ask("GET", f"{ME}/badge?user=nobody") == (200, {"identified": False})
    in_force[0] = rules()
    assert await gateway.ask("GET", f"{ME}/badge?user=user-1") == (200, {"identified": None})


async def test_the_costs_of_an_identification_are_the_services_where_the_profile_says_no_other(gateway):
    await gateway.identified()
    status, found = await gateway.ask("GET", f"{ME}/costs")
    assert status == 200
    assert found["shares"] == [
        {"payer": "service", "operator_id": None, "kind": "query", "amount": "0.02", "currency": "XTS"},
        {"payer": "service", "operator_id": None, "kind": "sms", "amount": "0.05", "currency": "XTS"},
    ]
    assert await gateway.ask("GET", "/v1/services/other/costs", key="another-key") == (200, {"shares": []})
