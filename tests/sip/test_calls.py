"""Calls between two agents in virtual time: what each side is told, and what crosses the wire."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sip_pair import INVITATION, Pair, bad_wire, first_line

from smsc_emulator.sip.calls import Answered, Ended, Incoming, Invitation, Progress, Transport

TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


@TRANSPORTS
def test_a_call_that_rings_and_is_cancelled_sends_what_rfc_3665_shows(transport: Transport) -> None:
    pair = Pair(transport)
    call = pair.call()
    pair.callee.agent.progress(call, 180)
    pair.settle()
    pair.caller.agent.end("one", cause=16)
    pair.settle()
    assert pair.caller.lines == ["INVITE", "CANCEL", "ACK"]
    assert pair.callee.lines == ["100", "180", "200", "487"]
    assert pair.caller.events == [Progress("one", 180), Ended("one", 487, None, False, False)]
    assert pair.callee.events[1:] == [Ended(call, 487, 16, False, True)]
    pair.run(100)
    assert pair.idle


def test_a_cancel_and_the_ack_of_a_487_have_the_branch_of_the_invite_and_the_ack_of_a_2xx_its_own() -> None:
    pair = Pair()
    pair.call()
    pair.caller.agent.end("one")
    pair.settle()
    pair.callee.agent.answer(pair.call("two"))
    pair.settle()
    vias = [via_of(data) for data in pair.caller.sent]
    invite, cancel, ack, second, second_ack = vias
    assert invite == cancel == ack
    assert second_ack not in (invite, second)


def test_no_cancel_is_sent_before_the_callee_has_said_anything() -> None:
    pair = Pair(wire=lambda data: [1.2] if first_line(data).startswith("SIP/2.0 100") else [0.0])
    call = pair.call()
    pair.caller.agent.end("one")
    pair.run(1.1)
    assert "CANCEL" not in pair.caller.lines
    pair.run(1.3)
    assert "CANCEL" in pair.caller.lines
    assert pair.callee.ended() == Ended(call, 487, None, False, True)
    assert pair.caller.ended() == Ended("one", 487, None, False, False)


def test_a_2xx_that_crosses_the_cancel_is_acknowledged_and_hung_up_at_once() -> None:
    pair = Pair()
    call = pair.call()
    pair.callee.agent.answer(call)
    pair.caller.agent.end("one", cause=16)
    pair.settle()
    assert pair.caller.lines == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert pair.caller.ended() == Ended("one", 200, None, answered=True, by_peer=False)
    assert not pair.caller.of(Answered)
    assert pair.callee.ended() == Ended(call, 200, 16, answered=True, by_peer=True)


@pytest.mark.parametrize(("status", "cause"), [(486, 17), (480, 19), (603, 21), (404, 1), (503, 42), (302, None)])
def test_a_refusal_carries_its_status_and_cause(status: int, cause: int | None) -> None:
    pair = Pair()
    pair.callee.agent.end(pair.call(), status, cause)
    pair.settle()
    assert pair.caller.ended() == Ended("one", status, cause, False, True)
    assert pair.callee.ended().by_peer is False
    assert pair.caller.lines == ["INVITE", "ACK"]


def test_an_invite_says_who_calls_whom_and_who_vouches() -> None:
    said = Invitation(
        "anonymous",
        "+70000000001",
        asserted="+70001000001",
        private=True,
        display_name='Say "a\\b"',
        identity="eyJ.x.y;info=<https://example.invalid/cert>",
        headers={"X-Correlator": "c-1"},
        max_forwards=7,
    )
    pair = Pair()
    pair.call(invitation=said)
    (event,) = pair.callee.of(Incoming)
    assert isinstance(event, Incoming)
    assert event.invitation == replace(said, max_forwards=6)


def test_nothing_that_a_caller_says_begins_a_header_field() -> None:
    pair = Pair()
    pair.call(invitation=replace(INVITATION, display_name="x\r\nX-Bad: 1", headers={"X-A": "1\r\nX-Bad: 1"}))
    assert b"\r\nX-Bad" not in pair.caller.sent[0]


def test_a_call_with_no_hops_left_is_not_sent() -> None:
    pair = Pair()
    pair.caller.agent.invite("one", pair.callee.peer, replace(INVITATION, max_forwards=0))
    pair.settle()
    assert not pair.caller.sent
    assert pair.caller.ended().status == 483


def test_the_callee_gives_up_when_the_time_in_expires_is_over() -> None:
    pair = Pair()
    call = pair.call(expires=20)
    pair.callee.agent.progress(call, 180)
    pair.run(19.9)
    assert not pair.callee.of(Ended)
    pair.run(20.1)
    assert pair.callee.ended() == Ended(call, 487, None, False, True)
    assert pair.caller.ended() == Ended("one", 487, None, False, True)


def test_a_silent_callee_ends_the_call_with_408_after_timer_b() -> None:
    pair = Pair(wire=lambda data: [])
    pair.caller.agent.invite("one", pair.callee.peer, INVITATION)
    pair.run(31.9)
    assert not pair.caller.events
    pair.run(32.1)
    assert pair.caller.ended() == Ended("one", 408, None, False, False)


def test_a_peer_that_cannot_be_reached_ends_the_call_with_503() -> None:
    pair = Pair("tcp", wire=lambda data: [])
    pair.caller.agent.invite("one", pair.callee.peer, INVITATION)
    pair.settle()
    pair.caller.agent.transport_failed(pair.callee.peer, 1.0)
    pair.settle()
    assert pair.caller.ended() == Ended("one", 503, None, False, False)


def test_a_cancelled_call_whose_final_response_never_comes_is_given_up() -> None:
    pair = Pair(wire=lambda data: [] if b" 487 " in data[:20] or data.startswith(b"SIP/2.0 200") else [0.0])
    pair.call()
    pair.caller.agent.end("one")
    pair.run(200)
    assert pair.caller.ended() == Ended("one", 408, None, False, False)
    assert pair.idle


def test_a_2xx_is_repeated_until_its_ack_and_without_one_the_call_is_hung_up() -> None:
    pair = Pair(wire=lambda data: [] if data.startswith(b"ACK") else [0.0])
    call = pair.call()
    pair.callee.agent.answer(call)
    pair.run(31.9)
    assert pair.callee.lines.count("200") == 1 + 10
    assert pair.caller.lines.count("ACK") == pair.callee.lines.count("200")
    assert pair.caller.of(Answered) == [Answered("one")]
    pair.run(33)
    assert pair.callee.ended() == Ended(call, 200, None, answered=True, by_peer=False)
    assert pair.caller.ended().by_peer


def test_a_bye_waits_for_the_ack_of_the_2xx() -> None:
    pair = Pair(wire=lambda data: [0.3] if data.startswith(b"ACK") else [0.0])
    call = pair.call()
    pair.callee.agent.answer(call)
    pair.callee.agent.end(call, cause=16)
    pair.run(0.2)
    assert "BYE" not in pair.callee.lines
    pair.run(0.4)
    assert pair.callee.ended() == Ended(call, 200, None, True, False)
    assert pair.caller.ended() == Ended("one", 200, 16, True, True)


def test_both_sides_may_hang_up_at_once() -> None:
    pair = Pair()
    call = pair.call()
    pair.callee.agent.answer(call)
    pair.settle()
    pair.callee.agent.end(call)
    pair.caller.agent.end("one")
    pair.settle()
    assert pair.caller.ended().answered
    assert pair.callee.ended().answered
    pair.run(100)
    assert pair.idle


def test_a_provisional_response_is_repeated_every_minute_and_told_once() -> None:
    pair = Pair()
    pair.callee.agent.progress(pair.call(), 183, early_media=True)
    pair.run(200)
    assert pair.callee.lines.count("183") == 4
    assert pair.caller.events == [Progress("one", 183, early_media=True)]


@pytest.mark.parametrize(
    ("act", "pending"),
    [
        (lambda pair, call: None, True),
        (lambda pair, call: pair.callee.agent.progress(call, 180), False),
        (lambda pair, call: pair.callee.agent.answer(call), False),
        (lambda pair, call: pair.callee.agent.end(call), False),
    ],
)
def test_a_call_is_pending_until_the_callee_has_said_more_than_100(
    act: Callable[[Pair, str], None], pending: bool
) -> None:
    pair = Pair()
    act(pair, pair.call())
    pair.settle()
    assert pair.caller.agent.pending("one") is pending


def test_acts_on_calls_that_are_unknown_over_or_of_the_other_kind_do_nothing() -> None:
    pair = Pair()
    call = pair.call()
    pair.caller.agent.answer("one")
    pair.caller.agent.progress("one", 180)
    pair.callee.agent.end(call, 486)
    pair.settle()
    sent = len(pair.caller.sent), len(pair.callee.sent)
    for side in (pair.caller, pair.callee):
        for name in ("one", call, "no such call"):
            side.agent.answer(name)
            side.agent.progress(name, 180)
            side.agent.end(name)
    pair.settle()
    assert (len(pair.caller.sent), len(pair.callee.sent)) == sent


def test_a_name_is_not_given_to_two_calls() -> None:
    pair = Pair()
    pair.call()
    with pytest.raises(ValueError, match="name"):
        pair.caller.agent.invite("one", pair.callee.peer, INVITATION)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["progress", "answer", "callee ends", "caller ends"]),
        st.floats(0, 8),
    ),
    max_size=6,
)


@given(seed=st.integers(0, 2**32), acts=ACTS, transport=st.sampled_from(["udp", "tcp"]), loss=st.floats(0, 0.5))
@settings(deadline=None, max_examples=150)
def test_whatever_the_wire_does_each_side_is_told_one_end_and_nothing_is_left(
    seed: int, acts: list[tuple[str, float]], transport: Transport, loss: float
) -> None:
    pair = Pair(transport, bad_wire(seed, loss) if transport == "udp" else (lambda data: [0.0]))
    pair.caller.agent.invite("one", pair.callee.peer, INVITATION)
    pair.settle()
    for act, later in acts:
        pair.run(pair.now + later)
        do(pair, act)
        pair.settle()
    pair.run(pair.now + 40)
    do(pair, "caller ends")
    pair.run(pair.now + 200)
    do(pair, "callee ends")
    pair.run(pair.now + 200)
    caller = pair.caller.ended()
    assert len(pair.callee.of(Ended)) == len(pair.callee.of(Incoming)) <= 1
    assert pair.caller.events[-1] == caller
    for callee in pair.callee.of(Ended):
        assert isinstance(callee, Ended)
        assert caller.answered <= callee.answered
    assert pair.idle


def do(pair: Pair, act: str) -> None:
    if act == "caller ends":
        pair.caller.agent.at(pair.now).end("one", cause=16)
    for incoming in pair.callee.of(Incoming):
        agent = pair.callee.agent.at(pair.now)
        if act == "progress":
            agent.progress(incoming.call, 180)
        elif act == "answer":
            agent.answer(incoming.call)
        elif act == "callee ends":
            agent.end(incoming.call, 486, 17)


def via_of(data: bytes) -> str:
    return next(line for line in data.decode().split("\r\n") if line.startswith("Via:")).partition("branch=")[2]
