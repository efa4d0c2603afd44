"""Calls through a whole lab: the gateway's user agent, the voice switch and the handsets, over real sockets.

The lab clock stands still unless a test turns it, so that a phone rings as long as the test needs.
"""

import asyncio
import socket
from typing import Any
from urllib.parse import quote

import pytest

from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.net.sip_endpoint import SipEndpoint
from smsc_emulator.sip.calls import CallEvent, Ended, Incoming, Invitation, Peer

A, B, C = "+70000000001", "+70000000002", "+70000000003"


@pytest.fixture
async def user(start_lab: Any) -> Any:
    return await start_lab()


async def test_a_flash_call_rings_shows_its_code_and_is_taken_back_when_its_time_is_over(user: Any) -> None:
    confirmation = await user.confirm(A, "flash_call")
    (ringing,) = await user.call_log(A)
    assert ringing["state"] == "ringing"
    await user.advance("9999ms")
    assert (await user.call_log(A))[0]["state"] == "ringing"
    await user.advance("1ms")
    (over,) = await user.call_log(A)
    assert (over["outcome"], over["sip_status"]) == ("cancelled", 487)
    confirmed = await user.check(confirmation, over["from"][-4:])
    assert (confirmed["state"], confirmed["proof"]["method"]) == ("confirmed", "flash_call")
    assert (confirmed["cost"]["amount"], confirmed["cost"]["billable_seconds"]) == ("0.01", 0)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call_to_an_access_number_confirms_and_is_rejected(start_lab: Any, transport: str) -> None:
    user = await start_lab("lab", f"voice_link: {{transport: {transport}}}")
    confirmation = await user.confirm(A, "call_in")
    await user.post(f"/lab/handsets/{quote(A)}/calls", {"to": confirmation["instructions"]["access_number"]})
    confirmed = await user.confirmed(confirmation)
    assert (confirmed["state"], confirmed["proof"]["trust"]) == ("confirmed", "asserted")
    ended = await user.event("call.ended", A)
    assert (ended["data"]["status"], ended["data"]["cause"]) == (486, 17)


async def test_an_sms_to_the_short_code_confirms(user: Any) -> None:
    confirmation = await user.confirm(A, "mo_sms")
    told = confirmation["instructions"]
    await user.post(f"/lab/handsets/{quote(A)}/messages", {"to": told["short_code"], "text": told["text"]})
    confirmed = await user.confirmed(confirmation)
    assert (confirmed["state"], confirmed["proof"]["method"]) == ("confirmed", "mo_sms")


async def test_a_caller_who_shows_another_number_proves_nothing_for_either(user: Any) -> None:
    confirmation = await user.confirm(A, "call_in")
    to = confirmation["instructions"]["access_number"]
    await user.post(f"/lab/handsets/{quote(B)}/calls", {"to": to, "shown": A})
    unproven = await user.event("confirmation.unproven", confirmation["id"])
    assert "spoof_suspected" in str(unproven["data"])
    assert (await user.get(f"/v1/confirmations/{confirmation['id']}"))["state"] == "pending"


async def test_a_caller_who_is_withheld_confirms_nobody(user: Any) -> None:
    confirmation = await user.confirm(A, "call_in")
    to = confirmation["instructions"]["access_number"]
    await user.post(f"/lab/handsets/{quote(A)}/calls", {"to": to, "shown": "withheld"})
    assert (await user.event("call.ended", A))["data"]["status"] == 486
    assert (await user.get(f"/v1/confirmations/{confirmation['id']}"))["state"] == "pending"


@pytest.mark.parametrize("transit", ["plus", "digits", "00", "8", "national"])
async def test_a_caller_is_known_however_his_number_is_spelled(user: Any, transit: str) -> None:
    await user.call("PUT", "/lab/voice", {"transit": transit})
    confirmation = await user.confirm(A, "call_in")
    await user.post(f"/lab/handsets/{quote(A)}/calls", {"to": confirmation["instructions"]["access_number"]})
    assert (await user.confirmed(confirmation))["state"] == "confirmed"


async def test_a_phone_that_rings_does_not_hold_up_the_clock(user: Any) -> None:
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(user.confirm(number, "flash_call") for number in (A, B, C)))
    for number in (A, B, C):
        await user.call_log(number)
    for _ in range(5):
        await user.advance("1s")
    assert asyncio.get_running_loop().time() - began < 4
    assert [(await user.call_log(number))[0]["state"] for number in (A, B, C)] == ["ringing"] * 3


async def test_a_turn_of_the_clock_fires_the_ends_of_ringing_at_their_instants(user: Any) -> None:
    for number in (A, B, C):
        await user.confirm(number, "flash_call")
        await user.call_log(number)
        await user.advance("3s")
    await user.advance("1h")
    calls = [(await user.call_log(number))[0] for number in (A, B, C)]
    for call in calls:
        ended = await user.event("call.ended", call["to"])
        assert (ended["data"]["outcome"], call["ended_at"]) == ("cancelled", ended["at"])
    instants = [(seconds(call["ended_at"]) - seconds(calls[0]["started_at"])) for call in calls]
    assert instants == pytest.approx([10, 13, 16])


def seconds(instant: str) -> float:
    hours, minutes, rest = instant.partition("T")[2].removesuffix("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [("busy", "busy"), ("off", "unreachable"), ("unknown", "nobody"), ("barred", "barred"), ("no_answer", "no_answer")],
)
async def test_a_call_that_never_rings_gives_way_to_the_next_step(user: Any, behaviour: str, outcome: str) -> None:
    await user.behave(A, behaviour)
    await user.confirm(A, "flash_call", "sms_code")
    await user.advance("10m")
    (call,) = await user.call_log(A)
    assert call["outcome"] == outcome
    inbox = await user.get(f"/lab/handsets/{quote(A)}/messages?wait=5s")
    assert len(inbox["messages"]) == 1


async def test_an_answered_call_is_hung_up_and_paid(user: Any) -> None:
    await user.behave(A, "answered", after="2s")
    confirmation = await user.confirm(A, "flash_call")
    await user.call_log(A)
    await user.advance("2s")
    (call,) = await user.call_log(A)
    assert (call["state"], call["outcome"]) == ("ended", "answered")
    found = await user.get(f"/v1/confirmations/{confirmation['id']}")
    assert found["cost"] == {"amount": "0.012", "currency": "XTS", "billable_seconds": 1}


async def test_what_rings_is_taken_back_when_it_is_confirmed_or_cancelled(user: Any) -> None:
    confirmed, cancelled = await user.confirm(A, "flash_call"), await user.confirm(B, "flash_call")
    (call,) = await user.call_log(A)
    await user.call_log(B)
    await user.check(confirmed, call["from"])
    await user.call("DELETE", f"/v1/confirmations/{cancelled['id']}")
    for number in (A, B):
        assert (await user.event("call.ended", number))["data"]["outcome"] == "cancelled"


async def test_a_lab_that_stops_lets_no_phone_ring_on(start_lab: Any) -> None:
    user = await start_lab()
    confirmation = await user.confirm(A, "flash_call")
    (call,) = await user.call_log(A)
    await user.lab.stop()
    again = await start_lab()
    (over,) = await again.call_log(A)
    assert over["outcome"] == "cancelled"
    assert (await again.check(confirmation, call["from"][-4:]))["state"] == "confirmed"


@pytest.mark.parametrize(("behaviour", "after", "fate"), [("rejected", 5, "rejected"), ("answered", 2, "answered")])
async def test_what_a_handset_does_is_reported_at_its_instant_though_the_clock_is_turned_far_past_it(
    user: Any, behaviour: str, after: int, fate: str
) -> None:
    await user.behave(A, behaviour, after=f"{after}s")
    confirmation = await user.confirm(A, "flash_call")
    (call,) = await user.call_log(A)
    await user.advance("48h")
    ended = await user.event("confirmation.call_ended", confirmation["id"])
    assert ended["data"]["fate"] == fate
    assert seconds(ended["at"]) - seconds(call["started_at"]) == pytest.approx(after)


async def test_a_step_whose_call_fails_late_begins_the_next_at_that_instant(user: Any) -> None:
    await user.behave(A, "out_of_coverage")
    confirmation = await user.confirm(A, "flash_call", "sms_code")
    await user.advance("48h")
    first, second = (await user.get(f"/v1/confirmations/{confirmation['id']}"))["steps"]
    assert seconds(first["ended_at"]) - seconds(first["started_at"]) == pytest.approx(4)
    assert second["started_at"] == first["ended_at"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::1"])
async def test_calls_find_their_way_on_every_kind_of_address(start_lab: Any, host: str) -> None:
    user = await start_lab("lab", f'server: {{host: "{host}"}}')
    flash_call, call_in = await user.confirm(A, "flash_call"), await user.confirm(B, "call_in")
    (call,) = await user.call_log(A)
    assert (await user.check(flash_call, call["from"][-4:]))["state"] == "confirmed"
    assert (await user.event("call.ended", A))["data"]["outcome"] == "cancelled"
    await user.post(f"/lab/handsets/{quote(B)}/calls", {"to": call_in["instructions"]["access_number"]})
    assert (await user.confirmed(call_in))["proof"]["trust"] == "asserted"


async def test_a_stranger_at_the_gateways_own_port_proves_nothing(user: Any) -> None:
    confirmation = await user.confirm(A, "call_in")
    heard: asyncio.Queue[CallEvent] = asyncio.Queue()
    stranger = SipEndpoint(SecretRandomness().token, heard.put_nowait)
    await stranger.start("127.0.0.1")
    try:
        access_number = confirmation["instructions"]["access_number"]
        gateway = Peer("127.0.0.1", user.lab.ports["sip_gateway"])
        stranger.invite("c", gateway, Invitation(caller=A, called=access_number, asserted=A))
        async with asyncio.timeout(5):
            rejected = await heard.get()
            assert rejected == Ended("c", 486, 17, answered=False, by_peer=True)
            stranger.invite("d", gateway, Invitation(caller=A, called=B, asserted=A))
            assert await heard.get() == Ended("d", 404, 1, answered=False, by_peer=True)
    finally:
        await stranger.close()
    unproven = await user.event("confirmation.unproven", confirmation["id"])
    assert "unverified" in str(unproven["data"])
    assert (await user.get(f"/v1/confirmations/{confirmation['id']}"))["state"] == "pending"


async def test_a_voice_switch_of_ones_own_takes_the_calls(start_lab: Any) -> None:
    heard: asyncio.Queue[CallEvent] = asyncio.Queue()
    switch = SipEndpoint(SecretRandomness().token, heard.put_nowait)
    await switch.start("127.0.0.1")
    try:
        user = await start_lab("lab", f"voice_link: {{host: localhost, port: {switch.port}}}")
        confirmation = await user.confirm(A, "flash_call")
        async with asyncio.timeout(5):
            incoming = await heard.get()
            assert isinstance(incoming, Incoming)
            assert incoming.invitation.called == A
            switch.progress(incoming.call, 180)
            code = incoming.invitation.caller[-4:]
            assert (await user.check(confirmation, code))["state"] == "confirmed"
            cancelled = await heard.get()
            assert isinstance(cancelled, Ended)
            assert (cancelled.status, cancelled.by_peer) == (487, True)
    finally:
        await switch.close()


async def test_a_switch_that_is_not_there_puts_the_call_off(start_lab: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        user = await start_lab("lab", f"voice_link: {{host: 127.0.0.1, port: {port}, transport: tcp}}")
        confirmation = await user.confirm(A, "flash_call")
        put_off = await user.event("confirmation.code_put_off", confirmation["id"])
    assert (await user.get("/lab/clock"))["next_deadline_at"] > put_off["at"]
