"""What a session makes of a peer's mistakes, by the clauses of SMPP 3.4, and of garbage: it answers and carries on."""

import pytest
from frames import frame
from hypothesis import given, settings
from hypothesis import strategies as st

from smsc_emulator.smpp.codec import HEADER, encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus, Tag
from smsc_emulator.smpp.pdus import (
    PDU_TYPES,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Tlv,
    Unbind,
    UnknownPdu,
)
from smsc_emulator.smpp.session import (
    Closed,
    CloseReason,
    Mistake,
    ProtocolMistake,
    RequestReceived,
    ResponseReceived,
    Role,
    Session,
    SessionConfig,
    State,
)

STATES = [State.OPEN, State.OUTBOUND, State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX, State.UNBOUND]


# 4.3: command_length


@pytest.mark.parametrize("length", [0, 4, 15, 0x14001, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("state", STATES)
def test_a_wrong_length_gets_generic_nack_of_number_0_and_ends_the_stream(joined, state: State, length: int) -> None:
    pair = joined(state)
    smsc = pair.smsc
    smsc.receive(length.to_bytes(4), 0.0)
    assert not smsc.closed
    assert smsc.answers() == [GenericNack(command_status=CommandStatus.ESME_RINVCMDLEN, sequence_number=0)]
    assert smsc.closed
    assert smsc.state is State.CLOSED
    smsc.receive(encode(EnquireLink(sequence_number=1)), 0.0)
    assert smsc.data_to_send() == b""
    assert smsc.next_deadline() is None


def test_a_wrong_length_is_told_to_the_application_with_what_came_before(joined) -> None:
    pair = joined(State.BOUND_TRX)
    pair.smsc.receive(encode(SubmitSm(sequence_number=9)) + bytes(16), 0.0)
    request, mistake, closed = pair.smsc.events()
    assert isinstance(request, RequestReceived)
    assert isinstance(mistake, ProtocolMistake)
    assert closed == Closed(CloseReason.FRAMING)


# 3.3 and 4.3: what is unknown; more in test_states


def test_a_nack_is_the_answer_to_the_request_with_its_number(joined) -> None:
    pair = joined(State.BOUND_TRX)
    request = SubmitSm()
    pair.esme.send(request, 0.0)
    nack = GenericNack(command_status=CommandStatus.ESME_RINVCMDID, sequence_number=2)
    pair.esme.data_to_send()
    assert pair.esme.feed(nack) == []
    assert pair.esme.events() == [ResponseReceived(request, nack)]


def test_a_response_of_another_kind_answers_nothing(joined) -> None:
    pair = joined(State.BOUND_TRX)
    pair.esme.send(SubmitSm(), 0.0)
    pair.esme.data_to_send()
    assert pair.esme.feed(EnquireLinkResp(sequence_number=2)) == []
    assert pair.esme.mistakes() == [Mistake.MISMATCHED_RESPONSE]
    assert pair.esme.window_free == 9


def test_a_malformed_response_still_answers_its_request(joined) -> None:
    pair = joined(State.BOUND_TRX)
    request = SubmitSm()
    pair.esme.send(request, 0.0)
    pair.esme.data_to_send()
    pair.esme.receive(frame(CommandId.SUBMIT_SM_RESP, b"ab", number=2), 0.0)
    mistake, answer = pair.esme.events()
    assert isinstance(mistake, ProtocolMistake)
    assert answer == ResponseReceived(request, UnknownPdu(CommandId.SUBMIT_SM_RESP, b"ab", sequence_number=2))
    assert pair.esme.data_to_send() == b""


def test_a_vendors_status_survives(joined) -> None:
    pair = joined(State.BOUND_TRX)
    (request,) = pair.submit()
    pair.smsc.refuse(request, 0x428)
    pair.exchange()
    (event,) = pair.esme.events()
    assert event.response.command_status == 0x428


# 2.8 and Table 2-1: more in test_states


def test_a_request_out_of_place_leaves_the_session_as_it_was(joined) -> None:
    pair = joined(State.BOUND_RX)
    assert pair.smsc.feed(SubmitSm(sequence_number=5)) == [
        SubmitSmResp(command_status=CommandStatus.ESME_RINVBNDSTS, sequence_number=5)
    ]
    assert pair.smsc.mistakes() == [Mistake.WRONG_STATE]
    pair.smsc.send(DeliverSm(), 0.0)


def test_a_second_bind_is_refused_while_the_first_waits_for_its_answer(joined) -> None:
    """Table 5-2: ESME_RALYBND."""
    pair = joined()
    pair.esme.send(BindTransceiver("esme", "secret"), 0.0)
    pair.exchange()
    request = pair.request()
    (answer,) = pair.smsc.feed(BindTransmitter("esme", "secret", sequence_number=2))
    assert answer.command_id == CommandId.BIND_TRANSMITTER_RESP
    assert answer.command_status == CommandStatus.ESME_RALYBND
    pair.smsc.accept_bind(request, "lab")
    pair.exchange()
    assert pair.esme.state is State.BOUND_TRX


# 3.1, 3.2: malformed bodies get a response of their own kind, and the session carries on; more in test_decode_errors

MALFORMED = {
    "3.1.1: a password of 9 characters, strictly": (
        State.OPEN,
        BindTransceiver("esme", "secret789"),
        CommandStatus.ESME_RINVPASWD,
    ),
    "5.2.21: no sm_length": (State.BOUND_TRX, SubmitSm(), CommandStatus.ESME_RINVCMDLEN),
    "4.4.1: text in two places": (
        State.BOUND_TRX,
        SubmitSm(short_message=b"a", tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"b")]),
        CommandStatus.ESME_ROPTPARNOTALLWD,
    ),
    "5.3.2: a segment number of two octets": (
        State.BOUND_TRX,
        SubmitSm(tlvs=[Tlv(Tag.SAR_SEGMENT_SEQNUM, b"\0\1")]),
        CommandStatus.ESME_RINVOPTPARAMVAL,
    ),
    "3.2.4: half a TLV behind enquire_link": (
        State.BOUND_TRX,
        EnquireLink(tlvs=[Tlv(0x1400, b"x")]),
        CommandStatus.ESME_RINVOPTPARSTREAM,
    ),
    "3.2.4: half a TLV behind unbind": (
        State.BOUND_TRX,
        Unbind(tlvs=[Tlv(0x1400, b"x")]),
        CommandStatus.ESME_RINVOPTPARSTREAM,
    ),
}
CUT = {CommandStatus.ESME_RINVCMDLEN: 1, CommandStatus.ESME_RINVOPTPARSTREAM: 1}


@pytest.mark.parametrize(("state", "pdu", "status"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_gets_its_own_response(joined, state: State, pdu: Pdu, status: CommandStatus) -> None:
    smsc = joined(state, strict=True).smsc
    pdu.sequence_number = 6
    wire = encode(pdu)
    body = wire[HEADER.size : len(wire) - CUT.get(status, 0)]
    smsc.receive(frame(pdu.command_id, body, number=6), 0.0)
    (answer,) = smsc.answers()
    assert answer == PDU_TYPES[pdu.command_id | 0x80000000](command_status=status, sequence_number=6)
    assert smsc.state is state
    assert smsc.mistakes() == [Mistake.MALFORMED]
    assert smsc.feed(EnquireLink(sequence_number=7)) == [EnquireLinkResp(sequence_number=7)]


def test_a_lenient_session_passes_a_long_password_on(joined) -> None:
    pair = joined()
    pair.esme.send(BindTransceiver("esme", "p" * 64), 0.0)
    pair.exchange()
    assert pair.request().password == "p" * 64


# 3.2.1: command_status in a request


def test_a_status_in_a_request_is_noted_and_put_up_with(joined) -> None:
    pair = joined(State.BOUND_TRX)
    pair.smsc.receive(encode(SubmitSm(command_status=0x58, sequence_number=3)), 0.0)
    mistake, request = pair.smsc.events()
    assert mistake == ProtocolMistake(Mistake.STATUS_IN_REQUEST, "submit_sm with ESME_RTHROTTLED")
    assert isinstance(request, RequestReceived)


# Garbage


@settings(deadline=None, max_examples=200)
@given(st.lists(st.binary(max_size=60), max_size=10), st.sampled_from(list(Role)), st.booleans())
def test_no_octets_raise_out_of_receive(chunks: list[bytes], role: Role, strict: bool) -> None:
    session = Session(role, SessionConfig(strict=strict), 0.0)
    for chunk in chunks:
        session.receive(chunk, 0.0)
    session.data_to_send()
    assert all(isinstance(event, ProtocolMistake | Closed | RequestReceived) for event in session.events())


FRAMES = st.builds(
    frame,
    st.one_of(st.sampled_from(list(PDU_TYPES)), st.integers(0, 0xFFFFFFFF)),
    st.binary(max_size=60),
    st.sampled_from([0, 0, 0, 3, 0xFFFFFFFF]),
    st.integers(0, 5),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(FRAMES, max_size=12), st.sampled_from(list(Role)), st.booleans())
def test_framed_garbage_leaves_the_session_able_to_answer_enquire_link(
    frames: list[bytes], role: Role, strict: bool
) -> None:
    session = Session(role, SessionConfig(strict=strict), 0.0)
    session.receive(b"".join(frames), 0.0)
    session.data_to_send()
    session.receive(encode(EnquireLink(sequence_number=99)), 0.0)
    assert session.data_to_send() == encode(EnquireLinkResp(sequence_number=99))
