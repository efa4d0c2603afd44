import pytest

from smsc_emulator.handsets.handset import INBOX, PARTS_KEPT, Handset
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.smpp.pdus import SubmitSm, Tlv
from smsc_emulator.smpp.segments import Scheme, split

LONG = "Ваш код подтверждения — 123456. Никому не сообщайте, даже сотрудникам 🙂. " * 3


def parts(scheme: Scheme, reference: int = 7, source: str = "bank") -> list[SubmitSm]:
    return [
        SubmitSm(
            source_addr=source,
            esm_class=part.esm_class,
            data_coding=part.data_coding,
            short_message=part.short_message,
            tlvs=[Tlv(*tlv) for tlv in part.tlvs],
        )
        for part in split(LONG, reference, scheme)
    ]


def test_a_short_text_is_shown_at_once() -> None:
    handset = Handset("+70000000001")
    handset.receive(3, SubmitSm(source_addr="bank", data_coding=8, short_message="Код 1".encode("utf-16-be")), 99)
    (message,) = handset.inbox
    assert (message.id, message.sender, message.to) == (3, "bank", "+70000000001")
    assert (message.text, message.received_at) == ("Код 1", 99)


def test_a_payload_of_any_length_is_shown() -> None:
    handset = Handset("+70000000001")
    handset.receive(1, SubmitSm(tlvs=[Tlv(0x0424, b"a" * 5000)]), 0)
    assert handset.inbox[0].text == "a" * 5000


@pytest.mark.parametrize("scheme", Scheme)
def test_a_long_text_is_shown_when_its_last_part_has_come(scheme: Scheme) -> None:
    handset = Handset("+70000000001")
    whole = parts(scheme)
    for number, part in enumerate(reversed(whole)):
        assert not handset.inbox
        handset.receive(number, part, number)
    (message,) = handset.inbox
    assert (message.text, message.id, message.received_at) == (LONG, len(whole) - 1, len(whole) - 1)


def test_parts_of_two_senders_with_one_reference_do_not_mix() -> None:
    handset = Handset("+70000000001")
    for one, other in zip(parts(Scheme.UDH8), parts(Scheme.UDH8, source="shop"), strict=True):
        handset.receive(1, one, 0)
        handset.receive(2, other, 0)
    assert [(m.sender, m.text) for m in handset.inbox] == [("bank", LONG), ("shop", LONG)]


def test_parts_that_never_became_whole_are_forgotten() -> None:
    handset = Handset("+70000000001")
    first, *rest = parts(Scheme.UDH8)
    handset.receive(1, first, 0)
    for part in rest:
        handset.receive(2, part, PARTS_KEPT + 1)
    assert not handset.inbox


def test_an_inbox_keeps_the_newest() -> None:
    handset = Handset("+70000000001")
    for number in range(INBOX + 5):
        handset.receive(number, SubmitSm(short_message=b"x"), 0)
    assert (handset.received, handset.inbox[0].id) == (INBOX, 5)


def test_a_number_has_one_handset_however_it_is_written() -> None:
    handsets = Handsets(["+70000000001"])
    assert handsets.add("70000000001") is handsets["+70000000001"]
    handsets.remove("70000000001")
    handsets.remove("70000000001")
    assert not handsets
