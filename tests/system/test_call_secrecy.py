"""What an answer tells of a number that is nobody's, and what a folder tells of codes: nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from sip_phone import Conduct, Phones

NOBODYS, BARRED, SILENT = "+70003000001", "+70003000002", "+70003000003"


@pytest.mark.parametrize(
    ("number", "conduct"),
    [(NOBODYS, Conduct((), 404, 1)), (BARRED, Conduct((), 403, 55)), (SILENT, Conduct((), 480, 18))],
)
def test_a_number_that_is_nobodys_looks_like_one_that_is_not_reached(
    serve: Callable[..., Any], phones: Phones, number: str, conduct: Conduct
) -> None:
    phones.conduct[number] = conduct
    config = {"voice": {"phones": [{"phone_number": number, "contact": phones.contact(number)}]}}
    lab = serve("--paused-clock", config=config)
    path = f"/v1/confirmations/{lab.confirm(number, 'flash_call')['id']}"
    phones.ended(phones.rings(number))
    shown = lab.watch(path, lambda shown: shown["steps"][0]["outcome"])
    assert shown["steps"][0]["outcome"] == "not_reached"
    if number == NOBODYS:
        assert shown["state"] == "pending"
    lab.advance("5m")
    assert lab.watch(path, lambda shown: shown["state"] != "pending")["state"] in ("expired", "failed")


def test_neither_the_code_nor_the_caller_is_in_the_folder_or_the_journal(
    serve: Callable[..., Any], phones: Phones
) -> None:
    number = "+70003000009"
    lab = serve(
        "--paused-clock",
        config={
            "voice": {"phones": [{"phone_number": number, "contact": phones.contact(number)}]},
            "confirmation": {"flash_call": {"digits": 6, "callers": ["+7000987XXXX"]}},
        },
    )
    path = f"/v1/confirmations/{lab.confirm(number, 'flash_call')['id']}"
    caller = phones.rings(number).caller
    lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent")
    lab.advance("10s")
    lab.post(f"{path}/check", {"code": "000000"})
    events = str([event for event in lab.get("/lab/journal")["events"] if event["type"].startswith("confirmation")])
    assert caller[1:] not in events
    assert caller[-6:] not in events
    lab.stop()
    output = (lab.data / "out.txt").read_text()
    assert caller[-6:] not in output
