"""A PDU in words."""

from smsc_emulator.smpp.constants import Tag
from smsc_emulator.smpp.describe import describe, message_id
from smsc_emulator.smpp.pdus import (
    PDU_TYPES,
    BindTransceiver,
    DeliverSm,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    Tlv,
    UnknownPdu,
)


def meanings(pdu):
    return {line.name: line.meaning for line in describe(pdu)}


def test_a_submit_sm_is_told_field_by_field_in_the_order_of_the_wire():
    pdu = SubmitSm(
        source_addr_ton=5,
        source_addr="confirmlab",
        destination_addr="70000000001",
        esm_class=0x43,
        registered_delivery=0x11,
        data_coding=8,
        short_message=b"\x05\x00\x03\x07\x02\x01" + "Код 1".encode("utf-16-be"),
    )
    names = [line.name for line in describe(pdu)]
    assert names[:4] == ["service_type", "source_addr_ton", "source_addr_npi", "source_addr"]
    assert names[-2:] == ["sm_length", "short_message"]
    told = meanings(pdu)
    assert told["source_addr_ton"] == "alphanumeric"
    assert told["esm_class"] == "store and forward, udhi"
    assert told["registered_delivery"] == "final, intermediate"
    assert told["data_coding"] == "ucs2: UCS-2 (ISO/IEC-10646)"
    assert told["short_message"] == "segment 1 of 2: Код 1"


def test_a_text_is_marked_as_private_and_nothing_else_is():
    pdu = SubmitSm(short_message=b"1234", tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"5678"), Tlv(Tag.LANGUAGE_INDICATOR, b"\1")])
    assert [line.name for line in describe(pdu) if line.private] == ["short_message", "message_payload"]


def test_a_password_is_never_told():
    assert "secret" not in str(describe(BindTransceiver(system_id="esme", password="secret")))


def test_a_value_that_no_table_has_is_told_as_it_is():
    assert meanings(SubmitSm(source_addr_npi=77, data_coding=0xF1)) | {} == {
        **meanings(SubmitSm()),
        "source_addr_npi": "reserved",
        "data_coding": "gsm03.38, class 1",
    }
    (line,) = (line for line in describe(SubmitSm(tlvs=[Tlv(0x1400, b"\xab\xcd")])) if line.name == "0x00001400")
    assert (line.value, line.meaning) == ("ab cd", "43981")
    assert [line.name for line in describe(UnknownPdu(0x99, b"xyz"))] == ["body"]


def test_every_kind_of_pdu_can_be_told():
    for kind in PDU_TYPES.values():
        assert isinstance(describe(kind()), list)
    assert "dest_address" in meanings(SubmitMulti())


def test_a_receipt_and_an_answer_name_the_message_that_they_are_about():
    assert message_id(SubmitSmResp(message_id="17")) == "17"
    assert message_id(DeliverSm(tlvs=[Tlv(Tag.RECEIPTED_MESSAGE_ID, b"18\0")])) == "18"
    assert message_id(DeliverSm()) == ""
