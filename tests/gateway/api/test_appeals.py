"""Appeals over HTTP: the service makes them, the lab reviews them, and the register gets a new entry."""

from smsc_emulator.base.durations import HOUR
from smsc_emulator.operator import register

NUMBER = "+70000000001"


async def refused(gateway):
    await gateway.behave("absent")
    started = await gateway.start()
    await gateway.check(started)
    await gateway.until(started, "REFUSED")
    await gateway.behave("truth")
    return await gateway.get(started)


async def test_an_appeal_that_is_upheld_identifies_the_user_and_leaves_the_refusal_as_it_was(gateway):
    before = await refused(gateway)
    assert (before["reason"], before["responsible"], before["hint"]) == ("absent", "user", "sign_a_contract")
    status, appeal = await gateway.ask("POST", f"/v1/identifications/{before['id']}/appeals")
    assert (status, appeal["state"], appeal["reason"]) == (201, "OPEN", "absent")
    await gateway.ticker.advance(2 * HOUR)
    status, decided = await gateway.ask("POST", f"/lab/appeals/{appeal['id']}/decision", {"decision": "upheld"})
    assert (status, decided["state"]) == (200, "UPHELD")
    assert (await gateway.ask("GET", f"/v1/appeals/{appeal['id']}"))[1] == decided
    assert (await gateway.ask("GET", f"/lab/appeals/{appeal['id']}"))[1] == decided
    await gateway.event("register.opened")
    (entry,) = await gateway.database.run(lambda tx: register.page(tx, "alpha", NUMBER))
    restored = await gateway.get({"id": decided["restored_by"]})
    assert (entry.state, restored["identification_code"]) == ("OPEN", entry.code)
    assert await gateway.get(before) == before
    page = (await gateway.ask("GET", "/lab/appeals"))[1]
    assert (page["wrong_blocks"], page["time_to_restore_s"], len(page["appeals"])) == (1, 7200.0, 1)


async def test_what_cannot_be_appealed_or_is_decided_is_a_conflict_and_what_is_anothers_is_not_found(gateway):
    started = await gateway.start()
    status, problem = await gateway.ask("POST", f"/v1/identifications/{started['id']}/appeals")
    assert (status, problem["code"]) == (409, "not_appealable")
    before = await refused(gateway)
    path = f"/v1/identifications/{before['id']}/appeals"
    assert (await gateway.ask("POST", path, key="another-key"))[0] == 404
    _, appeal = await gateway.ask("POST", path)
    assert (await gateway.ask("POST", path))[1]["code"] == "appeal_over"
    assert (await gateway.ask("GET", f"/v1/appeals/{appeal['id']}", key="another-key"))[0] == 404
    decision = f"/lab/appeals/{appeal['id']}/decision"
    assert (await gateway.ask("POST", decision, {"decision": "rejected"}))[0] == 200
    assert (await gateway.ask("POST", decision, {"decision": "upheld"}))[1]["code"] == "appeal_over"
    assert (await gateway.ask("POST", "/lab/appeals/apl_unknown/decision", {"decision": "upheld"}))[0] == 404
