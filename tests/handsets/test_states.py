import pytest

from smsc_emulator.handsets.handset import Changed, Handset
from smsc_emulator.handsets.script import Script
from smsc_emulator.handsets.states import OUTCOMES, TAKEN, HandsetState
from smsc_emulator.smpp.constants import MessageState
from smsc_emulator.smpp.pdus import SubmitSm, Tlv

DELIVERED = {HandsetState.ON, HandsetState.ROAMING}
RETRIED = {HandsetState.OFF, HandsetState.OUT_OF_COVERAGE, HandsetState.MEMORY_FULL}


def test_every_state_has_an_outcome() -> None:
    assert set(OUTCOMES) == set(HandsetState)


@pytest.mark.parametrize("state", HandsetState)
def test_only_what_fails_has_an_error(state: HandsetState) -> None:
    outcome = OUTCOMES[state]
    assert (outcome.state == MessageState.DELIVERED) == (state in DELIVERED) == (outcome.error == 0)
    assert (outcome.state == MessageState.ENROUTE) == (state in RETRIED)
    assert bool(outcome.error) == bool(outcome.network_error)


def test_each_failure_can_be_told_by_its_error() -> None:
    errors = [outcome.error for outcome in OUTCOMES.values() if outcome.error]
    assert len(set(errors)) == len(errors)


@pytest.mark.parametrize(
    ("pdu", "taken"),
    [
        (SubmitSm(data_coding=0x00), False),
        (SubmitSm(data_coding=0x08), False),
        (SubmitSm(data_coding=0x10), True),
        (SubmitSm(data_coding=0x11), False),
        (SubmitSm(data_coding=0x18), True),
        (SubmitSm(data_coding=0xF0), True),
        (SubmitSm(data_coding=0xF1), False),
        (SubmitSm(tlvs=[Tlv(0x0005, b"\1")]), True),
        (SubmitSm(protocol_id=0x41), False),
    ],
)
def test_a_full_memory_still_shows_flash(pdu: SubmitSm, taken: bool) -> None:
    handset = Handset("+70000000001")
    Changed(HandsetState.MEMORY_FULL).apply(handset)
    assert (handset.outcome(pdu) is TAKEN) is taken
    Changed(HandsetState.ON, memory=0).apply(handset)
    assert (handset.outcome(pdu) is TAKEN) is taken


@pytest.mark.parametrize("protocol_id", [0x40, 0x41, 0x47, 0x48])
def test_a_message_replaces_the_one_of_its_type_from_its_sender(protocol_id: int) -> None:
    handset = Handset("+70000000001")
    for number, (sender, text) in enumerate([("bank", b"1"), ("shop", b"2"), ("bank", b"3")], 1):
        handset.receive(number, SubmitSm(source_addr=sender, short_message=text, protocol_id=protocol_id), 0)
    kept = [(message.text, message.replaces) for message in handset.inbox]
    if protocol_id in (0x41, 0x47):
        assert kept == [("2", None), ("3", 1)]
    else:
        assert kept == [("1", None), ("2", None), ("3", None)]


def test_parts_of_a_long_text_take_a_place_each() -> None:
    handset = Handset("+70000000001")
    Changed(memory=3).apply(handset)
    for sequence in (1, 2):
        pdu = SubmitSm(esm_class=0x40, short_message=bytes([5, 0, 3, 9, 2, sequence]) + b"x")
        handset.reserve(pdu)
        handset.receive(sequence, pdu, 0)
    assert handset.used == 2
    assert handset.delete(2) is not None
    assert handset.used == 0
    assert handset.delete(2) is None


@pytest.mark.parametrize(
    ("script", "text", "answer"),
    [
        (Script(), "code 1234", None),
        (Script("OK"), "hello", "OK"),
        (Script("{code}"), "Your code is 123456.", "123456"),
        (Script("{code}"), "Your code is a secret.", None),
        (Script("got {code} in {text}"), "code 1234", "got 1234 in code 1234"),
        (Script("{text}"), "", None),
        (Script("{other}"), "hello", "{other}"),
    ],
)
def test_a_script_answers_a_text(script: Script, text: str, answer: str | None) -> None:
    assert script.answer(text) == answer
