"""How a link ends, how full it may be, and how long it may be silent."""

import pytest

from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import CommandStatus
from smsc_emulator.smpp.errors import WindowFullError, WrongStateError
from smsc_emulator.smpp.pdus import (
    DeliverSm,
    EnquireLink,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from smsc_emulator.smpp.session import (
    Closed,
    CloseReason,
    Mistake,
    PeerUnbound,
    RequestTimedOut,
    ResponseReceived,
    Role,
    State,
)

# 4.2: unbind loses no answers


@pytest.mark.parametrize("leaver", Role)
def test_unbind_is_answered_once_the_outstanding_requests_are(joined, leaver: Role) -> None:
    pair = joined(State.BOUND_TRX)
    requests = pair.submit(2)
    pair.at(leaver).close(0.0)
    pair.exchange()
    assert pair.esme.state is pair.smsc.state is State.BOUND_TRX
    events = pair.answer(requests)
    assert [type(event) for event in events if isinstance(event, ResponseReceived)] == [ResponseReceived] * 2
    assert pair.esme.state is pair.smsc.state is State.UNBOUND
    assert pair.esme.closed
    assert pair.smsc.closed
    assert Closed(CloseReason.UNBOUND) in [*events, *pair.smsc.events()]


def test_the_answers_come_before_unbind_resp_and_the_close_after_it(joined) -> None:
    pair = joined(State.BOUND_TRX)
    smsc = pair.smsc
    smsc.receive(encode(SubmitSm(sequence_number=5)) + encode(Unbind(sequence_number=6)), 0.0)
    request, unbound = smsc.events()
    assert unbound == PeerUnbound()
    assert smsc.data_to_send() == b""
    assert not smsc.closed
    smsc.reply(request.pdu, SubmitSmResp("1"))
    assert smsc.events() == [Closed(CloseReason.UNBOUND)]
    assert not smsc.closed
    assert smsc.answers() == [SubmitSmResp("1", sequence_number=5), UnbindResp(sequence_number=6)]
    assert smsc.closed


def test_nothing_new_is_sent_or_taken_after_the_peers_unbind(joined) -> None:
    pair = joined(State.BOUND_TRX)
    pair.submit()
    (answer,) = pair.smsc.feed(Unbind(sequence_number=8), SubmitSm(sequence_number=9))
    assert answer == SubmitSmResp(command_status=CommandStatus.ESME_RINVBNDSTS, sequence_number=9)
    with pytest.raises(WrongStateError):
        pair.smsc.send(DeliverSm(), 0.0)


@pytest.mark.parametrize(
    ("leaver", "request_pdu", "status"),
    [
        (Role.SMSC, SubmitSm(sequence_number=9), CommandStatus.ESME_RSYSERR),
        (Role.ESME, DeliverSm(sequence_number=9), CommandStatus.ESME_RX_T_APPN),
    ],
)
def test_a_request_that_crosses_this_sides_unbind_may_be_tried_again(
    joined, leaver: Role, request_pdu: Pdu, status: CommandStatus
) -> None:
    leaving = joined(State.BOUND_TRX).at(leaver)
    leaving.close(0.0)
    unbind, answer = leaving.feed(request_pdu)
    assert type(unbind) is Unbind
    assert (answer.command_status, answer.sequence_number) == (status, 9)


def test_unbinds_that_cross_end_the_session_once(joined) -> None:
    pair = joined(State.BOUND_TRX)
    pair.esme.close(0.0)
    pair.smsc.close(0.0)
    pair.exchange()
    for session in (pair.esme, pair.smsc):
        assert session.closed
        assert session.events().count(Closed(CloseReason.UNBOUND)) == 1


def test_a_session_that_is_not_bound_closes_at_once(joined) -> None:
    pair = joined()
    pair.esme.close(0.0)
    assert pair.esme.closed
    assert pair.esme.data_to_send() == b""
    assert pair.esme.events() == [Closed(CloseReason.CLOSED)]


def test_close_twice_unbinds_once(joined) -> None:
    pair = joined(State.BOUND_TRX)
    pair.esme.close(0.0)
    pair.esme.close(0.0)
    assert pair.esme.answers() == [Unbind(sequence_number=2)]


# 2.5.2: the window


def test_a_full_window_refuses_to_send_until_an_answer_comes(joined) -> None:
    pair = joined(State.BOUND_TRX, window=2)
    requests = pair.submit(2)
    assert pair.esme.window_free == 0
    with pytest.raises(WindowFullError):
        pair.esme.send(SubmitSm(), 0.0)
    pair.answer(requests[:1])
    assert pair.esme.window_free == 1
    pair.esme.send(SubmitSm(), 0.0)


@pytest.mark.parametrize(
    ("overrun", "request_type", "status"),
    [
        (Role.SMSC, SubmitSm, CommandStatus.ESME_RTHROTTLED),
        (Role.ESME, DeliverSm, CommandStatus.ESME_RMSGQFUL),
    ],
)
def test_a_peer_that_overruns_its_window_is_told_to_wait(
    joined, overrun: Role, request_type: type[Pdu], status: CommandStatus
) -> None:
    session = joined(State.BOUND_TRX, window=2).at(overrun)
    (answer,) = session.feed(*(request_type(sequence_number=number) for number in (5, 6, 7)))
    assert (answer.command_status, answer.sequence_number) == (status, 7)
    first, second, mistake = session.events()
    assert mistake.kind is Mistake.WINDOW_OVERRUN
    session.refuse(first.pdu, CommandStatus.ESME_RSYSERR)
    session.data_to_send()
    assert session.feed(request_type(sequence_number=8)) == []
    assert second.pdu.sequence_number == 6


def test_an_account_may_have_a_window_of_its_own(joined) -> None:
    pair = joined(window=2)
    pair.bind(State.BOUND_TRX, window=5)
    assert pair.smsc.window_free == 5
    assert pair.smsc.feed(*(SubmitSm(sequence_number=number) for number in range(2, 7))) == []


# 7.2: the timers


def test_session_init_drops_a_peer_that_does_not_bind(joined) -> None:
    smsc = joined(session_init_timeout=5.0).smsc
    assert smsc.next_deadline() == 5.0
    smsc.handle_deadline(4.999)
    assert not smsc.closed
    smsc.receive(encode(EnquireLink(sequence_number=1)), 4.999)
    smsc.data_to_send()
    smsc.handle_deadline(5.0)
    assert smsc.events() == [Closed(CloseReason.SESSION_INIT_TIMEOUT)]
    assert smsc.closed


def test_a_bound_session_has_no_session_init(joined) -> None:
    pair = joined(State.BOUND_TRX, session_init_timeout=5.0, enquire_link_interval=0.0)
    assert pair.smsc.next_deadline() is None
    pair.smsc.handle_deadline(1000.0)
    assert not pair.smsc.closed


def test_the_esme_has_no_session_init(joined) -> None:
    assert joined(session_init_timeout=5.0).esme.next_deadline() is None


@pytest.mark.parametrize("role", Role)
def test_silence_is_asked_about_and_the_answer_keeps_the_link(joined, role: Role) -> None:
    pair = joined(State.BOUND_TRX, enquire_link_interval=60.0, response_timeout=30.0)
    asking = pair.at(role)
    for pair.now in (60.0, 120.0):
        assert asking.next_deadline() == pair.now
        asking.handle_deadline(pair.now)
        assert asking.window_free == 10
        pair.exchange()
        assert asking.events() == []
    assert asking.next_deadline() == 180.0


def test_a_silent_peer_is_given_up(joined) -> None:
    smsc = joined(State.BOUND_TRX, enquire_link_interval=60.0, response_timeout=30.0).smsc
    smsc.handle_deadline(60.0)
    assert [type(pdu) for pdu in smsc.answers()] == [EnquireLink]
    assert smsc.next_deadline() == 90.0
    smsc.handle_deadline(89.999)
    assert not smsc.closed
    smsc.handle_deadline(90.0)
    assert smsc.events() == [Closed(CloseReason.ENQUIRE_LINK_UNANSWERED)]
    assert smsc.closed


def test_a_peer_that_talks_but_leaves_enquire_link_unanswered_is_kept_and_noted(joined) -> None:
    pair = joined(State.BOUND_TRX, enquire_link_interval=60.0, response_timeout=30.0)
    pair.smsc.handle_deadline(60.0)
    pair.smsc.receive(encode(SubmitSm(sequence_number=9)), 70.0)
    pair.smsc.events()
    pair.smsc.handle_deadline(90.0)
    assert pair.smsc.mistakes() == [Mistake.ENQUIRE_LINK_UNANSWERED]
    assert not pair.smsc.closed


def test_inactivity_counts_everything_but_enquire_link(joined) -> None:
    pair = joined(State.BOUND_TRX, inactivity_timeout=100.0, enquire_link_interval=0.0)
    pair.smsc.receive(encode(SubmitSm(sequence_number=9)), 50.0)
    pair.smsc.receive(encode(EnquireLink(sequence_number=10)), 140.0)
    pair.smsc.data_to_send()
    pair.smsc.events()
    assert pair.smsc.next_deadline() == 150.0
    pair.smsc.handle_deadline(149.999)
    assert not pair.smsc.closed
    pair.smsc.handle_deadline(150.0)
    assert pair.smsc.events() == [Closed(CloseReason.INACTIVITY_TIMEOUT)]


def test_a_request_without_an_answer_times_out_and_frees_its_place(joined) -> None:
    pair = joined(State.BOUND_TRX, response_timeout=30.0, enquire_link_interval=0.0, window=2)
    first, second = SubmitSm(), SubmitSm()
    pair.esme.send(first, 0.0)
    pair.esme.send(second, 10.0)
    assert pair.esme.next_deadline() == 30.0
    pair.esme.handle_deadline(30.0)
    assert pair.esme.events() == [RequestTimedOut(first)]
    assert pair.esme.window_free == 1
    assert pair.esme.next_deadline() == 40.0
    pair.esme.data_to_send()
    assert pair.esme.feed(SubmitSmResp("late", sequence_number=first.sequence_number)) == []
    assert pair.esme.mistakes() == [Mistake.UNEXPECTED_RESPONSE]


def test_an_unbind_without_an_answer_ends_the_session(joined) -> None:
    pair = joined(State.BOUND_TRX, response_timeout=30.0, enquire_link_interval=0.0)
    pair.esme.close(100.0)
    assert pair.esme.next_deadline() == 130.0
    pair.esme.data_to_send()
    pair.esme.handle_deadline(130.0)
    assert pair.esme.events() == [Closed(CloseReason.UNBIND_UNANSWERED)]
    assert pair.esme.closed


@pytest.mark.parametrize("role", Role)
def test_timers_that_are_off_never_run_out(joined, role: Role) -> None:
    pair = joined(State.BOUND_TRX, enquire_link_interval=0.0, response_timeout=0.0)
    pair.esme.send(SubmitSm(), 0.0)
    session = pair.at(role)
    assert session.next_deadline() is None
    session.handle_deadline(1e9)
    assert session.events() == []
