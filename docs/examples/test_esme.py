"""An ESME on smpplib, and its tests."""

import re

import pytest
import smpplib.client
from smpplib.consts import SMPP_ESME_RTHROTTLED, SMPP_TON_INTL
from smpplib.gsm import make_parts


class Esme:
    """The ESME under test: it sends a text, tries again what was throttled, and waits for the receipts."""

    def __init__(self, host, port, system_id, password):
        self.client = smpplib.client.Client(host, port, allow_unknown_opt_params=True, timeout=10)
        self.client.set_message_sent_handler(lambda pdu: self.unanswered.pop(pdu.sequence, None))
        self.client.set_message_received_handler(lambda pdu: self.receipts.append(pdu.short_message.decode()))
        self.client.set_error_pdu_handler(self.refused)
        self.client.connect()
        self.client.bind_transceiver(system_id=system_id, password=password)

    def send(self, number, text):
        self.unanswered, self.receipts = {}, []
        parts, coding, esm_class = make_parts(text)
        fields = {"data_coding": coding, "esm_class": esm_class, "registered_delivery": 1}
        fields |= {"source_addr": "5555", "dest_addr_ton": SMPP_TON_INTL, "destination_addr": number.lstrip("+")}
        for part in parts:
            self.submit(short_message=part, **fields)
        while len(self.receipts) < len(parts):
            self.client.read_once()
        return self.receipts

    def submit(self, **fields):
        self.unanswered[self.client.send_message(**fields).sequence] = fields

    def refused(self, pdu):
        assert pdu.status == SMPP_ESME_RTHROTTLED, pdu.status
        self.submit(**self.unanswered.pop(pdu.sequence))

    def close(self):
        self.client.unbind()
        self.client.disconnect()


@pytest.fixture
def esme(lab):
    esme = Esme(lab.smpp_host, lab.smpp_port, lab.system_id, lab.password)
    yield esme
    esme.close()


def test_a_text_reaches_the_handset_and_its_receipt_comes_back(lab, esme):
    (receipt,) = esme.send("+70000000003", "Ваш код 482913")
    assert "stat:DELIVRD" in receipt
    assert lab.handset("+70000000003").wait_for_code() == "482913"
    submit = lab.expect_submit(to="70000000003", text=re.compile(r"код \d{6}"), registered_delivery=1)
    assert submit.data_coding == 8


def test_a_throttled_text_is_tried_again(lab, esme):
    lab.faults.add("status", status="ESME_RTHROTTLED", when={"nth": 1})
    esme.send("+70000000003", "Hello")
    lab.expect_submit(command_status=0x58)
    lab.expect_submit(command_status=0, text="Hello")
    assert [message.text for message in lab.handset("+70000000003").messages()] == ["Hello"]


@pytest.mark.lab(config={"smsc": {"accounts": [{"system_id": "mine", "password": "secret", "window": 3}]}})
def test_a_long_text_is_whole_again_on_the_handset(lab, esme):
    text = "All work and no play makes Jack a dull boy. " * 8
    esme.send("+70000000003", text)
    assert lab.handset("+70000000003").wait_for_message(sender="5555").text == text
    assert [submit.segment["sequence"] for submit in lab.submits()] == [1, 2, 3]
