"""PDUs and their octets: samples, any PDU that fits its fields, damaged ones, and what cannot be written."""

from dataclasses import fields
from typing import Any

import pytest
from frames import frame
from hypothesis import given, settings
from hypothesis import strategies as st

from smsc_emulator.smpp.codec import HEADER, decode, encode
from smsc_emulator.smpp.constants import CommandStatus, Tag
from smsc_emulator.smpp.errors import DecodeError, EncodeError
from smsc_emulator.smpp.fields import WIRE, COctetString, Integer
from smsc_emulator.smpp.pdus import (
    PDU_TYPES,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    BroadcastSm,
    CancelBroadcastSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    DistributionList,
    EnquireLink,
    GenericNack,
    Pdu,
    QueryBroadcastSm,
    QuerySmResp,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Tlv,
    Unbind,
    UnknownPdu,
    UnsuccessSme,
)


def decoded_or_error(wire: bytes, *, strict: bool = False) -> Pdu | DecodeError:
    try:
        return decode(wire, strict=strict)
    except DecodeError as error:
        return error


SAMPLES: dict[str, tuple[str, Pdu]] = {
    "the standard's own bind_transmitter": (
        """0000002f 00000002 00000000 00000001
        534d50503354455354 00 7365637265743038 00 5355424d495431 00 00 01 01 00""",
        BindTransmitter(
            sequence_number=1,
            system_id="SMPP3TEST",
            password="secret08",
            system_type="SUBMIT1",
            interface_version=0,
            addr_ton=1,
            addr_npi=1,
        ),
    ),
    "bind_transceiver_resp with the SMSC's version": (
        "00000019 80000009 00000000 00000007 6c616200 0210 0001 34",
        BindTransceiverResp(sequence_number=7, system_id="lab", tlvs=[Tlv(Tag.SC_INTERFACE_VERSION, b"\x34")]),
    ),
    "a refused bind without its body": (
        "00000010 80000002 0000000e 00000001",
        BindTransmitterResp(command_status=CommandStatus.ESME_RINVPASWD, sequence_number=1),
    ),
    "submit_sm": (
        """0000003a 00000004 00000000 00000002 00 0500 6c616200 0101 373030303030303030303100
        000000 00 00 01 00 00 00 05 68656c6c6f 0204 0002 abcd""",
        SubmitSm(
            sequence_number=2,
            source_addr_ton=5,
            source_addr="lab",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="70000000001",
            registered_delivery=1,
            short_message=b"hello",
            tlvs=[Tlv(Tag.USER_MESSAGE_REFERENCE, b"\xab\xcd")],
        ),
    ),
    "submit_sm_resp": ("00000013 80000004 00000000 00000002 373100", SubmitSmResp(sequence_number=2, message_id="71")),
    "a refused submit_sm without its body": (
        "00000010 80000004 00000058 00000002",
        SubmitSmResp(command_status=CommandStatus.ESME_RTHROTTLED, sequence_number=2),
    ),
    "submit_multi to an address and a list": (
        "00000029 00000021 00000000 00000003 00 0000 00 02 01 0101 3700 02 4c00 000000 00 00 00 00 00 00 02 6869",
        SubmitMulti(
            sequence_number=3,
            dest_address=[SmeAddress(1, 1, "7"), DistributionList("L")],
            short_message=b"hi",
        ),
    ),
    "submit_multi_resp with one failure": (
        "0000001b 80000021 00000000 00000003 3900 01 0101 3700 0000000b",
        SubmitMultiResp(sequence_number=3, message_id="9", unsuccess_sme=[UnsuccessSme(1, 1, "7", 0x0B)]),
    ),
    "deliver_sm_resp with its unused message_id": (
        "00000011 80000005 00000000 00000004 00",
        DeliverSmResp(sequence_number=4),
    ),
    "query_sm_resp of a message under way": (
        "00000015 80000003 00000000 00000005 3900 00 01 00",
        QuerySmResp(sequence_number=5, message_id="9", message_state=1),
    ),
    "an error in data_sm_resp, explained by a TLV": (
        "00000016 80000103 000000fe 00000006 00 0425 0001 02",
        DataSmResp(command_status=0xFE, sequence_number=6, tlvs=[Tlv(Tag.DELIVERY_FAILURE_REASON, b"\x02")]),
    ),
    "enquire_link": ("00000010 00000015 00000000 7fffffff", EnquireLink(sequence_number=0x7FFFFFFF)),
    "unbind": ("00000010 00000006 00000000 00000008", Unbind(sequence_number=8)),
    "generic_nack": ("00000010 80000000 00000002 00000000", GenericNack(command_status=2)),
    "an operation of no standard": (
        "00000013 00000114 00000000 00000009 010203",
        UnknownPdu(0x114, b"\x01\x02\x03", sequence_number=9),
    ),
    "broadcast_sm to one area by its name": (
        """00000036 00000111 00000000 0000000a 00 0101 3700 00 01 00 00 00 00 00
        0606 0002 0041 0601 0003 000001 0604 0002 0001 0605 0003 090002""",
        BroadcastSm(
            sequence_number=10,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="7",
            priority_flag=1,
            tlvs=[
                Tlv(Tag.BROADCAST_AREA_IDENTIFIER, b"\0A"),
                Tlv(Tag.BROADCAST_CONTENT_TYPE, b"\0\0\1"),
                Tlv(Tag.BROADCAST_REP_NUM, b"\0\1"),
                Tlv(Tag.BROADCAST_FREQUENCY_INTERVAL, b"\x09\0\2"),
            ],
        ),
    ),
    "query_broadcast_sm": (
        "00000016 00000112 00000000 0000000b 3900 0101 3700",
        QueryBroadcastSm(sequence_number=11, message_id="9", source_addr_ton=1, source_addr_npi=1, source_addr="7"),
    ),
    "cancel_broadcast_sm": (
        "00000017 00000113 00000000 0000000c 00 3900 0101 3700",
        CancelBroadcastSm(sequence_number=12, message_id="9", source_addr_ton=1, source_addr_npi=1, source_addr="7"),
    ),
}


@pytest.mark.parametrize(("octets", "pdu"), SAMPLES.values(), ids=SAMPLES)
def test_a_sample_decodes_to_its_pdu_and_back(octets: str, pdu: Pdu) -> None:
    wire = bytes.fromhex(octets)
    assert decode(wire) == pdu
    assert decode(wire, strict=True) == pdu
    assert encode(pdu) == wire


@pytest.mark.parametrize(("octets", "pdu"), SAMPLES.values(), ids=SAMPLES)
def test_every_truncation_of_a_sample_is_told_by_a_decode_error_or_is_a_shorter_pdu(octets: str, pdu: Pdu) -> None:
    wire = bytes.fromhex(octets)
    for length in range(HEADER.size, len(wire)):
        cut = length.to_bytes(4) + wire[4:length]
        shorter = decoded_or_error(cut)
        if isinstance(shorter, DecodeError):
            assert HEADER.size <= shorter.offset <= length
            assert shorter.header.command_id == pdu.command_id
        else:
            assert decode(encode(shorter)) == shorter


# Hypothesis: any value that fits its field comes back as it was.

OCTETS = st.integers(0, 255)
TLVS = st.lists(st.builds(Tlv, st.integers(0x1400, 0x3FFF), st.binary(max_size=40)), max_size=3)
MULTI_ENTRIES = st.one_of(
    st.builds(SmeAddress, OCTETS, OCTETS, st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=20)),
    st.builds(DistributionList, st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=20)),
)
FAILURES = st.builds(
    UnsuccessSme,
    OCTETS,
    OCTETS,
    st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=20),
    st.integers(0, 0xFFFFFFFF),
)


def values_of(name: str, wire: object) -> st.SearchStrategy[Any]:
    if isinstance(wire, Integer):
        return st.integers(0, 256**wire.size - 1)
    if isinstance(wire, COctetString):
        sizes = {"min_size": wire.most - 1, "max_size": wire.most - 1} if wire.fixed else {"max_size": wire.most - 1}
        text = st.text(st.characters(min_codepoint=1, max_codepoint=255), **sizes)
        return st.one_of(st.just(""), text)
    return {
        "short_message": st.binary(max_size=254),
        "dest_address": st.lists(MULTI_ENTRIES, min_size=1, max_size=5),
        "unsuccess_sme": st.lists(FAILURES, max_size=5),
    }[name]


def pdus_of(pdu_type: type[Pdu], status: st.SearchStrategy[int]) -> st.SearchStrategy[Pdu]:
    own = {item.name: values_of(item.name, item.metadata[WIRE]) for item in fields(pdu_type) if WIRE in item.metadata}
    return st.builds(pdu_type, command_status=status, sequence_number=st.integers(0, 0xFFFFFFFF), tlvs=TLVS, **own)


ANY_PDU = st.sampled_from(list(PDU_TYPES.values())).flatmap(lambda kind: pdus_of(kind, st.just(0)))


@pytest.mark.parametrize("pdu_type", PDU_TYPES.values(), ids=lambda kind: kind.__name__)
def test_any_pdu_comes_back_from_its_octets(pdu_type: type[Pdu]) -> None:
    @settings(max_examples=30, deadline=None)
    @given(pdus_of(pdu_type, st.integers(0, 0xFFFFFFFF)), st.booleans())
    def round_trip(pdu: Pdu, strict: bool) -> None:
        wire = encode(pdu)
        assert int.from_bytes(wire[:4]) == len(wire)
        assert decode(wire, strict=strict) == pdu

    round_trip()


@settings(deadline=None)
@given(ANY_PDU, st.data())
def test_a_damaged_pdu_decodes_or_tells_where_it_is_wrong(pdu: Pdu, data: st.DataObject) -> None:
    wire = bytearray(encode(pdu))
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(16, max(16, len(wire) - 1))) % len(wire)] = data.draw(OCTETS)
    decoded = decoded_or_error(bytes(wire), strict=data.draw(st.booleans()))
    if isinstance(decoded, DecodeError):
        assert decoded.path
        assert 16 <= decoded.offset <= len(wire)
    else:
        assert decoded.sequence_number == int.from_bytes(wire[12:16])


@given(st.integers(0, 0xFFFFFFFF).filter(lambda command_id: command_id not in PDU_TYPES), st.binary(max_size=200))
def test_an_unknown_command_keeps_its_body(command_id: int, body: bytes) -> None:
    wire = frame(command_id, body, status=0x428)
    assert decode(wire) == UnknownPdu(command_id, body, command_status=0x428, sequence_number=1)
    assert encode(decode(wire)) == wire


def test_unknown_vendor_and_misplaced_tlvs_are_kept_whatever_their_size() -> None:
    known_elsewhere = Tlv(Tag.MS_AVAILABILITY_STATUS, b"abc")
    tlvs = [Tlv(0x1401, b""), Tlv(0xFFFF, b"\0" * 9), known_elsewhere]
    pdu = SubmitSm(sequence_number=1, short_message=b"x", tlvs=tlvs)
    assert decode(encode(pdu), strict=True) == pdu


def test_a_repeated_tlv_is_kept_in_order_and_the_first_one_found() -> None:
    numbers = [Tlv(Tag.CALLBACK_NUM, b"\1\0\0001"), Tlv(Tag.CALLBACK_NUM, b"\1\0\0002")]
    decoded = decode(encode(DeliverSm(sequence_number=1, tlvs=numbers)))
    assert decoded.tlvs == numbers
    assert decoded.tlv(Tag.CALLBACK_NUM) == b"\1\0\0001"
    assert decoded.tlv(Tag.SOURCE_PORT) is None


def test_message_payload_stands_alone() -> None:
    pdu = SubmitSm(sequence_number=1, tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"x" * 0xFFFF)])
    assert decode(encode(pdu), strict=True) == pdu


def test_submit_multi_takes_254_destinations_and_its_response_255_failures() -> None:
    for pdu in (
        SubmitMulti(sequence_number=1, dest_address=[SmeAddress(1, 1, str(index)) for index in range(254)]),
        SubmitMultiResp(sequence_number=1, unsuccess_sme=[UnsuccessSme(1, 1, "7", index) for index in range(255)]),
    ):
        assert decode(encode(pdu), strict=True) == pdu


UNENCODABLE = {
    "a string too long": (BindTransceiver(system_id="s" * 16), "system_id"),
    "a string with a NUL": (BindTransceiver(system_id="a\0b"), "system_id"),
    "a string outside Latin-1": (SubmitSm(source_addr="лаб"), "source_addr"),
    "an octet above 255": (SubmitSm(esm_class=256), "esm_class, protocol_id, priority_flag"),
    "a text above 255 octets": (SubmitSm(short_message=b"x" * 256), "short_message"),
    "no destination": (SubmitMulti(), "dest_address"),
    "a wrong entry of a list": (SubmitMulti(dest_address=[DistributionList("L" * 21)]), "dest_address[0].dl_name"),
    "a TLV above 64 KiB": (SubmitSm(tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"x" * 0x10000)]), "tlv 0x0424"),
    "a sequence_number above 32 bits": (EnquireLink(sequence_number=1 << 32), "header"),
}


@pytest.mark.parametrize(("pdu", "path"), UNENCODABLE.values(), ids=UNENCODABLE)
def test_what_does_not_fit_its_field_is_refused_and_never_cut(pdu: Pdu, path: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(pdu)
    assert caught.value.path == path
