from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from smsc_emulator.core.personality import Personality, pack, unpack
from smsc_emulator.core.personality_settings import IdForm, PersonalitySettings, ReceiptSettings, VendorTlv
from smsc_emulator.smpp import receipts
from smsc_emulator.smpp.pdus import DeliverSm, SubmitSm, Tlv

NUMBER = 1_000_000_255


def personality(**settings: Any) -> Personality:
    return Personality(PersonalitySettings(**settings))


@pytest.mark.parametrize(
    ("form", "width", "text"),
    [
        ("decimal", 0, "1000000255"),
        ("decimal", 14, "00001000000255"),
        ("hex", 0, "3b9acaff"),
        ("hex", 10, "003b9acaff"),
        ("hex_upper", 10, "003B9ACAFF"),
        ("decimal", 3, "1000000255"),
    ],
)
def test_an_id_has_its_form(form: Any, width: int, text: str) -> None:
    assert personality(message_id=IdForm(form=form, width=width)).message_id(NUMBER, 0x34) == text


def test_a_uuid_is_one_and_is_another_for_each_message() -> None:
    told = personality(message_id=IdForm(form="uuid"))
    ids = {told.message_id(number, 0x34) for number in range(100)}
    assert len({UUID(text) for text in ids}) == 100
    assert told.message_id(7, 0x34) == told.message_id(7, 0x34)


@pytest.mark.parametrize("form", ["decimal", "hex", "uuid"])
def test_a_peer_of_smpp_3_3_gets_eight_octets_whatever_the_form(form: Any) -> None:
    told = personality(message_id=IdForm(form=form, width=20), receipt=ReceiptSettings(message_id=IdForm(width=30)))
    assert told.message_id(NUMBER, 0x33) == "3B9ACAFF"
    assert told.receipt_id(NUMBER, "3B9ACAFF") == "3B9ACAFF"


def test_the_receipt_has_the_responses_id_unless_it_has_a_form_of_its_own() -> None:
    same, other = personality(), personality(receipt=ReceiptSettings(message_id=IdForm(form="hex")))
    assert same.receipt_id(NUMBER, same.message_id(NUMBER, 0x34)) == "1000000255"
    assert other.receipt_id(NUMBER, other.message_id(NUMBER, 0x34)) == "3b9acaff"


@pytest.mark.parametrize(("digits", "date"), [(10, "2601011200"), (12, "260101120034")])
def test_dates_have_10_or_12_digits(digits: Any, date: str) -> None:
    told = personality(receipt=ReceiptSettings(date_digits=digits))
    at = 1_767_268_834_000
    text = receipts.build("1", 2, submit_date=at, done_date=at, layout=told.layout)
    assert f"submit date:{date} done date:{date} " in text


def test_the_default_receipt_is_that_of_appendix_b() -> None:
    assert personality().layout == receipts.APPENDIX_B


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id:{ident}", "{ident} is no field of a receipt"),
        ("id:{id.real}", "{id.real} is no field of a receipt"),
        ("id:{id", "expected '}'"),
        ("sub:{sub:03q}", "Unknown format code"),
        ("", "at least 1 character"),
    ],
)
def test_a_receipts_text_that_cannot_be_filled_in_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        ReceiptSettings(text=text)
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("settings", "tlvs"),
    [
        ({}, [Tlv(0x001E, b"7\0"), Tlv(0x0427, b"\5")]),
        ({"receipted_message_id": False}, [Tlv(0x0427, b"\5")]),
        ({"message_state": False}, [Tlv(0x001E, b"7\0")]),
        ({"network_error_code": True}, [Tlv(0x001E, b"7\0"), Tlv(0x0427, b"\5"), Tlv(0x0423, b"\3\0\x1b")]),
        (
            {"vendor_tlvs": [VendorTlv(tag=0x1400, value="00ff"), VendorTlv(tag=0x3FFF, value="")]},
            [Tlv(0x001E, b"7\0"), Tlv(0x0427, b"\5"), Tlv(0x1400, b"\0\xff"), Tlv(0x3FFF, b"")],
        ),
    ],
)
def test_receipts_have_the_tlvs_that_are_wanted(settings: dict[str, Any], tlvs: list[Tlv]) -> None:
    assert personality(receipt=ReceiptSettings(**settings)).receipt_tlvs("7", 5, 27) == tlvs


@pytest.mark.parametrize(("key", "status"), [("specific", 0x0E), ("generic", 0x0D)])
def test_a_failed_bind_is_told_its_reason_or_not(key: Any, status: int) -> None:
    assert personality(bind_failure=key).bind_failure(0x0E) == status


def test_packed_texts_are_unpacked_and_packed_again() -> None:
    pdu = SubmitSm(short_message=bytes.fromhex("e8329bfd06"))
    unpack(pdu)
    assert pdu.short_message == b"hello"
    pack(pdu)
    assert pdu.short_message.hex() == "e8329bfd06"


def test_a_packed_text_begins_on_a_septets_boundary_after_its_header() -> None:
    header = b"\x05\x00\x03\x01\x02\x01"
    pdu = DeliverSm(esm_class=0x40, short_message=header + b"hello")
    pack(pdu)
    assert pdu.short_message == header + (int.from_bytes(bytes.fromhex("e8329bfd06"), "little") << 1).to_bytes(
        5, "little"
    )
    unpack(pdu)
    assert pdu.short_message == header + b"hello"


@pytest.mark.parametrize("data_coding", [3, 4, 8])
def test_other_alphabets_are_never_packed(data_coding: int) -> None:
    pdu = DeliverSm(data_coding=data_coding, short_message=b"hell")
    pack(pdu)
    assert pdu.short_message == b"hell"
