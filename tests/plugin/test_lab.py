"""The lab in a test's hand, on a real one."""

import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from gateway.pytest_plugin.lab import Lab
from gateway.pytest_plugin.waits import ExpectationError
from smsc_emulator.smpp.codec import decode, encode
from smsc_emulator.smpp.pdus import BindTransceiver, Pdu, SubmitSm

ALICE = "+70000000001"


@contextmanager
def esme(lab: Lab) -> Any:
    """Yield a function that sends the lab's SMSC a PDU and returns the answer."""
    with socket.create_connection((lab.smpp_host, lab.smpp_port), timeout=5) as link:

        def ask(pdu: Pdu) -> Pdu:
            pdu.sequence_number = 1
            link.sendall(encode(pdu))
            header = link.recv(4, socket.MSG_WAITALL)
            return decode(header + link.recv(int.from_bytes(header) - 4, socket.MSG_WAITALL))

        assert ask(BindTransceiver(lab.system_id, lab.password)).command_status == 0
        yield ask


def submit(text: bytes, to: str = "70000000001") -> SubmitSm:
    return SubmitSm(source_addr="5555", dest_addr_ton=1, dest_addr_npi=1, destination_addr=to, short_message=text)


def test_a_lab_starts_within_a_second(start: Callable[..., Lab]) -> None:
    start()

    def took() -> float:
        began = time.monotonic()
        start()
        return time.monotonic() - began

    assert min(took() for _ in range(3)) < 1


def test_each_wait_returns_what_came_after_the_one_before(lab: Lab) -> None:
    phone = lab.handset(ALICE)
    confirmation = lab.confirmations.start(ALICE, "sms_code")
    first = phone.wait_for_code()
    lab.clock.advance("1m")
    confirmation.resend()
    second = lab.handset(ALICE).wait_for_message(re.compile(r"\d{4}"), sender="confirmlab")
    assert [message.code for message in phone.messages()] == [first, second.code]
    with pytest.raises(ExpectationError, match="no message with a code came in 0 s"):
        phone.wait_for_code(timeout=0)


def test_a_near_miss_does_not_end_the_wait(lab: Lab) -> None:
    phone = lab.handset(ALICE)
    with esme(lab) as ask:
        ask(submit(b"Good morning"))
        with pytest.raises(ExpectationError) as told:
            phone.wait_for_message("Good evening", timeout=0.1)
        assert "from 5555: 'Good morning'\n    text: expected 'Good evening', got 'Good morning'" in str(told.value)
        later = threading.Timer(0.05, lambda: ask(submit(b"Your code is 482913")))
        later.start()
        assert phone.wait_for_code() == "482913"
        later.join()  # the answer of the SMSC is read before the link is closed


def test_a_phone_replies_and_is_switched_off_and_on(lab: Lab) -> None:
    phone = lab.handset(ALICE)
    with pytest.raises(ExpectationError, match="has nothing to reply to"):
        phone.reply("Who is there?")
    with esme(lab) as ask:
        phone.switch_off()
        ask(submit(b"Knock, knock"))
        lab.expect_event("message.delayed", attempts=1)
        assert phone.messages() == []
        phone.switch_on()
        message = phone.wait_for_message("Knock, knock")
        reply = phone.reply("Who is there?")
        lab.expect_event("smpp.deliver_sm", subject=reply)
        phone.delete(message)
    assert phone.messages() == []


def test_calls_ring_are_answered_and_tell_their_code(lab: Lab) -> None:
    alice, bob = lab.handset(ALICE), lab.handset("+70000000002")
    call = alice.call(bob.number)
    ringing = bob.wait_for_call(caller=ALICE)
    ringing.answer()
    alice.calls()[0].hang_up()
    assert ringing.wait_until_over().outcome == call.wait_until_over().outcome == "answered"
    bob.on_calls("busy")
    assert alice.call(bob.number).wait_until_over().outcome == "busy"
    assert bob.wait_for_call().outcome == "busy"
    bob.on_calls("ringing")
    alice.call(bob.number, shown="withheld")
    with pytest.raises(ExpectationError, match="the caller withheld the number"):
        bob.wait_for_call().code  # noqa: B018 - reading it is what fails
    alice.call("+70000000003")
    with pytest.raises(ExpectationError, match=r"from: expected '\+70000000009', got '\+70000000001'"):
        lab.handset("+70000000003").wait_for_call(caller="+70000000009", timeout=1)


def test_every_submit_is_seen_once_with_its_fields_and_its_answer(lab: Lab) -> None:
    fault = lab.faults.add("status", status="ESME_RTHROTTLED", when={"nth": 2})
    with esme(lab) as ask:
        assert ask(submit(b"one")).command_status == 0
        assert ask(submit(b"two")).command_status == 0x58
    refused = lab.expect_submit(command_status=0x58)
    assert (refused.text, refused.sender, refused.dest_addr_npi, refused.message_id) == ("two", "5555", 1, "")
    assert lab.expect_submit(text=re.compile("^one")).account == lab.system_id
    assert fault.fired() == 1
    fault.remove()
    lab.faults.clear()
    with pytest.raises(ExpectationError, match="nothing of the kind came at all"):
        lab.expect_submit(timeout=0)
    with pytest.raises(AttributeError, match=r"a submit_sm has no field txt; there are .*text"):
        _ = refused.txt
    # The gateway's own are none of an ESME under test.
    lab.confirmations.start(ALICE, "sms_code")
    lab.handset(ALICE).wait_for_code()
    assert [each.text for each in lab.submits()] == ["one", "two"]


def test_the_clock_goes_to_deadlines_at_once(start: Callable[..., Lab]) -> None:
    lab = start({"profile": "ru-1801"}, paused_clock=True)
    began = lab.clock.now()
    lab.operator("beta").behave(answer="silent")
    attempt = lab.identifications.start("+70000000011", user_id="u2")
    assert attempt.check(lab.handset("+70000000011").wait_for_code()) == "PENDING"
    while attempt.look() == "PENDING":
        lab.clock.to_next_deadline()
    assert (attempt.state, attempt.reason) == ("REFUSED", "no_answer")
    assert lab.clock.now() - began == timedelta(minutes=20)
    assert lab.operator("beta").register() == []
    assert lab.clock.resume() < lab.clock.pause()


def test_webhooks_are_verified_and_may_go_to_a_receiver_of_ones_own_too(lab: Lab) -> None:
    assert lab.webhooks.register(lab.url + "/mine") != lab.webhooks.secret
    lab.confirmations.start(ALICE, "sms_code").cancel()
    hook = lab.webhooks.wait("confirmation.cancelled", data={"phone_number": ALICE})
    assert [each.type for each in lab.webhooks.received()][-1] == hook.type
    assert not lab.webhooks.take(hook.headers, hook.body + b" ")
    with pytest.raises(ExpectationError, match="a webhook came with a bad signature"):
        lab.webhooks.wait("confirmation.cancelled")


def test_what_has_no_method_is_there_over_http(lab: Lab) -> None:
    assert lab.http.get("/readyz")["status"] == "ok"
    assert lab.http.ask("GET", "/v1/confirmations/no", key="wrong").status == 401
    assert "key" not in lab.log()


def test_a_configuration_may_be_a_file(start: Callable[..., Lab], tmp_path: Any) -> None:
    (tmp_path / "numbers.csv").write_text("phone_number,operator_id\n+70000000777,alpha\n")
    (tmp_path / "lab.yaml").write_text("subscriber_files: [numbers.csv]\n")
    assert start(tmp_path / "lab.yaml").handset("+70000000777").messages() == []
