"""What answers tell of a number that is nobody's, and what the journal and the log tell of codes: nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from serving import Answer, Serving
from sip_phone import Conduct, Phones

UNREACHED = {
    "+70003000001": Conduct((), 404, 1),
    "+70003000002": Conduct((), 403, 55),
    "+70003000003": Conduct((), 480, 18),
    "+70003000004": Conduct((), 486, 17),
}
RINGS, SHOWN = "+70003000008", "+70003000009"
OWN = ("id", "phone_number", "created_at", "expires_at", "steps", "code_sent", "instructions")
"""What differs from one confirmation to the next in any case, by its value or by its times."""


@pytest.fixture(scope="module")
def lab(configured: Callable[[dict[str, Any]], Serving], phones: Phones) -> Serving:
    phones.conduct.update(UNREACHED)
    numbers = (*UNREACHED, RINGS, SHOWN)
    return configured(
        {
            "voice": {"phones": [{"phone_number": each, "contact": phones.contact(each)} for each in numbers]},
            "confirmation": {"flash_call": {"digits": 6, "callers": ["+7000987XXXX", "+7000988XXXX"]}},
        }
    )


def told(shown: Answer) -> dict[str, Any]:
    """Return what an answer tells beside the confirmation's own names and times."""
    steps = [(step["method"], step["state"], step["outcome"]) for step in shown["steps"]]
    return {
        **{k: v for k, v in shown.body.items() if k not in OWN},
        "steps": steps,
        "sent": shown["code_sent"]["state"],
    }


def test_nobodys_number_looks_like_one_that_rings(lab: Serving, phones: Phones) -> None:
    """And like one that is barred, silent or busy; the journal has the truth, which services do not read."""
    numbers = (RINGS, *UNREACHED)
    paths = [f"/v1/confirmations/{lab.confirm(number, 'flash_call')['id']}" for number in numbers]
    for number in UNREACHED:
        phones.ended(phones.rings(number))
    shown = [lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent") for path in paths]
    assert [told(each) for each in shown[1:]] == [told(shown[0])] * 4
    lab.advance("10s")
    assert phones.ended(phones.rings(RINGS)).status == 487
    later = [told(lab.get(path)) for path in paths]
    assert [each["steps"] for each in later] == [[("flash_call", "current", None)]] * 5
    assert later[1:] == [later[0]] * 4
    lab.advance("5m")
    ended = [lab.watch(path, lambda shown: shown["state"] != "pending") for path in paths]
    assert {each["state"] for each in ended} == {"expired"}
    causes = [event["data"]["cause"] for event in lab.get("/lab/journal?type=call.ended")["events"]]
    assert sorted(causes) == [1, 16, 17, 18, 55]


def test_neither_the_code_nor_the_caller_is_in_the_journal_or_the_log(lab: Serving, phones: Phones) -> None:
    path = f"/v1/confirmations/{lab.confirm(SHOWN, 'flash_call')['id']}"
    caller = phones.rings(SHOWN).caller
    lab.watch(path, lambda shown: shown["code_sent"]["state"] == "sent")
    lab.advance("10s")
    lab.post(f"{path}/check", {"code": "000000"})
    lab.post(f"{path}/check", {"code": caller})
    events = lab.get("/lab/journal")["events"]
    assert "confirmation.confirmed" in {event["type"] for event in events}
    assert caller[-6:] not in str(events)
    assert caller[-6:] not in (lab.data / "out.txt").read_text()
