"""What a reader refuses, told by status, path and offset, and what strictness and version make of that."""

import pytest
from frames import frame

from smsc_emulator.smpp.codec import decode, encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus, Tag
from smsc_emulator.smpp.errors import DecodeError
from smsc_emulator.smpp.pdus import BindTransceiver, DeliverSmResp, SubmitSm, SubmitSmResp, Tlv

MESSAGE_HEAD = b"\0" + b"\1\1" + b"7\0" + b"\1\1" + b"8\0" + b"\0\0\0" + b"\0" + b"\0" + b"\0\0\0\0"


def message(tail: bytes) -> bytes:
    return frame(CommandId.SUBMIT_SM, MESSAGE_HEAD + tail)


def bind(system_id: bytes, password: bytes, tail: bytes = b"\0\x34\0\0\0") -> bytes:
    return frame(CommandId.BIND_TRANSCEIVER, system_id + b"\0" + password + b"\0" + tail)


def error_of(wire: bytes, *, strict: bool = False) -> tuple[str, str, int]:
    with pytest.raises(DecodeError) as caught:
        decode(wire, strict=strict)
    return caught.value.status.name, caught.value.path, caught.value.offset


WRONG = {
    "3.1.1: system_id of 16 characters": (bind(b"s" * 16, b"p"), "ESME_RINVSYSID", "system_id", 16),
    "3.1.1: password of 65 characters": (bind(b"s", b"p" * 65), "ESME_RINVPASWD", "password", 18),
    "3.1.1: system_type of 13 characters": (
        bind(b"s", b"p", b"t" * 13 + b"\0\x34\0\0\0"),
        "ESME_RINVSYSTYP",
        "system_type",
        20,
    ),
    "3.1.1: address_range of 41 characters": (
        bind(b"s", b"p", b"\0\x34\0\0" + b"r" * 41 + b"\0"),
        "ESME_RINVPARLEN",
        "address_range",
        24,
    ),
    "3.1.1: service_type of 6 characters": (
        frame(CommandId.SUBMIT_SM, b"t" * 6 + MESSAGE_HEAD + b"\0"),
        "ESME_RINVSERTYP",
        "service_type",
        16,
    ),
    "3.1.1: source_addr of 21 characters": (
        frame(CommandId.SUBMIT_SM, b"\0\1\1" + b"7" * 21 + MESSAGE_HEAD[4:] + b"\0"),
        "ESME_RINVSRCADR",
        "source_addr",
        19,
    ),
    "3.1.1: destination_addr of 21 characters": (
        frame(CommandId.SUBMIT_SM, b"\0\1\0017\0\1\1" + b"8" * 21 + MESSAGE_HEAD[8:] + b"\0"),
        "ESME_RINVDSTADR",
        "destination_addr",
        23,
    ),
    "7.1.1: schedule_delivery_time of 17 characters": (
        frame(CommandId.SUBMIT_SM, MESSAGE_HEAD[:12] + b"0" * 17 + MESSAGE_HEAD[12:] + b"\0"),
        "ESME_RINVSCHED",
        "schedule_delivery_time",
        28,
    ),
    "7.1.1: validity_period of 17 characters": (
        frame(CommandId.SUBMIT_SM, MESSAGE_HEAD[:13] + b"0" * 17 + MESSAGE_HEAD[13:] + b"\0"),
        "ESME_RINVEXPIRY",
        "validity_period",
        29,
    ),
    "5.2.21: sm_length of 255": (message(b"\xff" + b"x" * 255), "ESME_RINVMSGLEN", "sm_length", 34),
    "5.2.21: sm_length beyond the body": (message(b"\5four"), "ESME_RINVMSGLEN", "sm_length", 34),
    "3.2.4.1: sm_length short of the body, whose rest is no TLV": (
        message(b"\2abc"),
        "ESME_RINVOPTPARSTREAM",
        "tlvs[0]",
        37,
    ),
    "3.2.4.1: a TLV longer than the rest": (
        message(b"\0" + b"\x02\x04\0\2ab" + b"\x14\0\0\5ab"),
        "ESME_RINVOPTPARSTREAM",
        "tlvs[1]",
        41,
    ),
    "5.3.2: a TLV of the operation with a wrong size": (
        message(b"\0\x02\x0c\0\1\7"),
        "ESME_RINVOPTPARAMVAL",
        "tlvs[0]",
        35,
    ),
    "4.4.1: short_message and message_payload at once": (
        message(b"\1a\x04\x24\0\1b"),
        "ESME_ROPTPARNOTALLWD",
        "message_payload",
        36,
    ),
    "4.2.1: octets after the header of unbind": (
        frame(CommandId.UNBIND, b"abc"),
        "ESME_RINVOPTPARSTREAM",
        "tlvs[0]",
        16,
    ),
    "the body ends before a string's NUL": (frame(CommandId.SUBMIT_SM, b"ab"), "ESME_RINVCMDLEN", "service_type", 16),
    "the body ends before an integer": (
        frame(CommandId.SUBMIT_SM, MESSAGE_HEAD[:-2]),
        "ESME_RINVCMDLEN",
        "data_coding",
        32,
    ),
    "4.5.1: no destination": (
        frame(CommandId.SUBMIT_MULTI, b"\0\1\0017\0" + b"\0" + MESSAGE_HEAD[9:] + b"\0"),
        "ESME_RINVNUMDESTS",
        "dest_address",
        21,
    ),
    "4.5.1: 255 destinations": (
        frame(CommandId.SUBMIT_MULTI, b"\0\1\0017\0" + b"\xff" + b"\2L\0" * 255 + MESSAGE_HEAD[9:] + b"\0"),
        "ESME_RINVNUMDESTS",
        "dest_address",
        21,
    ),
    "5.2.25: a dest_flag of 3": (
        frame(CommandId.SUBMIT_MULTI, b"\0\1\0017\0" + b"\2" + b"\2L\0" + b"\3L\0" + MESSAGE_HEAD[9:] + b"\0"),
        "ESME_RINVDESTFLAG",
        "dest_address[1].dest_flag",
        25,
    ),
    "4.5.1.1: an address too long inside the list": (
        frame(
            CommandId.SUBMIT_MULTI, b"\0\1\0017\0" + b"\1" + b"\1\1\1" + b"8" * 21 + b"\0" + MESSAGE_HEAD[9:] + b"\0"
        ),
        "ESME_RINVDSTADR",
        "dest_address[0].destination_addr",
        25,
    ),
}


@pytest.mark.parametrize(("wire", "status", "path", "offset"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
def test_a_decode_error_names_status_field_and_offset(
    wire: bytes, status: str, path: str, offset: int, strict: bool
) -> None:
    assert error_of(wire, strict=strict) == (status, path, offset)


def test_a_strict_reader_holds_passwords_to_eight_characters_and_a_lenient_one_to_64() -> None:
    decoded = decode(bind(b"s", b"p" * 64))
    assert isinstance(decoded, BindTransceiver)
    assert decoded.password == "p" * 64
    assert encode(decoded) == bind(b"s", b"p" * 64)
    assert error_of(bind(b"s", b"p" * 9), strict=True) == ("ESME_RINVPASWD", "password", 18)
    assert decode(bind(b"s", b"p" * 8), strict=True).command_status == 0


def test_a_strict_reader_wants_times_of_sixteen_characters_or_none() -> None:
    wire = frame(CommandId.SUBMIT_SM, MESSAGE_HEAD[:12] + b"26010" + MESSAGE_HEAD[12:] + b"\0")
    assert error_of(wire, strict=True) == ("ESME_RINVSCHED", "schedule_delivery_time", 28)
    decoded = decode(wire)
    assert isinstance(decoded, SubmitSm)
    assert decoded.schedule_delivery_time == "26010"


def test_short_message_takes_254_octets() -> None:
    decoded = decode(message(b"\xfe" + b"x" * 254), strict=True)
    assert isinstance(decoded, SubmitSm)
    assert decoded.short_message == b"x" * 254


def test_short_message_takes_255_octets_from_a_peer_of_5_0() -> None:
    """5.2.21 of 3.4 does not allow 255; 5.0 does."""
    wire = encode(SubmitSm(sequence_number=1, short_message=b"x" * 255))
    assert error_of(wire) == ("ESME_RINVMSGLEN", "sm_length", wire.index(b"\xff"))
    decoded = decode(wire, strict=True, max_sm_length=255)
    assert isinstance(decoded, SubmitSm)
    assert decoded.short_message == b"x" * 255


@pytest.mark.parametrize("status", [CommandStatus.ESME_ROPTPARNOTALLWD, CommandStatus.ESME_RINVMSGLEN])
def test_short_message_beside_message_payload_is_answered_as_told(status: CommandStatus) -> None:
    """3.2.3, 4.4.1: forbidden, without a status; the SMSC chooses."""
    wire = encode(SubmitSm(sequence_number=1, short_message=b"a", tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"b")]))
    with pytest.raises(DecodeError) as caught:
        decode(wire, payload_conflict=status)
    assert caught.value.status == status


def test_message_payload_may_supersede_short_message() -> None:
    """SMPP 5.0."""
    wire = encode(SubmitSm(sequence_number=1, short_message=b"a", tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"b")]))
    expected = SubmitSm(sequence_number=1, tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"b")])
    assert decode(wire, payload_conflict=CommandStatus.ESME_ROK) == expected


def test_a_deliver_sm_resp_without_message_id_is_an_error_only_to_a_strict_reader() -> None:
    wire = frame(CommandId.DELIVER_SM_RESP, b"")
    assert decode(wire) == DeliverSmResp(sequence_number=1)
    assert error_of(wire, strict=True) == ("ESME_RINVCMDLEN", "message_id", 16)


def test_a_lenient_reader_takes_a_response_with_an_overlong_message_id() -> None:
    wire = frame(CommandId.SUBMIT_SM_RESP, b"9" * 100 + b"\0")
    decoded = decode(wire)
    assert isinstance(decoded, SubmitSmResp)
    assert decoded.message_id == "9" * 100
    assert encode(decoded) == wire
    assert error_of(wire, strict=True) == ("ESME_RINVMSGID", "message_id", 16)
