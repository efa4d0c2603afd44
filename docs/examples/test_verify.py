"""An application that verifies numbers as with Twilio Verify: create a verification, then check it."""

import json
import urllib.request
from dataclasses import dataclass

import pytest

CHANNELS = {"sms": "sms_code", "call": "flash_call"}
STATUS = {"pending": "pending", "confirmed": "approved", "expired": "expired", "failed": "max_attempts_reached"}


@dataclass
class Verify:
    """The application's own port, which Twilio's client fits too; this adapter speaks to confirmlab."""

    url: str
    key: str

    def create(self, to, channel):
        return self._post("/v1/confirmations", phone_number=to, method=CHANNELS[channel])

    def check(self, sid, code):
        return self._post(f"/v1/confirmations/{sid}/check", code=code)

    def _post(self, path, **body):
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            told = json.load(answer)
        return {"sid": told["id"], "status": STATUS[told["state"]]}


@pytest.fixture
def verify(lab):
    return Verify(lab.url, lab.api_key)


def test_a_verification_by_sms_is_approved(lab, verify):
    verification = verify.create("+70000000005", "sms")
    assert verification["status"] == "pending"
    code = lab.handset("+70000000005").wait_for_code()
    assert verify.check(verification["sid"], code)["status"] == "approved"


def test_a_verification_by_call_is_approved(lab, verify):
    verification = verify.create("+70000000005", "call")
    code = lab.handset("+70000000005").wait_for_call().code
    assert verify.check(verification["sid"], code)["status"] == "approved"


def test_three_wrong_codes_are_the_end(lab, verify):
    sid = verify.create("+70000000005", "sms")["sid"]
    right = lab.handset("+70000000005").wait_for_code()
    wrong = "0000" if right != "0000" else "1111"
    assert [verify.check(sid, wrong)["status"] for _ in range(3)] == ["pending", "pending", "max_attempts_reached"]
    lab.webhooks.wait("confirmation.failed")


def test_a_phone_that_was_off_gets_its_code_when_it_is_on_again(lab, verify):
    phone = lab.handset("+70000000005")
    phone.switch_off()
    sid = verify.create(phone.number, "sms")["sid"]
    lab.expect_event("message.delayed")
    phone.switch_on()
    assert verify.check(sid, phone.wait_for_code())["status"] == "approved"
