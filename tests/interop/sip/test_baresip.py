"""baresip is a telephone of the lab: it registers, rings for a flash call, and calls an access number."""

from collections.abc import Callable
from typing import Any

import pytest
from baresip import Baresip
from serving import Serving

PASSWORD = "secret"
NUMBERS = [f"+700030000{n:02d}" for n in range(20)]
UNUSED = iter(NUMBERS)


@pytest.fixture(scope="module")
def lab(configured: Callable[[dict[str, Any]], Serving]) -> Serving:
    listed = [{"phone_number": each, "password": PASSWORD} for each in NUMBERS]
    return configured({"voice": {"phones": listed}, "confirmation": {"reveal_numbers": True}})


@pytest.fixture
def number() -> str:
    """Return the number of a phone that has not registered."""
    return next(UNUSED)


@pytest.fixture
def registered(lab: Serving, baresip: Callable[..., Baresip], number: str) -> Callable[..., Baresip]:
    """Return a function that has a phone of the number register."""

    def register(transport: str = "udp") -> Baresip:
        phone = baresip(lab.at("sip"), number, number.lstrip("+"), PASSWORD, transport=transport)
        phone.wait("REGISTER_OK")
        return phone

    return register


def rings(lab: Serving, phone: Baresip, number: str) -> tuple[str, str]:
    """Flash-call a phone; return the path of the confirmation and the code that the phone shows."""
    path = f"/v1/confirmations/{lab.confirm(number, 'flash_call')['id']}"
    caller = phone.wait("CALL_INCOMING")["peeruri"].split("sip:")[1].split("@")[0]
    lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent")
    return path, caller[-4:]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_baresip_registers_rings_for_a_flash_call_and_stops(
    lab: Serving, registered: Callable[..., Baresip], number: str, transport: str
) -> None:
    phone = registered(transport)
    path, code = rings(lab, phone, number)
    lab.advance("10s")
    phone.wait("CALL_CLOSED")
    assert lab.post(f"{path}/check", {"code": code})["state"] == "confirmed"


def test_baresip_declines_a_flash_call_and_the_code_is_good_all_the_same(
    lab: Serving, registered: Callable[..., Baresip], number: str
) -> None:
    phone = registered()
    path, code = rings(lab, phone, number)
    phone.command("hangup")
    lab.watch(path, lambda shown: shown["steps"][0]["outcome"] in ("rejected", "busy"))
    assert lab.post(f"{path}/check", {"code": code})["state"] == "confirmed"


def test_baresip_answers_a_flash_call_and_is_hung_up(
    lab: Serving, registered: Callable[..., Baresip], number: str
) -> None:
    phone = registered()
    path, code = rings(lab, phone, number)
    phone.command("accept")
    phone.wait("CALL_CLOSED")
    assert lab.watch(path, lambda shown: shown["cost"]["billable_seconds"])["steps"][0]["outcome"] == "answered"
    assert lab.post(f"{path}/check", {"code": code})["state"] == "confirmed"


def test_baresip_calls_an_access_number_and_proves_its_own(
    lab: Serving, registered: Callable[..., Baresip], number: str
) -> None:
    phone = registered()
    started = lab.confirm(number, "call_in")
    host, port = lab.at("sip")
    phone.command("dial", f"sip:{started['instructions']['access_number']}@{host}:{port}")
    assert "486" in phone.wait("CALL_CLOSED")["param"]
    over = lab.watch(f"/v1/confirmations/{started['id']}", lambda shown: shown["state"] != "pending")
    assert (over["state"], over["proof"]["trust"]) == ("confirmed", "asserted")


def test_a_wrong_password_registers_nobody(lab: Serving, baresip: Callable[..., Baresip], number: str) -> None:
    baresip(lab.at("sip"), number, number.lstrip("+"), "wrong").wait("REGISTER_FAIL")
    phones = {phone["phone_number"]: phone["contact"] for phone in lab.get("/lab/voice")["phones"]}
    assert phones[number] is None
