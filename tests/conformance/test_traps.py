"""What is easily got wrong, a row for each: the clause, the octets, and the answer at each strictness.

Every row goes over a real socket: the octets, then an enquire_link, whose answer ends the row. An answer is written as
the operation and its status; `closed` is the end of the link, `-` is no answer at all. Answers have the number of
their request, 77, but for the generic_nack to a frame that cannot be cut, which has 0.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
from frames import NUMBER, frame, named, submit, wire

from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus, Tag
from smsc_emulator.smpp.pdus import (
    BindTransceiver,
    BindTransmitter,
    CancelSm,
    DataSm,
    DeliverSmResp,
    EnquireLink,
    GenericNack,
    Pdu,
    QuerySm,
    ReplaceSm,
    SmeAddress,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    Tlv,
    Unbind,
)

STRICTNESSES = ("lenient", "strict34", "strict50")
TEXT = Tlv(Tag.MESSAGE_PAYLOAD, b"hello")
SAR = [Tlv(Tag.SAR_MSG_REF_NUM, b"\0\1"), Tlv(Tag.SAR_TOTAL_SEGMENTS, b"\2"), Tlv(Tag.SAR_SEGMENT_SEQNUM, b"\1")]


class Row(NamedTuple):
    """`answers` is one for all, or three: lenient, strict34, strict50.

    In the state BINDING the answer to a bind is waited for: a refused one is delayed, so that guessing is slow.
    """

    trap: int
    clause: str
    name: str
    state: str
    octets: bytes
    answers: str | tuple[str, str, str]


raw = partial(frame, number=77)


def body(pdu: Pdu) -> bytes:
    return encode(pdu)[16:]


PLAIN = SubmitSm(destination_addr=NUMBER, dest_addr_ton=1, short_message=b"hello")
BEFORE_TEXT = body(PLAIN)[:-6]
OK, LENGTH = "submit_sm_resp ROK", "generic_nack RINVCMDLEN closed"
BIND = CommandId.BIND_TRANSCEIVER


def long_field(name: str, size: int) -> bytes:
    """Return a submit_sm one of whose fields is longer than the standard lets it be."""
    texts = {"service_type": b"", "source_addr": b"", "destination_addr": NUMBER.encode(), name: b"9" * size}
    service, source, destination = texts.values()
    return raw(CommandId.SUBMIT_SM, service + bytes(3) + source + b"\0\1\0" + destination + bytes(10) + b"\5hello")


def all_or_strict(lenient: str, strict: str) -> tuple[str, str, str]:
    return lenient, strict, strict


ROWS = [
    Row(1, "4.3", "command_length below 16", "TRX", raw(CommandId.ENQUIRE_LINK, length=15), LENGTH),
    Row(1, "4.3", "command_length 4", "TRX", b"\0\0\0\4", LENGTH),
    Row(1, "4.3", "command_length 2^31-1", "TRX", raw(CommandId.SUBMIT_SM, length=0x7FFFFFFF), LENGTH),
    Row(1, "4.3", "a length that is text", "OPEN", b"GET / HTTP/1.0\r\n", LENGTH),
    Row(2, "3.3, 4.3", "an unknown request", "TRX", raw(0x999, b"body"), "generic_nack RINVCMDID"),
    Row(2, "4.3", "an unknown response", "TRX", raw(0x80000999), "-"),
    Row(2, "4.3", "a generic_nack to nothing", "TRX", wire(GenericNack(command_status=3)), "-"),
    Row(2, "4.3", "a response to nothing", "TRX", wire(SubmitSmResp()), "-"),
    Row(3, "2.8", "submit_sm before the bind", "OPEN", submit(), "submit_sm_resp RINVBNDSTS"),
    Row(3, "2.8", "submit_sm on a receiver", "RX", submit(), "submit_sm_resp RINVBNDSTS"),
    Row(3, "2.8", "deliver_sm from an ESME", "TRX", raw(5, body(PLAIN)), "deliver_sm_resp RINVBNDSTS"),
    Row(3, "2.8", "unbind before the bind", "OPEN", wire(Unbind()), "unbind_resp RINVBNDSTS"),
    Row(4, "2.2", "a second bind", "TRX", wire(BindTransceiver("lenient", "secret")), "bind_transceiver_resp RALYBND"),
    Row(
        4,
        "2.2",
        "a bind of another kind",
        "RX",
        wire(BindTransmitter("lenient", "secret")),
        "bind_transmitter_resp RALYBND",
    ),
    Row(5, "5.0", "enquire_link before the bind", "OPEN", wire(EnquireLink()), "enquire_link_resp ROK"),
    Row(
        6,
        "5.1.3",
        "a wrong password",
        "BINDING",
        wire(BindTransceiver("lenient", "wrong")),
        "bind_transceiver_resp RINVPASWD",
    ),
    Row(
        6,
        "5.1.3",
        "an unknown system_id",
        "BINDING",
        wire(BindTransceiver("nobody", "x")),
        "bind_transceiver_resp RINVSYSID",
    ),
    Row(9, "3.1.1", "a service_type of 6", "TRX", long_field("service_type", 6), "submit_sm_resp RINVSERTYP"),
    Row(9, "3.1.1", "a source_addr of 21", "TRX", long_field("source_addr", 21), "submit_sm_resp RINVSRCADR"),
    Row(9, "3.1.1", "a destination_addr of 21", "TRX", long_field("destination_addr", 21), "submit_sm_resp RINVDSTADR"),
    Row(
        9,
        "3.1.1",
        "a system_id of 16",
        "OPEN",
        raw(BIND, b"s" * 16 + b"\0p\0\0\x34\0\0\0"),
        "bind_transceiver_resp RINVSYSID",
    ),
    Row(10, "5.2.21", "sm_length 254", "TRX", submit(short_message=b"x" * 254), OK),
    Row(
        10,
        "5.2.21",
        "sm_length 255",
        "TRX",
        raw(4, BEFORE_TEXT + b"\xff" + b"x" * 255),
        (OK, "submit_sm_resp RINVMSGLEN", OK),
    ),
    Row(
        10, "5.2.21", "sm_length beyond the PDU", "TRX", raw(4, BEFORE_TEXT + b"\x09hello"), "submit_sm_resp RINVMSGLEN"
    ),
    Row(
        10,
        "5.2.21",
        "sm_length one too short",
        "TRX",
        raw(4, BEFORE_TEXT + b"\4hello"),
        "submit_sm_resp RINVOPTPARSTREAM",
    ),
    Row(
        11,
        "4.4.1",
        "short_message and message_payload",
        "TRX",
        submit(tlvs=[TEXT]),
        (OK, "submit_sm_resp ROPTPARNOTALLWD", OK),
    ),
    Row(12, "3.3", "an unknown TLV", "TRX", submit(tlvs=[Tlv(0x1234, b"x")]), OK),
    Row(12, "5.3.1", "a vendor's TLV", "TRX", submit(tlvs=[Tlv(0x1400, b"x")]), OK),
    Row(
        12,
        "3.3",
        "a known TLV that does not belong here",
        "TRX",
        submit(tlvs=[Tlv(Tag.MS_AVAILABILITY_STATUS, b"\0")]),
        OK,
    ),
    Row(
        12,
        "5.1.3",
        "a TLV cut short",
        "TRX",
        raw(4, body(PLAIN) + b"\x02\x04\0\2\0"),
        "submit_sm_resp RINVOPTPARSTREAM",
    ),
    Row(
        12,
        "5.1.3",
        "a TLV of a wrong length",
        "TRX",
        submit(tlvs=[Tlv(Tag.USER_MESSAGE_REFERENCE, b"\0")]),
        "submit_sm_resp RINVOPTPARAMVAL",
    ),
    Row(12, "3.2.1", "octets behind an enquire_link", "TRX", raw(0x15, b"more"), "enquire_link_resp RINVOPTPARSTREAM"),
    Row(13, "5.1.4", "sequence_number 0", "TRX", raw(0x15, number=0), "enquire_link_resp ROK #0"),
    Row(
        13,
        "5.1.4",
        "sequence_number 0xffffffff",
        "TRX",
        raw(0x15, number=0xFFFFFFFF),
        "enquire_link_resp ROK #4294967295",
    ),
    Row(14, "3.2.1", "a status in a request", "TRX", raw(4, body(PLAIN), status=8), OK),
    Row(
        15,
        "4.4",
        "transaction mode in submit_sm",
        "TRX",
        submit(esm_class=2),
        all_or_strict(OK, "submit_sm_resp RINVESMCLASS"),
    ),
    Row(
        15,
        "5.2.12",
        "a receipt from an ESME",
        "TRX",
        submit(esm_class=4),
        all_or_strict(OK, "submit_sm_resp RINVESMCLASS"),
    ),
    Row(
        15, "5.2.12", "a reserved type", "TRX", submit(esm_class=0x3C), all_or_strict(OK, "submit_sm_resp RINVESMCLASS")
    ),
    Row(
        15,
        "5.2.12",
        "UDHI beside SAR",
        "TRX",
        submit(esm_class=0x40, short_message=b"\5\0\3\1\1\1x", tlvs=SAR),
        all_or_strict(OK, "submit_sm_resp ROPTPARNOTALLWD"),
    ),
    Row(
        15,
        "5.2.12",
        "UDHL beyond the text",
        "TRX",
        submit(esm_class=0x40, short_message=b"\x20x"),
        all_or_strict(OK, "submit_sm_resp RINVMSGLEN"),
    ),
    Row(16, "5.2.17", "registered_delivery 0x11", "TRX", submit(registered_delivery=0x11), OK),
    Row(
        16,
        "5.2.17",
        "registered_delivery 0x03",
        "TRX",
        submit(registered_delivery=3),
        (OK, "submit_sm_resp RINVREGDLVFLG", OK),
    ),
    Row(19, "7.1.1", "an absolute schedule", "TRX", submit(schedule_delivery_time="370101000000000+"), OK),
    Row(
        19,
        "7.1.1",
        "a schedule that is no time",
        "TRX",
        submit(schedule_delivery_time="999999999999999+"),
        "submit_sm_resp RINVSCHED",
    ),
    Row(
        19,
        "7.1.1",
        "a validity_period of five characters",
        "TRX",
        raw(4, body(PLAIN)[:-12] + b"\0" + b"12345\0" + b"\0\0\0\0\5hello"),
        "submit_sm_resp RINVEXPIRY",
    ),
    Row(19, "7.1.1", "a relative validity_period", "TRX", submit(validity_period="000000010000000R"), OK),
    Row(20, "4.8", "query_sm of an unknown id", "TRX", wire(QuerySm("nothing")), "query_sm_resp RQUERYFAIL"),
    Row(
        20,
        "4.9",
        "cancel_sm of an unknown id",
        "TRX",
        wire(CancelSm(message_id="nothing")),
        "cancel_sm_resp RCANCELFAIL",
    ),
    Row(20, "4.10", "replace_sm of an unknown id", "TRX", wire(ReplaceSm("nothing")), "replace_sm_resp RREPLACEFAIL"),
    Row(21, "Table 2-1", "replace_sm on a receiver", "RX", wire(ReplaceSm("nothing")), "replace_sm_resp RINVBNDSTS"),
    Row(
        21,
        "5.2.18",
        "replace_if_present_flag 7",
        "TRX",
        submit(replace_if_present_flag=7),
        all_or_strict(OK, "submit_sm_resp RINVREPFLAG"),
    ),
    Row(
        22,
        "4.5.1",
        "submit_multi to one",
        "TRX",
        wire(SubmitMulti(dest_address=[SmeAddress(1, 1, NUMBER)])),
        "submit_multi_resp ROK",
    ),
    Row(22, "5.2.24", "submit_multi to nobody", "TRX", raw(0x21, bytes(5)), "submit_multi_resp RINVNUMDESTS"),
    Row(22, "5.2.25", "a dest_flag of 3", "TRX", raw(0x21, bytes(4) + b"\1\3"), "submit_multi_resp RINVDESTFLAG"),
    Row(
        23,
        "Table 2-1",
        "data_sm on a transmitter",
        "TX",
        wire(DataSm(destination_addr=NUMBER, dest_addr_ton=1, tlvs=[TEXT])),
        "data_sm_resp ROK",
    ),
    Row(
        23,
        "Table 2-1",
        "data_sm on a receiver",
        "RX",
        wire(DataSm(destination_addr=NUMBER, dest_addr_ton=1, tlvs=[TEXT])),
        "data_sm_resp ROK",
    ),
    Row(24, "5.2.14", "priority 4", "TRX", submit(priority_flag=4), all_or_strict(OK, "submit_sm_resp RINVPRTFLG")),
    Row(
        24,
        "5.2.5",
        "a reserved source TON",
        "TRX",
        submit(source_addr_ton=7),
        all_or_strict(OK, "submit_sm_resp RINVSRCTON"),
    ),
    Row(
        24,
        "5.2.6",
        "a reserved source NPI",
        "TRX",
        submit(source_addr_npi=2),
        all_or_strict(OK, "submit_sm_resp RINVSRCNPI"),
    ),
    Row(
        24,
        "5.2.5",
        "a reserved destination TON",
        "TRX",
        submit(dest_addr_ton=7),
        all_or_strict(OK, "submit_sm_resp RINVDSTTON"),
    ),
    Row(
        24,
        "5.2.6",
        "a reserved destination NPI",
        "TRX",
        submit(dest_addr_npi=2),
        all_or_strict(OK, "submit_sm_resp RINVDSTNPI"),
    ),
    Row(
        24,
        "5.2.20",
        "an unknown predefined message",
        "TRX",
        submit(sm_default_msg_id=9),
        all_or_strict(OK, "submit_sm_resp RINVDFTMSGID"),
    ),
    Row(24, "4.4.1.1", "an empty source", "TRX", submit(source_addr=""), OK),
    Row(
        26,
        "4.2",
        "submit_sm and unbind in one write",
        "TRX",
        submit() + wire(Unbind()),
        "submit_sm_resp ROK, unbind_resp ROK closed",
    ),
    Row(28, "4.6.2", "a deliver_sm_resp to nothing", "TRX", wire(DeliverSmResp("odd")), "-"),
    Row(
        31,
        "5.2.19",
        "UCS2 of an odd length",
        "TRX",
        submit(data_coding=8, short_message=b"\4"),
        all_or_strict(OK, "submit_sm_resp RINVMSGLEN"),
    ),
    Row(31, "TS 23.038, 4", "flash", "TRX", submit(data_coding=0x10), OK),
]
CASES = [
    pytest.param(row, strictness, place, id=f"{row.trap}: {row.name}, {strictness}")
    for row in ROWS
    for place, strictness in enumerate(STRICTNESSES)
]


def shown(pdu: Pdu | None) -> str:
    if pdu is None:
        return f" {named(pdu)}"
    odd = "" if pdu.sequence_number == 77 or pdu.command_id == CommandId.GENERIC_NACK else f" #{pdu.sequence_number}"
    return f", {named(pdu)}{odd}"


@pytest.mark.parametrize(("row", "strictness", "place"), CASES)
def test_a_trap_is_answered_as_its_clause_says(
    connect: Callable[[], Any], row: Row, strictness: str, place: int
) -> None:
    peer = connect()
    if row.state in ("TX", "RX", "TRX"):
        assert peer.bind(row.state, strictness, 0x50 if strictness == "strict50" else 0x34).command_status == 0
    answers = [peer.ask(row.octets)] if row.state == "BINDING" else peer.exchange(row.octets)
    wanted = row.answers if isinstance(row.answers, str) else row.answers[place]
    assert ("".join(map(shown, answers)).removeprefix(", ") or "-") == wanted


def test_a_frame_that_cannot_be_cut_is_answered_with_number_0(connect: Callable[[], Any]) -> None:
    """4.3."""
    (nack, closed) = connect().exchange(raw(4, length=3))
    assert (nack.command_id, nack.command_status, nack.sequence_number) == (
        0x80000000,
        CommandStatus.ESME_RINVCMDLEN,
        0,
    )
    assert closed is None
