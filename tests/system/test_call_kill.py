"""kill -9 while a phone rings, and a restart on the same folder: the phone stops ringing, the confirmation ends rightly."""

from collections.abc import Callable
from typing import Any

import pytest
from serving import Serving
from sip_phone import Phones

NUMBER, BEHIND_TRUNK = "+70003000001", "+79990000001"


@pytest.fixture
def sip_port(phones: Phones) -> int:
    """Return a port for the switch that stays the same over the restart, as in production."""
    del phones
    from sipp import free_port

    return free_port()


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


def test_a_call_that_was_killed_before_anybody_heard_of_it_is_not_placed_twice(
    serve: Callable[..., Any], phones: Phones
) -> None:
    """The phone says nothing to the first INVITE, so the lab dies while it waits; the code can still be typed."""
    switch = {"host": phones.address[0], "port": phones.address[1]}
    lab = serve("--paused-clock", config={"voice_link": switch})
    from sip_phone import Conduct

    phones.otherwise = Conduct(())
    import threading

    answer: list[Any] = []
    asking = threading.Thread(target=lambda: answer.append(_try(lambda: lab.confirm(NUMBER, "flash_call"))), daemon=True)
    asking.start()
    call = phones.rings(NUMBER)
    lab.kill()
    asking.join(20)
    lab.start()
    events = lab.get("/lab/journal?type=confirmation.")["events"]
    confirmation = events[0]["subject"]
    phones.wait(lambda: call.over or True)
    assert {each["call-id"] for each in (c.invite for c in phones.calls.values())} == {call.invite["call-id"]}
    checked = lab.post(f"/v1/confirmations/{confirmation}/check", {"code": call.caller[-4:]})
    assert checked["state"] == "confirmed"


def _try(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except OSError as error:
        return error
