"""SIPp plays handsets for flash calls and subscribers for calls to access numbers, also over a bad line.

The labs of this module know their peers by address, so the places of SIPp and of the relays are taken beforehand.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from serving import Serving
from sip_relay import BAD, GOOD, Relay
from sipp import Sipp, free_port

HANDSET, OTHER = "+70003000001", "+70003000002"
LINES = {None: "+7999000", 1: "+7999001", 2: "+7999002"}
"""For each seed of a bad line, and for a good one, the beginning of the numbers behind it."""


@dataclass(frozen=True)
class Place:
    """A lab, the port of the SIPp that is its phone, and the relays that are its trunks."""

    lab: Serving
    port: int
    relays: dict[int | None, Relay]


@pytest.fixture(scope="module")
def place(configured: Callable[[dict[str, Any]], Serving]) -> Iterator[Place]:
    port = free_port()
    with ExitStack() as stack:
        relays = {seed: stack.enter_context(Relay(seed or 0, BAD if seed else GOOD)) for seed in LINES}
        trunks = [
            {
                "name": f"line{seed or 0}",
                "host": relay.for_lab[0],
                "port": relay.for_lab[1],
                "numbers": [LINES[seed]],
                "trusted": True,
            }
            for seed, relay in relays.items()
        ]
        phone = {"phone_number": HANDSET, "contact": f"sip:{HANDSET}@127.0.0.1:{port}"}
        voice = {"trunks": trunks, "phones": [phone]}
        lab = configured({"voice": voice, "confirmation": {"reveal_numbers": True}})
        for relay in relays.values():
            relay.join(lab=lab.at("sip"))
        yield Place(lab, port, relays)


@pytest.fixture(scope="module")
def trusting(configured: Callable[[dict[str, Any]], Serving]) -> Serving:
    """A gateway that believes what this machine asserts."""
    return configured({"voice_link": {"trusted_peers": ["127.0.0.0/8"]}})


def taken_back(lab: Serving, number: str) -> str:
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


def test_a_flash_call_rings_a_phone_and_is_taken_back(place: Place, sipp: Callable[..., Sipp]) -> None:
    handset = sipp("handset_rings", port=place.port)
    path = taken_back(place.lab, HANDSET)
    handset.finish()
    assert place.lab.post(f"{path}/check", {"code": shown_code(handset)})["state"] == "confirmed"


@pytest.mark.parametrize("seed", LINES)
def test_a_flash_call_goes_out_by_a_trunk(place: Place, sipp: Callable[..., Sipp], seed: int | None) -> None:
    relay = place.relays[seed]
    network = sipp("handset_rings")
    relay.join(peer=network.address)
    path = taken_back(place.lab, f"{LINES[seed]}0001")
    network.finish()
    assert place.lab.post(f"{path}/check", {"code": shown_code(network)})["state"] == "confirmed"
    assert seed is None or relay.done["lost"] + relay.done["held"] + relay.done["doubled"]


def test_a_busy_handset_fails_a_flash_call(place: Place, sipp: Callable[..., Sipp]) -> None:
    handset = sipp("handset_busy", port=place.port)
    path = f"/v1/confirmations/{place.lab.confirm(HANDSET, 'flash_call')['id']}"
    over = place.lab.watch(path, lambda shown: shown["state"] != "pending")
    assert over["steps"][0]["outcome"] == "busy"
    handset.finish()


def test_a_handset_that_answers_is_hung_up_and_billed(place: Place, sipp: Callable[..., Sipp]) -> None:
    handset = sipp("handset_answers", port=place.port)
    path = f"/v1/confirmations/{place.lab.confirm(HANDSET, 'flash_call')['id']}"
    billed = place.lab.watch(path, lambda shown: shown["cost"]["billable_seconds"])
    assert billed["steps"][0]["outcome"] == "answered"
    handset.finish()


@pytest.mark.parametrize("seed", LINES)
def test_a_subscriber_behind_a_trunk_calls_an_access_number(
    place: Place, sipp: Callable[..., Sipp], seed: int | None
) -> None:
    number = f"{LINES[seed]}0002"
    started = place.lab.confirm(number, "call_in")
    called = started["instructions"]["access_number"]
    port = free_port()
    place.relays[seed].join(peer=("127.0.0.1", port))
    sipp(
        "subscriber_calls", place.relays[seed].for_peer, port=port, caller=number, asserted=number, called=called
    ).finish()
    over = place.lab.watch(f"/v1/confirmations/{started['id']}", lambda shown: shown["state"] != "pending")
    assert (over["state"], over["proof"]["method"], over["proof"]["trust"]) == ("confirmed", "call_in", "asserted")


@pytest.mark.parametrize("spelt", [OTHER, f"8{OTHER[2:]}", f"00{OTHER[1:]}"])
def test_a_subscriber_calls_the_gateways_own_agent(trusting: Serving, sipp: Callable[..., Sipp], spelt: str) -> None:
    started = trusting.confirm(OTHER, "call_in")
    called = started["instructions"]["access_number"]
    sipp("subscriber_calls", trusting.at("sip_gateway"), caller=spelt, asserted=spelt, called=called).finish()
    over = trusting.watch(f"/v1/confirmations/{started['id']}", lambda shown: shown["state"] != "pending")
    assert (over["state"], over["proof"]["trust"]) == ("confirmed", "asserted")


def test_a_bad_line_to_the_gateways_own_agent_loses_no_call(trusting: Serving, sipp: Callable[..., Sipp]) -> None:
    started = trusting.confirm(HANDSET, "call_in")
    called, port = started["instructions"]["access_number"], free_port()
    with Relay(5) as relay:
        relay.join(lab=trusting.at("sip_gateway"), peer=("127.0.0.1", port))
        sipp("subscriber_calls", relay.for_peer, port=port, caller=HANDSET, asserted=HANDSET, called=called).finish()
    over = trusting.watch(f"/v1/confirmations/{started['id']}", lambda shown: shown["state"] != "pending")
    assert over["state"] == "confirmed"


def test_a_stranger_who_asserts_a_number_proves_nothing(place: Place, sipp: Callable[..., Sipp]) -> None:
    unproven_by(place.lab, sipp, asserted=OTHER, trust="unverified")


def test_one_whom_the_network_knows_under_another_number_is_suspected(
    trusting: Serving, sipp: Callable[..., Sipp]
) -> None:
    unproven_by(trusting, sipp, asserted=HANDSET, trust="spoof_suspected")


def unproven_by(lab: Serving, sipp: Callable[..., Sipp], *, asserted: str, trust: str) -> None:
    """Call the gateway straight as OTHER: the confirmation waits on, and the journal says why."""
    started = lab.confirm(OTHER, "call_in")
    called = started["instructions"]["access_number"]
    sipp("subscriber_calls", lab.at("sip_gateway"), caller=OTHER, asserted=asserted, called=called).finish()
    unproven = lab.get(f"/lab/journal?type=confirmation.unproven&subject={started['id']}&wait=10s")["events"]
    assert [event["data"]["reason"] for event in unproven] == [trust]
    assert lab.get(f"/v1/confirmations/{started['id']}")["state"] == "pending"
