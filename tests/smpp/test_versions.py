"""What the two sides agree on at the bind: the version, and the settings of the account."""

import pytest

from smsc_emulator.smpp.codec import ErrorBody, encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus, Tag
from smsc_emulator.smpp.errors import EncodeError, WrongStateError
from smsc_emulator.smpp.pdus import (
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BroadcastSm,
    CancelBroadcastSm,
    DataSm,
    DeliverSm,
    DistributionList,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    QueryBroadcastSm,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Tlv,
)
from smsc_emulator.smpp.session import Mistake, RequestReceived, SessionConfig, State
from smsc_emulator.smpp.states import EnquireLinkBeforeBind

# SMPP 5.0, 3.4 and 3.3 by negotiation


def bound_with(joined, version: int, **config: object):
    pair = joined(**config)
    pair.esme.send(BindTransceiver("esme", "secret", interface_version=version), 0.0)
    pair.exchange()
    pair.smsc.accept_bind(pair.request(), "lab")
    pair.exchange()
    pair.esme.events()
    return pair


BROADCASTS = [BroadcastSm(), QueryBroadcastSm(), CancelBroadcastSm()]


@pytest.mark.parametrize("pdu", BROADCASTS, ids=lambda pdu: type(pdu).__name__)
def test_the_broadcast_operations_belong_to_5_0(joined, pdu: Pdu) -> None:
    pair = bound_with(joined, 0x50)
    pair.esme.send(pdu, 0.0)
    pair.exchange()
    (event,) = pair.smsc.events()
    assert event == RequestReceived(pdu)
    earlier = bound_with(joined, 0x34)
    with pytest.raises(WrongStateError):
        earlier.esme.send(pdu, 0.0)
    assert earlier.smsc.feed(pdu) == [GenericNack(command_status=3, sequence_number=pdu.sequence_number)]


@pytest.mark.parametrize("version", [0x33, 0x34])
def test_an_smsc_may_speak_less_than_its_peer(joined, version: int) -> None:
    pair = bound_with(joined, 0x50, interface_version=version)
    assert pair.esme.interface_version == 0x34  # the bind response of a 3.3 SMSC has no TLV to tell it
    assert pair.smsc.interface_version == version


def test_an_esme_that_bound_with_3_4_speaks_3_4_to_an_smsc_of_5_0(joined) -> None:
    pair = bound_with(joined, 0x34)
    assert pair.esme.interface_version == pair.smsc.interface_version == 0x34


def test_a_version_may_be_left_untold(joined) -> None:
    """3.4: a SHOULD that some SMSCs leave out."""
    pair = joined(tells_version=False)
    pair.esme.send(BindTransceiver("esme", "secret"), 0.0)
    pair.exchange()
    pair.smsc.accept_bind(pair.request(), "lab")
    assert pair.smsc.answers() == [BindTransceiverResp("lab", sequence_number=1)]


def test_a_3_3_peer_has_no_data_sm(joined) -> None:
    """data_sm carries its text in a TLV, of which 3.3 has none."""
    pair = bound_with(joined, 0x33)
    with pytest.raises(WrongStateError):
        pair.smsc.send(DataSm(), 0.0)
    assert pair.smsc.feed(DataSm(sequence_number=4)) == [GenericNack(command_status=3, sequence_number=4)]


@pytest.mark.parametrize(("version", "most"), [(0x34, 254), (0x50, 255)])
def test_short_message_is_as_long_as_the_version_allows(joined, version: int, most: int) -> None:
    """5.2.21."""
    smsc = bound_with(joined, version).smsc
    long, longer = (SubmitSm(sequence_number=5, short_message=bytes(size)) for size in (most, most + 1))
    assert smsc.feed(long) == []
    if most < 255:
        assert smsc.feed(longer) == [SubmitSmResp(command_status=CommandStatus.ESME_RINVMSGLEN, sequence_number=5)]
    lenient = bound_with(joined, version, max_sm_length=255).smsc
    assert lenient.feed(SubmitSm(sequence_number=5, short_message=bytes(255))) == []


def test_a_text_of_255_octets_reaches_a_3_4_peer_in_message_payload(joined) -> None:
    pair = bound_with(joined, 0x34)
    pair.smsc.send(DeliverSm(short_message=bytes(255)), 0.0)
    assert pair.smsc.answers() == [DeliverSm(sequence_number=1, tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, bytes(255))])]
    with pytest.raises(EncodeError):
        bound_with(joined, 0x33).smsc.send(DeliverSm(short_message=bytes(255)), 0.0)


@pytest.mark.parametrize(
    ("version", "config", "status"),
    [
        (0x34, {}, CommandStatus.ESME_ROPTPARNOTALLWD),
        (0x34, {"payload_conflict": CommandStatus.ESME_RINVMSGLEN}, CommandStatus.ESME_RINVMSGLEN),
        (0x34, {"payload_conflict": CommandStatus.ESME_ROK}, None),
        (0x50, {}, None),
    ],
)
def test_short_message_and_message_payload_together(joined, version: int, config: dict, status: int | None) -> None:
    """3.2.3, 4.4.1 of 3.4; 5.0 takes message_payload."""
    smsc = bound_with(joined, version, **config).smsc
    both = SubmitSm(sequence_number=6, short_message=b"a", tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"b")])
    answers = smsc.feed(both)
    if status is None:
        (event,) = smsc.events()
        assert event == RequestReceived(SubmitSm(sequence_number=6, tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"b")]))
    else:
        assert answers == [SubmitSmResp(command_status=status, sequence_number=6)]


def test_a_5_0_peer_is_told_how_much_of_its_window_is_in_use(joined) -> None:
    pair = bound_with(joined, 0x50)
    requests = pair.submit(4)
    for request in requests:
        pair.smsc.reply(request, SubmitSmResp(message_id="1"))
    told = [answer.tlv(Tag.CONGESTION_STATE) for answer in pair.smsc.answers()]
    assert told == [bytes([percent]) for percent in (40, 30, 20, 10)]


def test_a_3_4_peer_is_not_told_of_congestion(joined) -> None:
    pair = bound_with(joined, 0x34)
    (request,) = pair.submit()
    pair.smsc.reply(request, SubmitSmResp(message_id="1"))
    assert pair.smsc.answers() == [SubmitSmResp("1", sequence_number=2)]


# 2.2, Table 2-1: enquire_link outside the bound states


@pytest.mark.parametrize("state", [State.OPEN, State.OUTBOUND, State.UNBOUND])
@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        (EnquireLinkBeforeBind.ANSWERED, [EnquireLinkResp(sequence_number=8)]),
        (EnquireLinkBeforeBind.REFUSED, [EnquireLinkResp(command_status=4, sequence_number=8)]),
        (EnquireLinkBeforeBind.IGNORED, []),
    ],
)
def test_enquire_link_outside_the_bound_states(
    joined, state: State, kind: EnquireLinkBeforeBind, answers: list[Pdu]
) -> None:
    pair = joined(state, enquire_link_before_bind=kind)
    assert pair.smsc.feed(EnquireLink(sequence_number=8)) == answers
    assert pair.smsc.state is state
    bound = joined(State.BOUND_TRX, enquire_link_before_bind=kind)
    assert bound.smsc.feed(EnquireLink(sequence_number=8)) == [EnquireLinkResp(sequence_number=8)]


# What an account changes once it is known


def test_a_bind_may_bring_settings_of_its_own(joined) -> None:
    pair = joined()
    pair.esme.send(BindTransceiver("esme", "secret"), 0.0)
    pair.exchange()
    own = SessionConfig(window=2, window_error=CommandStatus.ESME_RMSGQFUL, error_body=ErrorBody.FULL, strict=True)
    pair.smsc.accept_bind(pair.request(), "lab", config=own)
    pair.exchange()
    assert pair.smsc.window_free == 2
    pair.submit(2)
    assert pair.smsc.feed(SubmitSm(sequence_number=9)) == [SubmitSmResp(command_status=0x14, sequence_number=9)]
    pair.smsc.receive(encode(SubmitSm(sequence_number=9)), 0.0)
    assert pair.smsc.data_to_send()[16:] == b"\0"
    assert pair.smsc.feed(SubmitSm(sequence_number=9, service_type="12345", validity_period="1")) == [
        SubmitSmResp(command_status=CommandStatus.ESME_RINVEXPIRY, sequence_number=9)
    ]


def test_the_timers_of_an_account_begin_with_its_bind(joined) -> None:
    pair = joined()
    pair.esme.send(BindTransceiver("esme", "secret"), 0.0)
    pair.exchange()
    pair.smsc.accept_bind(pair.request(), "lab", config=SessionConfig(enquire_link_interval=3.0))
    assert pair.smsc.next_deadline() == 3.0


def test_an_operation_that_the_application_does_not_serve_is_not_supported(joined) -> None:
    served = SessionConfig().served - {CommandId.SUBMIT_MULTI}
    smsc = joined(State.BOUND_TRX, served=served).smsc
    pdu = SubmitMulti(sequence_number=3, dest_address=[DistributionList("list")])
    assert smsc.feed(pdu) == [SubmitMultiResp(command_status=CommandStatus.ESME_RINVCMDID, sequence_number=3)]
    assert smsc.mistakes() == [Mistake.NOT_SUPPORTED]


@pytest.mark.parametrize("bind", [BindTransmitter, BindReceiver, BindTransceiver])
@pytest.mark.parametrize("pdu", BROADCASTS, ids=lambda pdu: type(pdu).__name__)
def test_broadcasts_come_from_whoever_transmits(joined, bind: type[Bind], pdu: Pdu) -> None:
    pair = joined()
    pair.esme.send(bind("esme", "secret", interface_version=0x50), 0.0)
    pair.exchange()
    pair.smsc.accept_bind(pair.request(), "lab")
    pair.exchange()
    answers = pair.smsc.feed(pdu)
    if bind is BindReceiver:
        (answer,) = answers
        assert (answer.command_id, answer.command_status) == (pdu.command_id | 0x80000000, 4)
    else:
        assert answers == []
    assert pair.esme.feed(pdu)[0].command_status == CommandStatus.ESME_RINVBNDSTS
