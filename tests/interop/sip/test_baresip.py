"""baresip is a telephone of the lab: it registers, rings for a flash call, and calls an access number."""

from collections.abc import Callable
from typing import Any

import pytest
from baresip import Baresip
from serving import Serving

NUMBER, NAME, PASSWORD = "+70003000001", "70003000001", "secret"
CONFIG = {"voice": {"phones": [{"phone_number": NUMBER, "password": PASSWORD}]}}


@pytest.fixture
def lab(serve: Callable[..., Serving]) -> Serving:
    return serve(CONFIG)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_baresip_registers_rings_for_a_flash_call_and_stops(
    lab: Serving, baresip: Callable[..., Baresip], transport: str
) -> None:
    phone = baresip(lab.at("sip"), NUMBER, NAME, PASSWORD, transport=transport)
    phone.wait("REGISTER_OK")
    started = lab.confirm(NUMBER, "flash_call")
    path = f"/v1/confirmations/{started['id']}"
    rang: dict[str, Any] = phone.wait("CALL_INCOMING")
    caller = rang["peeruri"].split("sip:")[1].split("@")[0]
    lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent")
    lab.advance("10s")
    phone.wait("CALL_CLOSED")
    assert lab.post(f"{path}/check", {"code": caller[-4:]})["state"] == "confirmed"


def test_baresip_declines_a_flash_call_and_the_code_is_good_all_the_same(
    lab: Serving, baresip: Callable[..., Baresip]
) -> None:
    phone = baresip(lab.at("sip"), NUMBER, NAME, PASSWORD)
    phone.wait("REGISTER_OK")
    path = f"/v1/confirmations/{lab.confirm(NUMBER, 'flash_call')['id']}"
    caller = phone.wait("CALL_INCOMING")["peeruri"].split("sip:")[1].split("@")[0]
    lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent")
    phone.command("hangup")
    lab.watch(path, lambda shown: shown["steps"][0]["outcome"] in ("rejected", "busy"))
    assert lab.post(f"{path}/check", {"code": caller[-4:]})["state"] == "confirmed"


def test_baresip_calls_an_access_number_and_proves_its_own(lab: Serving, baresip: Callable[..., Baresip]) -> None:
    phone = baresip(lab.at("sip"), NUMBER, NAME, PASSWORD)
    phone.wait("REGISTER_OK")
    started = lab.confirm(NUMBER, "call_in")
    host, port = lab.at("sip")
    phone.command("dial", f"sip:{started['instructions']['access_number']}@{host}:{port}")
    assert "486" in phone.wait("CALL_CLOSED")["param"]
    over = lab.watch(f"/v1/confirmations/{started['id']}", lambda shown: shown["state"] != "pending")
    assert (over["state"], over["proof"]["trust"]) == ("confirmed", "asserted")


def test_a_wrong_password_registers_nobody(lab: Serving, baresip: Callable[..., Baresip]) -> None:
    phone = baresip(lab.at("sip"), NUMBER, NAME, "wrong")
    phone.wait("REGISTER_FAIL")
    assert NUMBER not in str([each for each in lab.get("/lab/voice")["phones"] if each["contact"]])
