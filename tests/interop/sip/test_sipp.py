"""SIPp plays handsets for flash calls and subscribers for calls to access numbers, also over a bad line."""

from collections.abc import Callable
from typing import Any

import pytest
from serving import Serving
from sip_relay import BAD, GOOD, Relay
from sipp import Sipp

HANDSET, BEHIND_TRUNK, SUBSCRIBER = "+70003000001", "+79990000001", "+70003000002"
CONFIG: dict[str, Any] = {"confirmation": {"reveal_numbers": True}}


def with_phone(number: str, host: str, port: int, transport: str = "udp") -> dict[str, Any]:
    contact = f"sip:{number}@{host}:{port};transport={transport}"
    return {**CONFIG, "voice": {"phones": [{"phone_number": number, "contact": contact}]}}


def with_trunk(host: str, port: int) -> dict[str, Any]:
    trunk = {"name": "carrier", "host": host, "port": port, "numbers": ["+7999"], "trusted": True}
    return {**CONFIG, "voice": {"trunks": [trunk]}}


def flash_call(lab: Serving, number: str) -> str:
    """Flash-call a handset that rings, and take the call back; return the path of the confirmation."""
    path = f"/v1/confirmations/{lab.confirm(number, 'flash_call')['id']}"
    lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent")
    lab.advance("10s")
    return path


def shown_code(handset: Sipp) -> str:
    """Return the last four digits of the caller that SIPp saw."""
    invite = handset.messages.read_text().split("INVITE sip:", 1)[1]
    caller = next(line for line in invite.splitlines() if line.startswith("From:")).split("sip:")[1].split("@")[0]
    return caller[-4:]


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_a_flash_call_rings_a_sip_phone_and_is_taken_back(
    serve: Callable[..., Serving], sipp: Callable[..., Sipp], seed: int | None
) -> None:
    handset = sipp("handset_rings")
    with Relay(seed or 0, BAD if seed else GOOD) as relay:
        relay.join(peer=handset.address)
        lab = serve(with_phone(HANDSET, *relay.for_lab))
        path = flash_call(lab, HANDSET)
        handset.finish()
        assert not seed or relay.done["lost"] + relay.done["held"] + relay.done["doubled"]
    assert lab.post(f"{path}/check", {"code": shown_code(handset)})["state"] == "confirmed"


def test_a_flash_call_goes_out_by_a_trunk(serve: Callable[..., Serving], sipp: Callable[..., Sipp]) -> None:
    softswitch = sipp("handset_rings")
    lab = serve(with_trunk(*softswitch.address))
    path = flash_call(lab, BEHIND_TRUNK)
    softswitch.finish()
    assert lab.post(f"{path}/check", {"code": shown_code(softswitch)})["state"] == "confirmed"


def test_a_busy_handset_fails_a_flash_call(serve: Callable[..., Serving], sipp: Callable[..., Sipp]) -> None:
    handset = sipp("handset_busy")
    lab = serve(with_phone(HANDSET, *handset.address))
    path = f"/v1/confirmations/{lab.confirm(HANDSET, 'flash_call')['id']}"
    over = lab.watch(path, lambda shown: shown["state"] != "pending")
    assert over["steps"][0]["outcome"] == "busy"
    handset.finish()


def test_a_handset_that_answers_is_hung_up_and_billed(serve: Callable[..., Serving], sipp: Callable[..., Sipp]) -> None:
    handset = sipp("handset_answers")
    lab = serve(with_phone(HANDSET, *handset.address))
    path = f"/v1/confirmations/{lab.confirm(HANDSET, 'flash_call')['id']}"
    billed = lab.watch(path, lambda shown: shown["cost"]["billable_seconds"])
    assert billed["cost"]["billable_seconds"] == 1
    handset.finish()


@pytest.mark.parametrize("seed", [None, 3, 4])
def test_a_subscriber_behind_a_trunk_calls_an_access_number(
    serve: Callable[..., Serving], sipp: Callable[..., Sipp], seed: int | None
) -> None:
    """The switch knows the trunk by its address, so SIPp calls through the relay that has it."""
    with Relay(seed or 0, BAD if seed else GOOD) as relay:
        lab = serve(with_trunk(*relay.for_lab))
        relay.join(lab=lab.at("sip"))
        started = lab.confirm(BEHIND_TRUNK, "call_in")
        number = started["instructions"]["access_number"]
        sipp("subscriber_calls", relay.for_peer, caller=BEHIND_TRUNK, asserted=BEHIND_TRUNK, called=number).finish()
        over = lab.watch(f"/v1/confirmations/{started['id']}", lambda shown: shown["state"] != "pending")
    assert (over["state"], over["proof"]["method"], over["proof"]["trust"]) == ("confirmed", "call_in", "asserted")


def test_a_subscriber_calls_the_gateways_own_agent(serve: Callable[..., Serving], sipp: Callable[..., Sipp]) -> None:
    """A gateway whose trusted peers are this machine believes what SIPp asserts, however the trunk spells it."""
    lab = serve({**CONFIG, "voice_link": {"trusted_peers": ["127.0.0.0/8"]}})
    started = lab.confirm(SUBSCRIBER, "call_in")
    national = f"8{SUBSCRIBER[2:]}"
    called = started["instructions"]["access_number"]
    sipp("subscriber_calls", lab.at("sip_gateway"), caller=national, asserted=national, called=called).finish()
    over = lab.watch(f"/v1/confirmations/{started['id']}", lambda shown: shown["state"] != "pending")
    assert (over["state"], over["proof"]["trust"]) == ("confirmed", "asserted")


def test_a_stranger_who_asserts_a_number_proves_nothing(
    serve: Callable[..., Serving], sipp: Callable[..., Sipp]
) -> None:
    lab = serve(CONFIG)
    started = lab.confirm(SUBSCRIBER, "call_in")
    called = started["instructions"]["access_number"]
    sipp("subscriber_calls", lab.at("sip_gateway"), caller=SUBSCRIBER, asserted=SUBSCRIBER, called=called).finish()
    unproven = lab.get("/lab/journal?type=confirmation.unproven&wait=10s")["events"]
    assert [event["subject"] for event in unproven] == [started["id"]]
    assert lab.get(f"/v1/confirmations/{started['id']}")["state"] == "pending"


def test_one_whose_from_differs_from_what_the_network_asserts_is_suspected(
    serve: Callable[..., Serving], sipp: Callable[..., Sipp]
) -> None:
    lab = serve({**CONFIG, "voice_link": {"trusted_peers": ["127.0.0.0/8"]}})
    started = lab.confirm(SUBSCRIBER, "call_in")
    called = started["instructions"]["access_number"]
    sipp("subscriber_calls", lab.at("sip_gateway"), caller=SUBSCRIBER, asserted=HANDSET, called=called).finish()
    assert lab.get("/lab/journal?type=confirmation.unproven&wait=10s")["events"]
    assert lab.get(f"/v1/confirmations/{started['id']}")["state"] == "pending"
