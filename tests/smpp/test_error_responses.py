"""Responses that tell an error: the bodies that operators send with them, and that are read."""

import pytest
from frames import frame

from smsc_emulator.smpp.codec import HEADER, ErrorBody, decode, encode
from smsc_emulator.smpp.constants import CommandId, Tag
from smsc_emulator.smpp.pdus import (
    PDU_TYPES,
    BindReceiverResp,
    DataSmResp,
    DeliverSmResp,
    Pdu,
    QuerySmResp,
    SubmitMultiResp,
    SubmitSmResp,
    Tlv,
    UnsuccessSme,
)

ERROR_BODIES = {
    # the shape          submit_sm_resp  bind_receiver_resp  submit_multi_resp
    ErrorBody.BY_CLAUSE: (b"", b"", b"\0\0"),
    ErrorBody.HEADER_ONLY: (b"", b"", b""),
    ErrorBody.EMPTY_MESSAGE_ID: (b"\0", b"", b"\0\0"),
    ErrorBody.FULL: (b"\0", b"\0", b"\0\0"),
}


@pytest.mark.parametrize(("shape", "bodies"), ERROR_BODIES.items())
def test_an_error_response_has_the_body_that_the_operator_sends(shape: ErrorBody, bodies: tuple[bytes, ...]) -> None:
    """4.1.2, 4.1.4, 4.4.2; 4.5, 4.7 and 4.8 say nothing."""
    errors = (SubmitSmResp(command_status=8), BindReceiverResp(command_status=8), SubmitMultiResp(command_status=8))
    assert tuple(encode(pdu, error_body=shape)[HEADER.size :] for pdu in errors) == bodies
    assert len(encode(SubmitSmResp(), error_body=shape)) == HEADER.size + 1


@pytest.mark.parametrize(
    "pdu",
    [
        SubmitMultiResp(command_status=0x45, unsuccess_sme=[UnsuccessSme(1, 1, "7", 11)]),
        SubmitSmResp(command_status=8, message_id="1", tlvs=[Tlv(Tag.CONGESTION_STATE, b"\1")]),
    ],
)
def test_an_operator_of_bare_headers_sends_nothing_else_with_an_error(pdu: Pdu) -> None:
    assert len(encode(pdu, error_body=ErrorBody.HEADER_ONLY)) == HEADER.size
    assert len(encode(pdu, error_body=ErrorBody.BY_CLAUSE)) > HEADER.size


ERROR_SHAPES = {
    "header only": (b"", SubmitSmResp(command_status=8, sequence_number=1)),
    "an empty message_id": (b"\0", SubmitSmResp(command_status=8, sequence_number=1)),
    "a whole body": (b"17\0", SubmitSmResp(command_status=8, sequence_number=1, message_id="17")),
}


@pytest.mark.parametrize(("body", "pdu"), ERROR_SHAPES.values(), ids=ERROR_SHAPES)
def test_an_error_response_is_read_with_and_without_its_body(body: bytes, pdu: Pdu) -> None:
    assert decode(frame(CommandId.SUBMIT_SM_RESP, body, status=8), strict=True) == pdu


@pytest.mark.parametrize("pdu_type", [kind for kind in PDU_TYPES.values() if kind.command_id & 0x80000000])
def test_any_error_response_is_read_without_its_body(pdu_type: type[Pdu]) -> None:
    expected = pdu_type(command_status=0x45, sequence_number=1)
    assert decode(frame(pdu_type.command_id, b"", status=0x45), strict=True) == expected


def test_responses_that_keep_their_body_on_error_do_so() -> None:
    for pdu, body in (
        (SubmitMultiResp(command_status=3), b"\0\0"),
        (DataSmResp(command_status=3), b"\0"),
        (QuerySmResp(command_status=3), b"\0\0\0\0"),
        (DeliverSmResp(command_status=3), b"\0"),
        (BindReceiverResp(command_status=3), b""),
    ):
        assert encode(pdu)[HEADER.size :] == body
