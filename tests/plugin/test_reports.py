"""What a failed test tells: what was expected, what came nearest, and what happened in its lab; nothing else."""

import re
from typing import Any

FAILING = """
    import asyncio
    import re
    import pytest

    async def wait(alab):
        await alab.handset("+70000000001").wait_for_message("Hello", timeout=0.1)

    def test_neighbour(lab):
        lab.confirmations.start("+70000000009", "sms_code")
        print("the neighbour's code is", lab.handset("+70000000009").wait_for_code())

    def test_text(lab):
        lab.confirmations.start("+70000000001", "sms_code")
        lab.handset("+70000000001").wait_for_message(re.compile("never"), timeout=0.1)

    def test_event(lab):
        lab.expect_event("smpp.bound", subject="nobody", timeout=0.1)

    def test_hook(lab):
        lab.confirmations.start("+70000000001", "sms_code")
        lab.webhooks.wait("confirmation.code_sent")
        lab.webhooks.wait("confirmation.expired", timeout=0.1)

    def test_state(lab):
        lab.confirmations.start("+70000000001", "sms_code").wait_for("confirmed", timeout=0.1)

    def test_refusal(lab):
        lab.handset("+70000000404").messages()

    def test_asynchronous(alab):
        asyncio.run(wait(alab))

    def test_own_assertion(lab):
        lab.handset("+70000000001").send("5555", "Hi")
        assert 1 == 2

    @pytest.mark.lab(config={"smsc": {"acounts": []}})
    def test_mistake(lab):
        pass

    @pytest.mark.lab(config={"server": {"data": "/proc/no/such"}, "logs": {"level": "debug"}}, profil="x")
    def test_mark(lab):
        pass
"""


def parts(told: str) -> dict[str, str]:
    """Return what is told of each test."""
    found = re.split(r"^_{3,} (?:ERROR at setup of )?(\w+) _{3,}$", told, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_each_failure_tells_what_was_expected_and_what_came(project: Any) -> None:
    project.write("test_failing.py", FAILING)
    told = project.run("-s")
    found = parts(told)
    assert "During handling of the above exception" not in told
    assert "7 failed, 1 passed, 2 errors" in told, told
    neighbours = re.findall("code is ([0-9]+)", told)
    assert neighbours
    assert neighbours[0] not in "".join(found.values())

    text = found["test_text"]
    assert "E         text = /never/" in text
    assert re.search(r"E         from confirmlab: '.*'", text), text
    assert "text: expected {'like': re.compile('never')}, got" in text
    assert re.search(r"^[0-9:.]{12} handset.received +\+70000000001", text, re.MULTILINE), text
    assert "smpp.bound gateway" in found["test_event"].replace("  ", "")
    assert "subject: expected 'nobody', got 'gateway'" in found["test_event"]
    assert "type: expected 'confirmation.expired', got 'confirmation.created'" in found["test_hook"]
    assert "was not confirmed in 0.1 s; its states were pending" in found["test_state"]
    assert "was answered with 404: there is no handset +70000000404" in found["test_refusal"]
    assert "no message came in 0.1 s with" in found["test_asynchronous"]
    assert "message.accepted" in found["test_own_assertion"]
    assert "config:3:3: smsc.acounts: unknown key; nearest known key: accounts" in found["test_mistake"]
    assert "the mark is lab(config=None, profile=None, paused_clock=False)" in found["test_mark"]
    for name, told_of_it in found.items():
        assert "gateway/pytest_plugin/" not in told_of_it, name
