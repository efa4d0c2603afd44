"""Each way to prove a number, and each way from one that fails to the next, from the start of an identification on.

The lab's clock is turned by hand, and the service hears of everything by webhooks in the order in which it happened.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from receiver import Receiver
from serving import Answer, Serving
from sip_phone import Phones

SUBSCRIBERS = iter([f"+700000000{n:02d}" for n in range(1, 21)])
PHONE_WITHOUT_SMS = "+70003000001"


class User:
    """The user as the lab plays him: he does what the instructions say."""

    def __init__(self, lab: Serving, number: str) -> None:
        self.lab = lab
        self.number = number
        self.handset = f"/lab/handsets/{number.replace('+', '%2B')}"

    def answer(self, identification: Answer) -> None:
        path = f"/v1/identifications/{identification['id']}"
        instructions = self.lab.get(path)["instructions"]
        getattr(self, instructions["method"])(path, instructions)

    def sms_code(self, path: str, _instructions: Any) -> None:
        assert self.lab.post(f"{path}/check", {"code": self.lab.code(self.number)}).status == 200

    def flash_call(self, path: str, instructions: Any) -> None:
        call = self.lab.calls(self.number, "?wait=10s")["calls"][-1]
        assert call["from"].startswith(instructions["caller_prefix"])
        assert self.lab.post(f"{path}/check", {"code": call["from"][-instructions["digits"] :]}).status == 200

    def call_in(self, _path: str, instructions: Any) -> None:
        assert self.lab.post(f"{self.handset}/calls", {"to": instructions["access_number"]}).status == 202

    def mo_sms(self, _path: str, instructions: Any) -> None:
        sms = {"to": instructions["short_code"], "text": instructions["text"]}
        assert self.lab.post(f"{self.handset}/messages", sms).status == 202


@pytest.fixture(scope="module")
def lab(configured: Callable[[dict[str, Any]], Serving], phones: Phones) -> Serving:
    phone = {"phone_number": PHONE_WITHOUT_SMS, "contact": phones.contact(PHONE_WITHOUT_SMS)}
    return configured({"voice": {"phones": [phone]}})


@pytest.fixture
def user(lab: Serving) -> User:
    """Return a subscriber whom no other test knows."""
    return User(lab, next(SUBSCRIBERS))


@pytest.fixture
def hook(lab: Serving, receiver: Receiver) -> Iterator[Receiver]:
    endpoint = lab.post("/v1/webhook-endpoints", {"url": receiver.url})
    assert endpoint.status == 201
    yield receiver
    lab.call("DELETE", f"/v1/webhook-endpoints/{endpoint['id']}")


def identify(lab: Serving, number: str, *methods: Any) -> Answer:
    body = {"user_id": f"user of {number}", "phone_number": number, "methods": list(methods)}
    started = lab.post("/v1/identifications", body)
    assert started.status == 201, started
    return started


def step_begun(lab: Serving, identification: Answer, step: int) -> Answer:
    """Return the identification when this step has begun, and nothing about its code is in doubt."""
    ready = ("sent", "none")
    return lab.watch(
        f"/v1/identifications/{identification['id']}",
        lambda shown: shown["confirmation"]["step"] == step and shown["confirmation"]["code_sent"]["state"] in ready,
    )


def identified(lab: Serving, identification: Answer) -> list[tuple[str, str, str | None]]:
    """Return what became of each step when the user is identified."""
    done = lab.until(identification["id"], "IDENTIFIED", "REFUSED")
    assert (done["state"], done["reason"]) == ("IDENTIFIED", None)
    return [(step["method"], step["state"], step["outcome"]) for step in done["confirmation"]["steps"]]


def told_in_order(lab: Serving, hook: Receiver) -> list[str]:
    """Return what the service was told, after holding it against the journal, which has the true order."""
    events = hook.until(lambda events: any(event["type"] == "identification.identified" for event in events))
    told = [event["type"] for event in events]
    subjects = {event["data"]["id"] for event in events}
    journal = lab.get("/lab/journal?limit=1000")["events"]
    happened = [event["type"] for event in journal if event["subject"] in subjects and event["type"] in set(told)]
    assert told == happened[: len(told)]
    return told


@pytest.mark.parametrize("method", ["sms_code", "flash_call", "call_in", "mo_sms"])
def test_each_method_identifies_a_user(lab: Serving, user: User, hook: Receiver, method: str) -> None:
    started = identify(lab, user.number, method)
    user.answer(started)
    assert [(step[0], step[1]) for step in identified(lab, started)] == [(method, "answered")]
    told = told_in_order(lab, hook)
    milestones = ["confirmation.confirmed", "binding.active", "identification.identified"]
    assert [kind for kind in told if kind in milestones] == milestones


def test_a_busy_handset_gets_an_sms(lab: Serving, user: User, hook: Receiver) -> None:
    assert lab.call("PUT", f"{user.handset}/voice", {"behaviour": "busy"}).status == 200
    started = identify(lab, user.number, "flash_call", "sms_code")
    step_begun(lab, started, 1)
    user.answer(started)
    assert identified(lab, started)[0] == ("flash_call", "failed", "not_reached")
    told = told_in_order(lab, hook)
    assert told.index("confirmation.step_ended") < told.index("confirmation.confirmed")


def test_a_phone_that_takes_no_sms_is_called(lab: Serving, phones: Phones) -> None:
    lab.call("PUT", "/lab/operators/alpha/behaviour", {"answer": "present"})
    started = identify(lab, PHONE_WITHOUT_SMS, "sms_code", "flash_call")
    call = phones.rings(PHONE_WITHOUT_SMS)
    step_begun(lab, started, 1)
    lab.post(f"/v1/identifications/{started['id']}/check", {"code": call.caller})
    steps = identified(lab, started)
    assert (steps[0], steps[1][:2]) == (("sms_code", "failed", "not_reached"), ("flash_call", "answered"))
    assert phones.ended(call).status == 487, "the phone must stop ringing once the number is proved"


@pytest.mark.parametrize(("first", "then"), [("call_in", "mo_sms"), ("mo_sms", "call_in"), ("mo_sms", "sms_code")])
def test_a_user_who_does_nothing_is_asked_for_something_else(
    lab: Serving, user: User, hook: Receiver, first: str, then: str
) -> None:
    started = identify(lab, user.number, first, then)
    lab.advance("4m59s")
    assert lab.get(f"/v1/identifications/{started['id']}")["confirmation"]["step"] == 0
    lab.advance("1s")
    step_begun(lab, started, 1)
    user.answer(started)
    assert [step[:2] for step in identified(lab, started)] == [(first, "timed_out"), (then, "answered")]
    told_in_order(lab, hook)


def test_a_flash_call_that_nobody_answers_for_is_followed_by_an_sms(lab: Serving, user: User) -> None:
    started = identify(lab, user.number, {"method": "flash_call", "time": "60s"}, "sms_code")
    code = lab.calls(user.number, "?wait=10s")["code"]
    lab.advance("60s")
    step_begun(lab, started, 1)
    late = lab.post(f"/v1/identifications/{started['id']}/check", {"code": code})
    assert late["confirmation"]["state"] == "pending", "the secret of a step that is over is dead"
    user.answer(started)
    assert [step[:2] for step in identified(lab, started)] == [("flash_call", "timed_out"), ("sms_code", "answered")]


def test_a_user_goes_through_all_four_by_asking_for_the_next(lab: Serving, user: User, hook: Receiver) -> None:
    started = identify(lab, user.number, "flash_call", "sms_code", "call_in", "mo_sms")
    for step in range(1, 4):
        assert lab.post(f"/v1/identifications/{started['id']}/next").status == 200
        step_begun(lab, started, step)
    assert lab.post(f"/v1/identifications/{started['id']}/next").status == 409
    user.answer(started)
    assert [step[1] for step in identified(lab, started)] == ["skipped", "skipped", "skipped", "answered"]
    calls = lab.calls(user.number)["calls"]
    assert [call["state"] for call in calls] == ["ended"], "going on takes the call back"
    told_in_order(lab, hook)


def test_all_steps_time_out_and_the_user_is_refused(lab: Serving, user: User, hook: Receiver) -> None:
    started = identify(lab, user.number, "flash_call", "call_in")
    lab.advance("15m")
    done = lab.until(started["id"], "REFUSED", "IDENTIFIED")
    assert (done["state"], done["reason"]) == ("REFUSED", "confirm_expired")
    hook.wait("identification.refused")
