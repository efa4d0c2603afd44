"""Notices of operators, re-checks, changes and sessions over HTTP, with the lab's operators on the other side."""

import json
from typing import Any

import pytest
from api_clients import SECRETS

from smsc_emulator.base.durations import HOUR, MINUTE, iso
from smsc_emulator.base.signature import sign

NUMBER = "+70000000001"


async def binding_of(gateway, user="user-1") -> dict[str, Any]:
    status, page = await gateway.ask("GET", f"/v1/bindings?user_id={user}")
    assert status == 200
    return page["bindings"][0]


async def notice(gateway, binding, *, signer="alpha", **other) -> tuple[int, dict[str, Any]]:
    """Send a notice as alpha would, signed with the secret of `signer`."""
    body = {
        "notice_id": "ntc_1",
        "phone_number": binding["phone_number"],
        "code": binding["identification_code"],
        "reason": "ended",
        "ended_at": iso(gateway.clock.now()),
        **other,
    }
    raw = json.dumps(body).encode()
    headers = sign(SECRETS[signer], body["notice_id"], raw)
    async with gateway.session.post(f"{gateway.url}/v1/operators/alpha/notices", data=raw, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def may_send(gateway, user="user-1"):
    return (await gateway.ask("GET", f"/v1/services/demo/may-send?user={user}"))[1]["may_send"]


async def test_a_notice_has_the_operator_asked_again_and_its_present_gives_a_new_code(gateway):
    await gateway.identified()
    before = await binding_of(gateway)
    assert await notice(gateway, before) == (200, {"outcome": "accepted"})
    made_by = before["identification_id"]
    await gateway.event("binding.active", lambda event: event.data["binding"]["identification_id"] != made_by)
    await gateway.ticker.advance(MINUTE)
    after = await binding_of(gateway)
    assert (after["id"], after["state"], after["recheck_due_at"]) == (before["id"], "ACTIVE", None)
    assert after["identification_code"] != before["identification_code"]
    assert await notice(gateway, before) == (200, {"outcome": "repeated"})


async def test_an_operator_that_is_silent_after_its_notice_has_the_user_suspended_on_all_devices(gateway):
    await gateway.identified()
    binding = await binding_of(gateway)
    status, session = await gateway.ask("POST", "/v1/sessions", {"user_id": "user-1", "device": "phone-1"})
    assert (status, session["binding_id"], session["ended_at"]) == (201, binding["id"], None)
    await gateway.behave("silent")
    await notice(gateway, binding)
    rechecked = await binding_of(gateway)
    assert (rechecked["state"], rechecked["reason"]) == ("RECHECK", "terminated")
    assert rechecked["recheck_due_at"] == iso(gateway.clock.now() + 20 * MINUTE)
    assert await may_send(gateway)
    await gateway.ticker.advance(20 * MINUTE)
    suspended = await binding_of(gateway)
    assert (suspended["state"], suspended["reason"]) == ("SUSPENDED", "no_answer")
    assert not await may_send(gateway)
    ended = (await gateway.ask("GET", f"/v1/sessions/{session['id']}"))[1]
    assert ended["reason"] == "suspended"
    assert (await gateway.ask("GET", "/v1/sessions?user_id=user-1"))[1] == {"sessions": []}
    again = await gateway.ask("POST", "/v1/sessions", {"user_id": "user-1", "device": "phone-1"})
    assert (again[0], again[1]["code"]) == (403, "session_refused")


async def test_a_late_notice_is_a_breach_of_the_operators_in_the_lab(gateway):
    await gateway.identified()
    binding, ended_at = await binding_of(gateway), iso(gateway.clock.now())
    await gateway.ticker.advance(24 * HOUR + 1)
    await notice(gateway, binding, ended_at=ended_at)
    (breach,) = (await gateway.ask("GET", "/lab/breaches"))[1]["breaches"]
    assert (breach["rule"], breach["side"], breach["party"]) == ("T_notice", "operator", "alpha")
    assert breach["happened_at"] == iso(gateway.clock.now())


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({"signer": "beta"}, 401),
        ({"reason": "bored"}, 400),
        ({"ended_at": "yesterday"}, 400),
        ({"family_name": "Testova"}, 400),
        ({"notice_id": "no id"}, 400),
    ],
    ids=str,
)
async def test_a_notice_that_is_not_signed_or_has_no_sense_is_refused(gateway, other, status):
    await gateway.identified()
    binding = await binding_of(gateway)
    assert (await notice(gateway, binding, **other))[0] == status
    assert (await binding_of(gateway))["state"] == "ACTIVE"


async def test_changed_data_are_a_recheck_and_what_is_said_of_a_person_is_not_wanted(gateway):
    await gateway.identified()
    binding = await binding_of(gateway)
    path = f"/v1/bindings/{binding['id']}/data-changed"
    status, problem = await gateway.ask("POST", path, {"attributes": {"family_name": "Testova"}})
    assert (status, problem["code"]) == (403, "attributes_not_asked")
    assert (await binding_of(gateway))["state"] == "ACTIVE"
    status, begun = await gateway.ask("POST", path, {})
    assert (status, begun["binding"]["state"]) == (202, "RECHECK")
    done = await gateway.until({"id": begun["identification_id"]}, "IDENTIFIED")
    assert (done["cause"], done["rechecks"], done["confirmation"]) == ("data_changed", binding["id"], None)
    assert (await gateway.ask("POST", path, {}, key="another-key"))[0] == 404


async def test_a_number_is_changed_once_its_successor_is_identified(gateway):
    await gateway.identified()
    binding = await binding_of(gateway)
    path = f"/v1/bindings/{binding['id']}/change-number"
    status, begun = await gateway.ask("POST", path, {"phone_number": "+70000000002"})
    assert (status, begun["binding"]["state"]) == (202, "ACTIVE")
    await gateway.confirm.send_settled((await gateway.get({"id": begun["identification_id"]}))["confirmation"]["id"])
    await gateway.check({"id": begun["identification_id"]})
    done = await gateway.until({"id": begun["identification_id"]}, "IDENTIFIED")
    old = (await gateway.ask("GET", f"/v1/bindings/{binding['id']}"))[1]
    assert (old["state"], old["reason"], done["cause"]) == ("CLOSED", "number_changed", "number_changed")
    assert (await binding_of(gateway))["phone_number"] == "+70000000002"
    status, problem = await gateway.ask("POST", path, {"phone_number": "+70000000003"})
    assert (status, problem["code"]) == (409, "binding_state")


async def test_users_from_before_the_rules_are_taken_over_without_their_doing(gateway):
    users = [{"user_id": f"user-{n}", "phone_number": f"+7000000000{n}"} for n in (1, 2)]
    status, page = await gateway.ask("POST", "/v1/existing-users", {"users": users})
    assert (status, [one["state"] for one in page["bindings"]]) == (202, ["GRANDFATHERED"] * 2)
    for _ in users:
        await gateway.event("binding.active")
    await gateway.ticker.advance(MINUTE)
    assert [(await binding_of(gateway, one["user_id"]))["state"] for one in users] == ["ACTIVE"] * 2
    assert gateway.sms.texts == []
