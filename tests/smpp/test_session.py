"""Two cores joined without a socket: what they do for each other, by the clauses of SMPP 3.4."""

import pytest

from smsc_emulator.smpp.codec import HEADER, encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus, Tag
from smsc_emulator.smpp.errors import EncodeError, WindowFullError, WrongStateError
from smsc_emulator.smpp.pdus import (
    AlertNotification,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    SubmitSm,
    SubmitSmResp,
    Tlv,
    UnknownPdu,
)
from smsc_emulator.smpp.session import (
    Mistake,
    NoticeReceived,
    ProtocolMistake,
    RequestReceived,
    ResponseReceived,
    State,
)
from smsc_emulator.smpp.window import Window


@pytest.mark.parametrize("state", [State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX])
def test_a_bind_is_accepted_by_the_application(joined, state: State) -> None:
    assert joined(state).smsc.state is state


def test_the_esme_hears_of_its_accepted_bind(joined) -> None:
    pair = joined()
    bind = BindTransceiver("esme", "secret")
    pair.esme.send(bind, 0.0)
    pair.exchange()
    pair.smsc.accept_bind(pair.request(), "lab")
    pair.exchange()
    assert pair.esme.events() == [
        ResponseReceived(
            bind,
            BindTransceiverResp("lab", sequence_number=1, tlvs=[Tlv(Tag.SC_INTERFACE_VERSION, b"\x34")]),
        )
    ]


def test_messages_go_both_ways_and_their_answers_in_any_order(joined) -> None:
    """2.5.2: responses are matched by sequence_number."""
    pair = joined(State.BOUND_TRX)
    first, second = pair.submit(2)
    events = pair.answer([second, first])
    assert [event.response.sequence_number for event in events] == [3, 2]
    assert [event.request.sequence_number for event in events] == [3, 2]
    pair.smsc.send(DeliverSm(short_message=b"hi"), 0.0)
    pair.exchange()
    (event,) = pair.esme.events()
    pair.esme.reply(event.pdu, DeliverSmResp())
    pair.exchange()
    (event,) = pair.smsc.events()
    assert event.response == DeliverSmResp(sequence_number=1)


def test_octets_may_come_one_by_one(joined) -> None:
    pair = joined(State.BOUND_TRX)
    for _ in range(3):
        pair.esme.send(SubmitSm(short_message=b"hi"), 0.0)
    for octet in pair.esme.data_to_send():
        pair.smsc.receive(bytes([octet]), 0.0)
    assert len(pair.smsc.events()) == 3


def test_an_answer_to_a_link_that_has_gone_is_dropped(joined) -> None:
    pair = joined(State.BOUND_TRX)
    requests = pair.submit(2)
    pair.smsc.link_lost()
    pair.smsc.reply(requests[0], SubmitSmResp(message_id="1"))
    assert pair.smsc.data_to_send() == b""


def test_a_second_answer_is_dropped(joined) -> None:
    pair = joined(State.BOUND_TRX)
    (request,) = pair.submit()
    pair.smsc.reply(request, SubmitSmResp(message_id="1"))
    pair.smsc.refuse(request, CommandStatus.ESME_RSYSERR)
    assert pair.smsc.answers() == [SubmitSmResp("1", sequence_number=2)]


def test_an_answer_that_cannot_be_encoded_leaves_the_request_to_be_answered(joined) -> None:
    pair = joined(State.BOUND_TRX)
    (request,) = pair.submit()
    with pytest.raises(EncodeError):
        pair.smsc.reply(request, SubmitSmResp(message_id="a\0b"))
    assert len(pair.answer([request])) == 1


def test_many_requests_are_sent_and_answered_as_one_by_one(joined) -> None:
    pair = joined(State.BOUND_TRX, window=3)
    fits, too_long = SubmitSm(short_message=b"1"), SubmitSm(source_addr="1" * 22)
    numbers = pair.esme.send_all([fits, too_long, SubmitSm(short_message=b"2")], 0.0)
    assert (numbers[1], pair.esme.window_free) == (0, 1)
    with pytest.raises(WindowFullError):
        pair.esme.send_all([SubmitSm(), SubmitSm()], 0.0)
    pair.exchange()
    requests = [event.pdu for event in pair.smsc.events()]
    assert [pdu.short_message for pdu in requests] == [b"1", b"2"]
    answers = [(request, SubmitSmResp(message_id=str(n))) for n, request in enumerate(requests)]
    pair.smsc.reply_all([*answers, *answers])
    pair.exchange()
    answered = [(event.request.sequence_number, event.response.message_id) for event in pair.esme.events()]
    assert answered == [(numbers[0], "0"), (numbers[2], "1")]
    with pytest.raises(WrongStateError):
        pair.smsc.send_all([SubmitSm()], 0.0)


def test_the_requests_left_without_answers_are_handed_back(joined) -> None:
    pair = joined(State.BOUND_TRX)
    sent = [SubmitSm(short_message=bytes([n])) for n in range(3)]
    for pdu in sent:
        pair.esme.send(pdu, 0.0)
    pair.exchange()
    requests = [event.pdu for event in pair.smsc.events()]
    pair.answer(requests[1:2])
    assert pair.esme.link_lost() == [sent[0], sent[2]]
    assert pair.esme.closed
    with pytest.raises(WrongStateError):
        pair.esme.send(SubmitSm(), 0.0)


def test_a_request_that_does_not_fit_its_fields_is_not_sent_and_takes_no_place(joined) -> None:
    pair = joined(State.BOUND_TRX)
    with pytest.raises(EncodeError):
        pair.esme.send(SubmitSm(service_type="too long"), 0.0)
    assert pair.esme.window_free == 10
    assert pair.esme.data_to_send() == b""


def test_served_operations_are_the_applications(joined) -> None:
    pair = joined(State.BOUND_RX, served=frozenset({CommandId.DATA_SM}))
    pair.esme.send(DataSm(destination_addr="7"), 0.0)
    pair.exchange()
    (event,) = pair.smsc.events()
    pair.smsc.reply(event.pdu, DataSmResp("1"))
    pair.exchange()
    assert isinstance(pair.esme.events()[0], ResponseReceived)


def test_a_vendors_own_request_can_be_sent_and_its_nack_is_its_answer(joined) -> None:
    pair = joined(State.BOUND_TRX)
    request = UnknownPdu(0x10001, b"vendor")
    pair.esme.send(request, 0.0)
    pair.exchange()
    assert pair.esme.events() == [ResponseReceived(request, GenericNack(command_status=3, sequence_number=2))]
    assert pair.esme.window_free == 10


def test_an_alert_is_a_notice(joined) -> None:
    """4.12: alert_notification has no response and waits for none."""
    pair = joined(State.BOUND_RX)
    alert = AlertNotification(source_addr="70000000001")
    pair.smsc.send(alert, 0.0)
    assert pair.smsc.window_free == 10
    pair.exchange()
    assert pair.esme.events() == [NoticeReceived(alert)]


def test_a_bind_receiver_completes_an_outbind_on_the_same_connection(joined) -> None:
    """2.2.1."""
    pair = joined(State.OUTBOUND)
    pair.bind(State.BOUND_RX)
    assert pair.smsc.state is State.BOUND_RX


# 4.11: enquire_link in every state; more in test_states


def test_enquire_link_is_answered_while_a_bind_waits(joined) -> None:
    pair = joined()
    pair.esme.send(BindTransceiver("esme", "wrong"), 0.0)
    pair.exchange()
    assert pair.smsc.feed(EnquireLink(sequence_number=8)) == [EnquireLinkResp(sequence_number=8)]


# Table 5-2 and 4.1.2: a refused bind


@pytest.mark.parametrize("bind", [BindTransmitter, BindTransceiver])
def test_a_refused_bind_gets_a_header_and_may_be_tried_again(joined, bind: type[BindTransmitter]) -> None:
    pair = joined()
    pair.esme.send(bind("esme", "wrong"), 0.0)
    pair.exchange()
    pair.smsc.refuse(pair.request(), CommandStatus.ESME_RINVPASWD)
    octets = pair.smsc.data_to_send()
    assert octets == HEADER.pack(16, bind.command_id | 0x80000000, CommandStatus.ESME_RINVPASWD, 1)
    pair.esme.receive(octets, 0.0)
    assert pair.esme.state is pair.smsc.state is State.OPEN
    pair.esme.events()
    pair.bind(State.BOUND_TRX)


# 3.4: versions


@pytest.mark.parametrize("version", [0x00, 0x33])
def test_a_peer_of_version_3_3_gets_no_tlvs(joined, version: int) -> None:
    pair = joined()
    pair.esme.send(BindTransceiver("esme", "secret", interface_version=version), 0.0)
    pair.exchange()
    pair.smsc.accept_bind(pair.request(), "lab")
    assert pair.smsc.answers() == [BindTransceiverResp("lab", sequence_number=1)]
    assert pair.smsc.interface_version == 0x33
    receipt = DeliverSm(short_message=b"id:1", tlvs=[Tlv(Tag.RECEIPTED_MESSAGE_ID, b"1\0")])
    pair.smsc.send(receipt, 0.0)
    assert pair.smsc.answers() == [DeliverSm(short_message=b"id:1", sequence_number=1)]
    with pytest.raises(EncodeError):
        pair.smsc.send(DeliverSm(tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"lost otherwise")]), 0.0)


@pytest.mark.parametrize("version", [0x50, 0x51, 0xFF])
def test_a_peer_of_version_5_0_is_told_so_and_a_later_one_gets_5_0_too(joined, version: int) -> None:
    pair = joined()
    pair.esme.send(BindTransceiver("esme", "secret", interface_version=version), 0.0)
    pair.exchange()
    pair.smsc.accept_bind(pair.request(), "lab")
    (response,) = pair.smsc.answers()
    assert response.tlv(Tag.SC_INTERFACE_VERSION) == b"\x50"
    assert pair.smsc.interface_version == 0x50


# 5.1.4: sequence numbers


@pytest.mark.parametrize("number", [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_any_number_is_echoed(joined, number: int) -> None:
    pair = joined(State.BOUND_TRX)
    pair.smsc.receive(encode(SubmitSm(sequence_number=number)), 0.0)
    events = pair.smsc.events()
    (request,) = [event.pdu for event in events if isinstance(event, RequestReceived)]
    pair.smsc.reply(request, SubmitSmResp("1"))
    assert pair.smsc.answers() == [SubmitSmResp("1", sequence_number=number)]
    odd = number in (0, 0x80000000, 0xFFFFFFFF)
    assert [event.kind for event in events if isinstance(event, ProtocolMistake)] == [Mistake.SEQUENCE_NUMBER] * odd


def test_requests_with_one_number_get_an_answer_each(joined) -> None:
    pair = joined(State.BOUND_TRX)
    pair.smsc.receive(encode(SubmitSm(sequence_number=4)) * 2, 0.0)
    for number, event in enumerate(pair.smsc.events()):
        pair.smsc.reply(event.pdu, SubmitSmResp(str(number)))
    assert pair.smsc.answers() == [SubmitSmResp("0", sequence_number=4), SubmitSmResp("1", sequence_number=4)]


def test_own_numbers_go_from_1_to_7fffffff_and_start_again_over_those_in_use() -> None:
    window = Window(10, 30.0, first_sequence_number=0x7FFFFFFE)
    drawn = []
    for _ in range(3):
        drawn.append(window.draw())
        window.add(EnquireLink(sequence_number=drawn[-1]), 0.0)
    assert drawn == [0x7FFFFFFE, 0x7FFFFFFF, 1]
    again = Window(10, 30.0, first_sequence_number=0x7FFFFFFF)
    again.add(EnquireLink(sequence_number=1), 0.0)
    assert [again.draw(), again.draw()] == [0x7FFFFFFF, 2]


def test_numbers_of_both_directions_are_independent(joined) -> None:
    pair = joined(State.BOUND_TRX)
    assert pair.esme.send(SubmitSm(), 0.0) == 2
    assert pair.smsc.send(DeliverSm(), 0.0) == 1
