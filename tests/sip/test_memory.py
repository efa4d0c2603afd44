"""After many calls nothing is left of them but what the timers of RFC 3261 still need."""

import gc

from sip_pair import INVITATION, Pair, tokens

from smsc_emulator.sip.agent import Agent
from smsc_emulator.sip.calls import Ended, Incoming, Peer
from smsc_emulator.sip.incoming import IncomingCall
from smsc_emulator.sip.messages import Request, parse
from smsc_emulator.sip.respond import response_to
from smsc_emulator.sip.timers import Schedule

CALLS = 3_000


def test_a_thousand_calls_each_way_leave_nothing_when_their_timers_have_run_out() -> None:
    pair = Pair()
    for number in range(1_000):
        call = pair.call(f"c{number}", expires=3600)
        if number % 3 == 0:
            pair.callee.agent.end(call, 486, 17)
        elif number % 3 == 1:
            pair.callee.agent.progress(call, 180)
            pair.settle()
            pair.caller.agent.end(f"c{number}")
        else:
            pair.callee.agent.answer(call)
            pair.settle()
            pair.caller.agent.end(f"c{number}")
        pair.settle()
    pair.run(200)
    assert pair.idle
    for side in (pair.caller, pair.callee):
        assert not side.agent.busy
        leftovers = {name: value for name, value in vars(side.agent).items() if isinstance(value, dict) and value}
        assert not leftovers
        assert len(side.agent._layer) == 0  # there is no other way to see that it remembers nothing


def test_a_call_is_let_go_when_it_is_over_however_long_it_might_have_rung() -> None:
    """A caller's Expires of a hundred years must not keep his call for a hundred years."""
    agent = Agent(Peer("127.0.0.1", 5060), tokens("a"))
    for number in range(CALLS):
        now = number / 10
        for method in ("INVITE", "CANCEL", "ACK"):
            message = (
                f"{method} sip:+70000000001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bK{number}"
                f"\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: {number}\r\nCSeq: 1 {method}\r\n"
                "Expires: 4294967295\r\nContent-Length: 0\r\n\r\n"
            )
            agent.receive(message.encode(), Peer("127.0.0.1", 5999), now)
        agent.handle_deadline(now)
        assert any(isinstance(event, Incoming) for event in agent.events())
        agent.data_to_send()
    gc.collect()
    assert sum(type(each) is IncomingCall for each in gc.get_objects()) < CALLS / 2


def test_a_plan_keeps_its_order_when_it_is_tidied() -> None:
    schedule = Schedule[int]()
    for item in range(5_000):
        schedule.set(item, float(10_000 - item))
        if item % 10:
            schedule.set(item, None)
    taken = []
    while (item := schedule.pop(1e9)) is not None:
        taken.append(item)
    assert taken == [item for item in reversed(range(5_000)) if item % 10 == 0]


def test_a_call_whose_cancel_finds_nobody_is_over_at_once_and_forgotten_in_time() -> None:
    """The INVITE might still be answered (RFC 3261, 9.1), so its transaction stays, but not for ever."""
    peer, agent = Peer("127.0.0.1", 5999), Agent(Peer("127.0.0.1", 5060), tokens("a"))
    agent.at(0.0).invite("one", peer, INVITATION)
    ((_, invite),) = agent.data_to_send()
    agent.receive(answer(invite, 180), peer, 0.1)
    agent.end("one")
    ((_, cancel),) = agent.data_to_send()
    agent.events()
    agent.receive(answer(cancel, 481), peer, 0.2)
    assert agent.events() == [Ended("one", 481, None, answered=False, by_peer=False)]
    agent.receive(answer(invite, 200), peer, 0.3)
    assert [data.split()[0] for _, data in agent.data_to_send()] == [b"ACK", b"BYE"]
    while (due := agent.next_deadline()) is not None:
        agent.handle_deadline(due)
    assert due is None
    assert len(agent._layer) == 0


def test_an_invite_whose_cancel_finds_nobody_and_that_is_never_answered_is_forgotten() -> None:
    peer, agent = Peer("127.0.0.1", 5999), Agent(Peer("127.0.0.1", 5060), tokens("a"))
    agent.at(0.0).invite("one", peer, INVITATION)
    ((_, invite),) = agent.data_to_send()
    agent.receive(answer(invite, 180), peer, 0.1)
    agent.end("one")
    ((_, cancel),) = agent.data_to_send()
    agent.receive(answer(cancel, 481), peer, 0.2)
    while (due := agent.next_deadline()) is not None:
        agent.handle_deadline(due)
    assert len(agent._layer) == 0


def answer(sent: bytes, status: int) -> bytes:
    request = parse(sent)
    assert isinstance(request, Request)
    return bytes(response_to(request, status, "tag"))
