"""kill -9 while phones ring, and a restart on the same folder: they stop ringing, the confirmations end rightly."""

from collections.abc import Callable
from typing import Any

from serving import Serving
from sip_phone import Call, Conduct, Phones

PHONE, WAITS, SILENT, BEHIND_TRUNK = "+70003000001", "+70003000002", "+70003000003", "+79990000001"


def flash_call(lab: Serving, phones: Phones, number: str) -> tuple[str, Call]:
    """Flash-call a phone; return the path of the confirmation and the call, once the lab knows that it rings."""
    path = f"/v1/confirmations/{lab.confirm(number, 'flash_call')['id']}"
    call = phones.rings(number)
    if number != SILENT:
        lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent")
    return path, call


def ended(phones: Phones, call: Call) -> None:
    assert phones.ended(call).status == 487
    same = [each for each in phones.calls.values() if each.called == call.called]
    assert same == [call], "the number was called again"


def confirms(lab: Serving, path: str, call: Call) -> None:
    """What the phone showed before the crash is right after it, and was never tried before."""
    assert (lab.get(path)["state"], lab.get(path)["attempts_left"]) == ("pending", 3)
    assert lab.post(f"{path}/check", {"code": call.caller[-4:]})["state"] == "confirmed"


def test_phones_of_the_switch_stop_ringing_and_what_they_showed_is_good(
    configured: Callable[[dict[str, Any]], Serving], phones: Phones
) -> None:
    trunk = {"name": "carrier", "host": phones.address[0], "port": phones.address[1], "numbers": ["+7999"]}
    listed = [{"phone_number": number, "contact": phones.contact(number)} for number in (PHONE, WAITS)]
    lab = configured({"voice": {"phones": listed, "trunks": [trunk]}})
    (own, call), (_, trunk_call) = (flash_call(lab, phones, number) for number in (PHONE, BEHIND_TRUNK))
    waiting, third = flash_call(lab, phones, WAITS)
    expires = lab.get(waiting)["expires_at"]
    lab.kill()
    assert not any(each.cancel for each in phones.calls.values())
    lab.start()
    for each in (call, trunk_call, third):
        ended(phones, each)
    confirms(lab, own, call)
    lab.advance("4m59s")
    assert (lab.get(waiting)["state"], lab.get(waiting)["expires_at"]) == ("pending", expires)
    lab.advance("1s")
    assert lab.get(waiting)["state"] == "expired"
    assert len(phones.calls) == 3


def test_the_gateways_own_calls_to_a_switch_elsewhere_are_taken_back(
    configured: Callable[[dict[str, Any]], Serving], phones: Phones
) -> None:
    """One phone has rung, the other has not said a word to the INVITE; it gets its CANCEL when it does."""
    phones.calls.clear()
    phones.conduct[SILENT] = Conduct(())
    lab = configured({"voice_link": {"host": phones.address[0], "port": phones.address[1]}})
    rang, silent = (flash_call(lab, phones, number) for number in (PHONE, SILENT))
    lab.kill()
    lab.start()
    ended(phones, rang[1])
    confirms(lab, *rang)
    confirms(lab, *silent)
    assert len(phones.calls) == 2
    phones.progress(silent[1], 180)
    ended(phones, silent[1])
