"""The PDUs that are read and written field by field come out as the tables have them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.smpp import straight
from smsc_emulator.smpp.codec import HEADER, decode_by_table, encode_by_table
from smsc_emulator.smpp.constants import MAX_SM_LENGTH, CommandId, CommandStatus
from smsc_emulator.smpp.errors import DecodeError, EncodeError
from smsc_emulator.smpp.pdus import DeliverSm, DeliverSmResp, Pdu, SubmitSm, SubmitSmResp, Tlv

octet = st.integers(0, 255)
wide = st.sampled_from([0, 0, 0, 1, 5, 255, 256, -1])
names = st.text(st.sampled_from("a0+\xff"), max_size=22) | st.sampled_from(["\0", "a\0b", "я", ""])
times = st.sampled_from(["", "", "", "000000010000000R", "x"])
texts = st.binary(max_size=20) | st.sampled_from([b"a" * 254, b"a" * 255, b"a" * 256])
tlvs = st.lists(st.builds(Tlv, st.sampled_from([0x0427, 0x001E, 0x1400, 0x10000]), st.binary(max_size=5)), max_size=2)


def messages(kind: type[Pdu], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        kind,
        service_type=names,
        source_addr_ton=wide,
        source_addr_npi=octet,
        source_addr=names,
        dest_addr_ton=octet,
        dest_addr_npi=octet,
        destination_addr=names,
        esm_class=octet,
        protocol_id=octet,
        priority_flag=octet,
        schedule_delivery_time=times,
        validity_period=times,
        registered_delivery=octet,
        replace_if_present_flag=octet,
        data_coding=octet,
        sm_default_msg_id=octet,
        short_message=texts,
        tlvs=tlvs,
        command_status=st.sampled_from([0, 0, 0, 8]),
        sequence_number=st.sampled_from([0, 1, 0xFFFFFFFF]),
        **fields,
    )


def by_table(frame: bytes, *, strict: bool, most: int) -> Pdu | None:
    try:
        return decode_by_table(frame, strict, most, CommandStatus.ESME_ROK)
    except DecodeError:
        return None


def quickly(frame: bytes, most: int) -> Pdu | None:
    _, command_id, status, number = HEADER.unpack_from(frame)
    return straight.read(frame, command_id, status, number, most)


@given(
    messages(DeliverSm)
    | messages(SubmitSm)
    | st.builds(SubmitSmResp, message_id=names, command_status=st.sampled_from([0, 8]))
)
def test_what_is_written_at_once_is_what_the_tables_write(pdu: Pdu) -> None:
    octets = straight.write(pdu)
    if octets is not None:
        assert octets == encode_by_table(pdu)


@given(messages(SubmitSm), st.booleans(), st.sampled_from([MAX_SM_LENGTH, 255]), st.data())
def test_what_is_read_at_once_is_what_the_tables_read(
    pdu: SubmitSm, strict: bool, most: int, data: st.DataObject
) -> None:
    try:
        frame = bytearray(encode_by_table(pdu))
    except EncodeError:
        return
    if data.draw(st.booleans()):
        frame[data.draw(st.integers(16, len(frame) - 1))] = data.draw(octet)
    if data.draw(st.booleans()):
        del frame[data.draw(st.integers(16, len(frame))) :]
    read = quickly(bytes(frame), most)
    if isinstance(read, SubmitSm):
        assert read == by_table(bytes(frame), strict=strict, most=most)
        assert read.octets == frame == encode_by_table(read)
        assert replace(read, short_message=b"changed").octets is None


@pytest.mark.parametrize("body", [b"", b"\0", b"\0\0", b"1\0", b"\0\x04\x27\0\1\2"])
@pytest.mark.parametrize("status", [0, 8, 0x58])
def test_a_deliver_sm_resp_read_at_once_is_what_the_tables_read(body: bytes, status: int) -> None:
    frame = HEADER.pack(16 + len(body), CommandId.DELIVER_SM_RESP, status, 7) + body
    read = quickly(frame, 254)
    assert read in (None, by_table(frame, strict=True, most=254))
    assert (read is None) == (body != b"\0")


def test_the_common_case_is_not_left_to_the_tables() -> None:
    submitted = SubmitSm(
        source_addr="bank", destination_addr="70000000001", registered_delivery=1, short_message=b"a", sequence_number=7
    )
    assert quickly(encode_by_table(submitted), MAX_SM_LENGTH) == submitted
    assert straight.write(submitted) == encode_by_table(submitted)
    answer = SubmitSmResp("1000000001", sequence_number=7)
    assert straight.write(answer) == encode_by_table(answer)
    receipt = DeliverSm(
        source_addr="70000000001", destination_addr="bank", esm_class=4, tlvs=[Tlv(0x0427, b"\2")], sequence_number=7
    )
    assert straight.write(receipt) == encode_by_table(receipt)
    assert quickly(HEADER.pack(17, CommandId.DELIVER_SM_RESP, 0, 7) + b"\0", 254) == DeliverSmResp(sequence_number=7)
