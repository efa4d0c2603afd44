"""kill -9 while a phone rings, and a restart on the same folder: it stops ringing, the confirmation ends rightly."""

from collections.abc import Callable
from typing import Any

import pytest
from serving import Serving
from sip_phone import Conduct, Phones

NUMBER, BEHIND_TRUNK = "+70003000001", "+79990000001"


def config(phones: Phones) -> dict[str, Any]:
    trunk = {"name": "carrier", "host": phones.address[0], "port": phones.address[1], "numbers": ["+7999"]}
    phone = {"phone_number": NUMBER, "contact": phones.contact(NUMBER)}
    return {"voice": {"phones": [phone], "trunks": [trunk]}}


def ringing(lab: Serving, phones: Phones, number: str) -> tuple[str, Any]:
    """Flash-call a phone; return the path of the confirmation and the call, once it rings and the lab knows."""
    path = f"/v1/confirmations/{lab.confirm(number, 'flash_call')['id']}"
    call = phones.rings(number)
    lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent")
    return path, call


@pytest.mark.parametrize("number", [NUMBER, BEHIND_TRUNK])
def test_the_phone_stops_ringing_and_the_code_that_it_showed_is_good(
    serve: Callable[..., Any], phones: Phones, number: str
) -> None:
    lab = serve("--paused-clock", config=config(phones))
    path, call = ringing(lab, phones, number)
    lab.kill()
    assert call.cancel is None
    lab.start()
    assert phones.ended(call).status == 487
    shown = lab.get(path)
    assert (shown["state"], shown["attempts_left"]) == ("pending", 3)
    assert lab.post(f"{path}/check", {"code": call.caller[-4:]})["state"] == "confirmed"
    assert len(phones.calls) == 1, "the number was called again"


def test_a_confirmation_that_nobody_answers_after_the_restart_expires_at_its_old_time(
    serve: Callable[..., Any], phones: Phones
) -> None:
    lab = serve("--paused-clock", config=config(phones))
    path, call = ringing(lab, phones, NUMBER)
    expires = lab.get(path)["expires_at"]
    lab.kill()
    lab.start()
    phones.ended(call)
    lab.advance("4m59s")
    assert (lab.get(path)["state"], lab.get(path)["expires_at"]) == ("pending", expires)
    lab.advance("1s")
    assert lab.get(path)["state"] == "expired"
    assert len(phones.calls) == 1


def test_the_gateways_own_call_is_taken_back_at_a_switch_elsewhere(serve: Callable[..., Any], phones: Phones) -> None:
    """The gateway calls straight to the phone's socket, as it would call an operator's switch."""
    switch = {"host": phones.address[0], "port": phones.address[1]}
    lab = serve("--paused-clock", config={"voice_link": switch})
    path, call = ringing(lab, phones, NUMBER)
    lab.kill()
    lab.start()
    assert phones.ended(call).status == 487
    assert lab.post(f"{path}/check", {"code": call.caller[-4:]})["state"] == "confirmed"
    assert len(phones.calls) == 1


def test_a_call_that_nobody_has_answered_yet_is_not_placed_twice(serve: Callable[..., Any], phones: Phones) -> None:
    """The phone says nothing to the INVITE at first; the code that it shows can be typed all the same."""
    phones.otherwise = Conduct(())
    switch = {"host": phones.address[0], "port": phones.address[1]}
    lab = serve("--paused-clock", config={"voice_link": switch})
    path = f"/v1/confirmations/{lab.confirm(NUMBER, 'flash_call')['id']}"
    call = phones.rings(NUMBER)
    lab.kill()
    lab.start()
    assert lab.post(f"{path}/check", {"code": call.caller[-4:]})["state"] == "confirmed"
    phones.wait(lambda: call.cancel)
    phones.ended(call)
    assert len(phones.calls) == 1
