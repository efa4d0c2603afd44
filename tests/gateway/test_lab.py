"""Labs in this process: joined from settings, started, used over their sockets, stopped."""

import asyncio
from typing import Any

import pytest

from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.net.sip_endpoint import SipEndpoint

A = "+70000000001"


@pytest.fixture
async def users(start_lab: Any) -> list[Any]:
    return [await start_lab(name) for name in ("one", "two")]


async def test_two_labs_in_one_process_share_nothing(users: list[Any]) -> None:
    one, two = users
    assert not set(one.lab.ports.values()) & set(two.lab.ports.values())
    await one.call("PUT", "/lab/operators/alpha/behaviour", {"answer": "absent"})
    before = await two.get("/lab/clock")
    await one.advance("48h")
    assert await two.get("/lab/clock") == before

    refused, identified = await asyncio.gather(one.identify(), two.identify())

    assert (refused["state"], refused["reason"]) == ("REFUSED", "absent")
    assert identified["state"] == "IDENTIFIED"
    for user, codes in ((one, []), (two, [identified["identification_code"]])):
        register = await user.get("/lab/operators/alpha/register")
        assert [entry["code"] for entry in register["entries"]] == codes
        inbox = await user.get(f"/lab/handsets/%2B{A[1:]}/messages")
        assert len(inbox["messages"]) == 1
        told = await user.get("/lab/journal?type=identification.created")
        assert len(told["events"]) == 1


async def test_one_lab_stops_and_the_other_goes_on(users: list[Any]) -> None:
    one, two = users
    await one.lab.stop()
    assert (await two.identify())["state"] == "IDENTIFIED"


async def test_a_lab_listens_for_calls_on_two_ports_and_tells_that_it_is_ready(start_lab: Any) -> None:
    user = await start_lab()
    assert sorted(user.lab.ports) == ["http", "sip", "sip_gateway", "smpp"]
    assert len(set(user.lab.ports.values())) == 4
    assert (await user.get("/readyz"))["checks"] == {"smsc_link": True, "voice_link": True, "voice_switch": True}


async def test_an_endpoint_listens_from_its_start_to_its_end() -> None:
    endpoint = SipEndpoint(SecretRandomness().token, lambda _: None)
    assert not endpoint.listens
    await endpoint.start("127.0.0.1")
    assert endpoint.listens
    await endpoint.close()
    assert not endpoint.listens


WITHOUT_A_LAB = """
lab: {enabled: false}
smsc_link: {host: 127.0.0.1, port: 1}
services: [{id: demo, name: Demo, key: lab-demo-key}]
"""


async def test_without_a_lab_the_gateway_has_a_sip_port_only_where_it_has_a_switch(start_lab: Any) -> None:
    plain = await start_lab("plain", WITHOUT_A_LAB)
    assert sorted(plain.lab.ports) == ["http"]
    with_calls = await start_lab("calls", WITHOUT_A_LAB + "voice_link: {host: 127.0.0.1}\n")
    assert sorted(with_calls.lab.ports) == ["http", "sip_gateway"]


async def test_codes_and_callers_repeat_with_a_seed_and_only_with_it(start_lab: Any) -> None:
    seen = []
    for name, settings in (("one", "lab: {seed: a}"), ("two", "lab: {seed: a}"), ("three", "lab: {seed: b}")):
        user = await start_lab(name, settings)
        await user.confirm(A, "flash_call")
        calls = await user.call_log(A)
        mo_sms = await user.confirm("+70000000002", "mo_sms")
        seen.append((calls[0]["from"], mo_sms["instructions"]["token"]))
    assert seen[0] == seen[1] != seen[2]
