"""The ledger over HTTP."""

import pytest

from confirm.ports import CallFate

PATH = "/v1/ledger"


async def page(face, query="", key="lab-demo-key"):
    status, found, _ = await face.ask("GET", PATH + query, key=key)
    assert status == 200, found
    return found


async def test_each_sms_and_call_is_charged_to_its_confirmation_and_added_up_by_kind(face):
    by_sms = await face.start()
    by_call = await face.start("+70000000002", method="flash_call")
    await face.rings()
    await face.rings(CallFate.ANSWERED, 200, billable_seconds=3)
    found = await page(face)
    charges = [(one["subject_id"], one["kind"], one["quantity"], one["amount"]) for one in found["charges"]]
    assert charges[0] == (by_sms["id"], "sms", 1, "0.05")
    assert {charge[:2] for charge in charges[1:]} == {(by_call["id"], "call")}
    assert found["totals"] == [
        {"kind": "call", "quantity": 1, "billable_seconds": 3, "amount": "0.016", "currency": "XTS"},
        {"kind": "sms", "quantity": 1, "billable_seconds": 0, "amount": "0.05", "currency": "XTS"},
    ]
    assert (await face.get(by_call))["cost"] == {"amount": "0.016", "currency": "XTS", "billable_seconds": 3}


async def test_the_ledger_is_read_page_by_page_with_the_totals_of_all(face):
    for n in range(3):
        await face.start(f"+7000000000{n}")
    first = await page(face, "?limit=2")
    assert len(first["charges"]) == 2
    rest = await page(face, f"?after={first['charges'][-1]['ordinal']}")
    assert len(rest["charges"]) == 1
    assert rest["totals"] == first["totals"]
    assert first["totals"][0]["quantity"] == 3


async def test_a_service_sees_its_own_charges_alone(face):
    await face.start()
    assert await page(face, key="another-key") == {"charges": [], "totals": []}


@pytest.mark.parametrize("query", ["?limit=0", "?limit=1001", "?after=-1", "?after=x", "?of=other"])
async def test_a_page_that_makes_no_sense_is_a_bad_request(face, query):
    status, problem, _ = await face.ask("GET", PATH + query)
    assert (status, problem["code"]) == (400, "bad_request")


async def test_without_a_services_key_nobody_reads_the_ledger(face):
    assert (await face.ask("GET", PATH, key="no-key"))[0] == 401
