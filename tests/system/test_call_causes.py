"""Every cause that an operator's network ends a call with, from the SIP answer of a real phone to the confirmation.

The table is that of RFC 3398, 7.2.4.1 and 8.2.6.1, with the causes of ITU-T Q.850 in a Reason header (RFC 3326).
"""

from collections.abc import Callable
from typing import Any

import pytest
from call_causes import WITH_A_CAUSE
from serving import Serving
from sip_phone import Call, Conduct, Phones

WITHOUT_ONE = [
    (404, 1, "nobody"),
    (408, 102, "no_answer"),
    (480, 18, "no_answer"),
    (484, 28, "nobody"),
    (486, 17, "busy"),
    (503, 41, "congested"),
    (600, 17, "busy"),
    (603, 21, "rejected"),
    (607, None, "blocked"),
    (608, None, "blocked"),
]
NUMBERS = [f"+7000300{n:04d}" for n in range(100)]
UNUSED = iter(NUMBERS)
TRIES = 3


@pytest.fixture(scope="module")
def lab(configured: Callable[[dict[str, Any]], Serving], phones: Phones) -> Serving:
    listed = [{"phone_number": number, "contact": phones.contact(number)} for number in NUMBERS]
    return configured({"voice": {"phones": listed}, "confirmation": {"reveal_numbers": True}})


@pytest.fixture(scope="module")
def alone(configured: Callable[[dict[str, Any]], Serving], phones: Phones) -> Serving:
    """A gateway that calls the phones with no switch between them."""
    link = {"host": phones.address[0], "port": phones.address[1]}
    return configured({"voice_link": link, "confirmation": {"reveal_numbers": True}})


@pytest.fixture
def number() -> str:
    """Return a number that no other test calls."""
    return next(UNUSED)


def flash_call(lab: Serving, phones: Phones, number: str, conduct: Conduct) -> str:
    """Start a flash call to a phone of this conduct; return the path of the confirmation."""
    phones.conduct[number] = conduct
    return f"/v1/confirmations/{lab.confirm(number, 'flash_call')['id']}"


def ended(lab: Serving, phones: Phones, number: str, path: str, outcome: str) -> Any:
    """Return the confirmation when it is over; what is congested is tried three times."""
    for nth in range(1, TRIES + 1 if outcome == "congested" else 2):
        phones.ended(phones.rings(number, nth))
        if outcome == "congested":
            lab.advance("5s")
    return lab.watch(path, lambda shown: shown["state"] != "pending")


@pytest.mark.parametrize(("cause", "status", "outcome"), WITH_A_CAUSE)
def test_a_cause_without_ringing_fails_the_flash_call(
    lab: Serving, phones: Phones, number: str, cause: int, status: int, outcome: str
) -> None:
    path = flash_call(lab, phones, number, Conduct((), status, cause))
    over = ended(lab, phones, number, path, outcome)
    assert (over["state"], over["reason"]) == ("failed", "send_failed")
    assert [(step["state"], step["outcome"]) for step in over["steps"]] == [("failed", outcome)]
    told = lab.get(f"/lab/journal?type=call.ended&subject={number.replace('+', '%2B')}")["events"][0]["data"]
    assert (told["status"], told["cause"]) == (status, cause)


@pytest.mark.parametrize(("status", "cause", "outcome"), WITHOUT_ONE)
def test_a_status_without_a_reason_fails_it_alike(
    lab: Serving, phones: Phones, number: str, status: int, cause: int, outcome: str
) -> None:
    path = flash_call(lab, phones, number, Conduct((), status))
    over = ended(lab, phones, number, path, outcome)
    assert (over["state"], over["reason"]) == ("failed", "send_failed")
    assert [(step["state"], step["outcome"]) for step in over["steps"]] == [("failed", outcome)]


@pytest.mark.parametrize(("status", "cause", "outcome"), [(486, 17, "busy"), (603, 21, "rejected"), (480, 19, "rang")])
def test_a_phone_that_rang_has_shown_the_code_whatever_ended_the_call(
    lab: Serving, phones: Phones, number: str, status: int, cause: int, outcome: str
) -> None:
    path = flash_call(lab, phones, number, Conduct((180,), status, cause))
    caller = phones.ended(phones.rings(number)).caller
    noted = lab.watch(path, lambda shown: shown["steps"][0]["outcome"] == outcome)
    assert (noted["state"], noted["steps"][0]["state"]) == ("pending", "current")
    assert lab.post(f"{path}/check", {"code": caller[-4:]})["state"] == "confirmed"


def test_cause_16_is_our_own_cancel_and_the_code_is_good(lab: Serving, phones: Phones, number: str) -> None:
    path = flash_call(lab, phones, number, Conduct())
    call = phones.rings(number)
    lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent")
    lab.advance("10s")
    assert phones.ended(call).status == 487
    assert call.cancel is not None
    assert lab.get(path)["state"] == "pending"
    assert lab.post(f"{path}/check", {"code": call.caller[-4:]})["state"] == "confirmed"


def test_an_answered_call_is_hung_up_at_once_and_costs_a_second(lab: Serving, phones: Phones, number: str) -> None:
    path = flash_call(lab, phones, number, Conduct((180,), 200))
    call = phones.rings(number)
    phones.wait(lambda: call.bye)
    assert call.acknowledged
    shown = lab.watch(path, lambda shown: shown["cost"]["billable_seconds"] > 0)
    assert (shown["steps"][0]["outcome"], shown["cost"]["billable_seconds"]) == ("answered", 1)
    assert lab.post(f"{path}/check", {"code": call.caller[-4:]})["state"] == "confirmed"


def test_an_answer_that_crosses_the_cancel_is_hung_up_and_costs_a_second(
    alone: Serving, phones: Phones, number: str
) -> None:
    path, call = crossed(alone, phones, number)
    shown = alone.watch(path, lambda shown: shown["cost"]["billable_seconds"] > 0)
    assert (shown["steps"][0]["outcome"], shown["cost"]["billable_seconds"]) == ("answered", 1)
    assert alone.post(f"{path}/check", {"code": call.caller[-4:]})["state"] == "confirmed"


def test_the_switch_hangs_up_where_an_answer_crosses_its_cancel(lab: Serving, phones: Phones, number: str) -> None:
    """Towards the gateway the call has ended with 487 by then, and costs nothing."""
    path, call = crossed(lab, phones, number)
    shown = lab.watch(path, lambda shown: shown["steps"][0]["outcome"])
    assert (shown["steps"][0]["outcome"], shown["cost"]["billable_seconds"]) == ("cancelled", 0)
    assert lab.post(f"{path}/check", {"code": call.caller[-4:]})["state"] == "confirmed"


def crossed(lab: Serving, phones: Phones, number: str) -> tuple[str, Call]:
    """Flash-call a phone that is answered just as the call is taken back, and see that it is hung up."""
    path = flash_call(lab, phones, number, Conduct((180,), answers_cancel_with=200))
    call = phones.rings(number)
    lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent")
    lab.advance("10s")
    phones.wait(lambda: call.bye)
    assert call.acknowledged
    return path, call


def test_a_voicemail_without_ringing_diverts_the_call(lab: Serving, phones: Phones, number: str) -> None:
    path = flash_call(lab, phones, number, Conduct((183,), early_media=True))
    call = phones.rings(number)
    lab.advance("10s")
    assert phones.ended(call).status == 487
    over = lab.watch(path, lambda shown: shown["state"] != "pending")
    assert (over["state"], over["steps"][0]["outcome"]) == ("failed", "diverted")
