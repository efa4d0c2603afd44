"""One session's submits and answers, without a socket, on a time of the test's own."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.load.exchange import LINK_LOST, NO_SMPP, NOT_SENT, UNANSWERED, Exchange
from gateway.load.messages import frames, wording
from gateway.load.pace import Pace
from gateway.load.receipts import MISSING, SAME_ID, UNKNOWN, Receipts
from gateway.load.record import Record
from gateway.load.supply import Budget, Paced, Supply, Windowed
from smsc_emulator.smpp import codec, receipts
from smsc_emulator.smpp.constants import MessageState
from smsc_emulator.smpp.errors import FramingError
from smsc_emulator.smpp.framing import Framer
from smsc_emulator.smpp.pdus import (
    DataSm,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Tlv,
    Unbind,
    UnbindResp,
)

MS = 1000


class Session:
    """An exchange, and its peer's side of it."""

    def __init__(self, supply: Supply, *, receipts: bool = False) -> None:
        self.record = Record("answer", ("receipt", "sending"))
        self.receipts = Receipts(self.record) if receipts else None
        composed = frames([wording("hello")], ["+70000000001", "+70000000002"], "bank", receipts=receipts)
        self.exchange = Exchange(composed, 0, supply, self.record, self.receipts)
        self._framer = Framer(70_000)

    def sent(self, now: int) -> list[SubmitSm]:
        return [pdu for pdu in self.read(self.exchange.send(now)) if isinstance(pdu, SubmitSm)]

    def read(self, octets: bytes) -> list[Pdu]:
        return [codec.decode(frame) for frame in self._framer.cut(octets)]

    def take(self, now: int, *pdus: Pdu) -> list[Pdu]:
        return self.read(self.exchange.receive(b"".join(map(codec.encode, pdus)), now))


def answer(request: Pdu, status: int = 0, message_id: str = "1") -> Pdu:
    return SubmitSmResp(message_id=message_id, command_status=status, sequence_number=request.sequence_number)


def windowed(window: int, count: int = 1000) -> Windowed:
    return Windowed(Budget(count, 10**9), window)


@pytest.fixture
def session() -> Callable[..., Session]:
    return lambda window=3, count=1000, **more: Session(windowed(window, count), **more)


def test_as_many_are_open_as_the_window_takes(session: Callable[..., Session]) -> None:
    one = session(window=3)
    first = one.sent(0)
    assert [pdu.sequence_number for pdu in first] == [1, 2, 3]
    assert one.sent(1) == []
    one.take(5 * MS, answer(first[1]))
    assert [pdu.sequence_number for pdu in one.sent(5 * MS)] == [4]
    assert one.exchange.open == 3


def test_texts_go_to_the_numbers_in_turn(session: Callable[..., Session]) -> None:
    assert [pdu.destination_addr for pdu in session(window=3).sent(0)] == ["70000000001", "70000000002", "70000000001"]


def test_no_more_is_sent_than_was_asked_for_and_nothing_after_the_end() -> None:
    assert len(Session(Windowed(Budget(2, 10**9), 5)).sent(0)) == 2
    assert Session(Windowed(Budget(2, 100), 5)).sent(100) == []


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_answers_may_come_in_pieces(session: Callable[..., Session], cut: int) -> None:
    one = session(window=3)
    octets = b"".join(codec.encode(answer(pdu)) for pdu in one.sent(0))
    for at in range(0, len(octets), cut):
        one.exchange.receive(octets[at : at + cut], 2 * MS)
    assert (one.record.answered, one.record.latencies.largest, one.exchange.open) == (3, 2 * MS, 0)


def test_each_error_is_counted_by_its_name_and_not_as_a_latency(session: Callable[..., Session]) -> None:
    one = session(window=3)
    first, second, third = one.sent(0)
    nack = GenericNack(command_status=3, sequence_number=third.sequence_number)
    one.take(MS, answer(first, 0x58), answer(second), nack)
    assert one.record.errors == {"ESME_RTHROTTLED": 1, "ESME_RINVCMDID": 1}
    assert one.record.answered == 1


def test_what_is_not_answered_in_time_frees_its_place(session: Callable[..., Session]) -> None:
    one = session(window=2)
    first, second = one.sent(0)
    one.exchange.give_up(0, 100 * MS)
    one.take(50 * MS, answer(first))
    assert len(one.sent(60 * MS)) == 1
    one.exchange.give_up(100 * MS, 100 * MS)
    assert one.record.errors == {UNANSWERED: 1}
    assert len(one.sent(101 * MS)) == 1
    one.take(102 * MS, answer(second))
    assert one.record.notes == {"answers to nothing, or too late": 1}


def test_what_is_open_is_lost_with_its_link(session: Callable[..., Session]) -> None:
    one = session(window=2)
    one.sent(0)
    one.exchange.lost(MS)
    one.exchange.begin()
    assert one.record.errors == {LINK_LOST: 2}
    assert [pdu.sequence_number for pdu in one.sent(2 * MS)] == [1, 2]


def test_a_stall_is_seen_by_all_that_were_meant_to_go_out_in_it() -> None:
    """1,000 a second for a second, a window of 10, and a peer that says nothing from 300 to 500 ms."""
    one = Session(Paced(Pace(1000), 10, 0, 1, 1000, 10**6))
    waiting: list[Pdu] = []
    for now in range(0, 1_100 * MS, MS):
        waiting += one.sent(now)
        if not 300 * MS <= now < 500 * MS and waiting:
            one.take(now, *(answer(pdu) for pdu in waiting))
            waiting = []
    assert one.record.answered == 1000
    latencies = one.record.latencies
    assert latencies.percentile(75) <= 1.01 * MS
    # 200 were meant to go out in the stall, and 22 more while those were caught up with, ten in a millisecond.
    assert [latencies.percentile(share) / MS for share in (85, 90, 95, 100)] == pytest.approx([65, 110, 155, 200], 0.03)
    # But for the ten that the peer held, all of that was spent before they were sent: from then on they look quick.
    assert one.record.others["sending"].percentile(95) / MS == pytest.approx(146, 0.03)


def test_what_the_window_never_had_room_for_is_told() -> None:
    one = Session(Paced(Pace(1000), 10, 0, 1, 100, 10**6))
    one.sent(10**6)
    one.exchange.close(10**6)
    assert one.record.errors == {UNANSWERED: 10, NOT_SENT: 90}


def test_sessions_share_a_pace() -> None:
    sessions = [Session(Paced(Pace(1000), 100, number, 3, 10, 10**6)) for number in range(3)]
    assert [len(one.sent(10**6)) for one in sessions] == [4, 3, 3]


def test_the_peer_is_answered(session: Callable[..., Session]) -> None:
    one = session()
    requests: list[Pdu] = [EnquireLink(sequence_number=5), DeliverSm(sequence_number=6), Unbind(sequence_number=7)]
    answers = one.take(0, *requests)
    assert [(type(pdu), pdu.sequence_number) for pdu in answers] == [
        (EnquireLinkResp, 5),
        (DeliverSmResp, 6),
        (UnbindResp, 7),
    ]
    assert one.exchange.over


def test_octets_that_are_no_smpp_are_told(session: Callable[..., Session]) -> None:
    with pytest.raises(FramingError):
        session().exchange.receive(b"HTTP/1.1 400 Bad Request\r\n", 0)


def test_answers_before_octets_that_are_no_smpp_are_counted(session: Callable[..., Session]) -> None:
    one = session(window=3)
    first, second, _ = one.sent(0)
    with pytest.raises(FramingError):
        one.exchange.receive(codec.encode(answer(first)) + codec.encode(answer(second)) + b"\xff" * 16, MS)
    one.exchange.lost(MS)
    assert (one.record.sent, one.record.answered, one.record.errors) == (3, 2, {LINK_LOST: 1})
    assert one.record.notes == {NO_SMPP: 1}


# Receipts.


def receipt(message_id: str, state: int = MessageState.DELIVERED, **more: Any) -> DeliverSm:
    text = receipts.build(message_id, state, submit_date=0, done_date=0)
    return DeliverSm(esm_class=4, short_message=text.encode(), sequence_number=9, **more)


@pytest.fixture
def asking(session: Callable[..., Session]) -> tuple[Session, list[SubmitSm]]:
    one = session(window=2, count=2, receipts=True)
    return one, one.sent(0)


def test_a_receipt_is_matched_timed_and_acknowledged(asking: tuple[Session, list[SubmitSm]]) -> None:
    one, (first, second) = asking
    answers = one.take(MS, answer(first, message_id="11"), answer(second, message_id="12"), receipt("12"))
    assert one.record.delivered_at == MS
    assert [(type(pdu), pdu.sequence_number) for pdu in answers] == [(DeliverSmResp, 9)]
    one.take(3 * MS, receipt("11", MessageState.UNDELIVERABLE))
    assert one.receipts is not None
    assert one.receipts.expected == 0
    assert (one.record.others["receipt"].count, one.record.others["receipt"].largest) == (2, 3 * MS)
    assert one.record.notes == {"receipts that tell UNDELIV": 1}
    one.take(9 * MS, EnquireLink(), UnbindResp())
    assert one.record.delivered_at == 3 * MS


def test_a_receipt_may_come_before_the_answer(asking: tuple[Session, list[SubmitSm]]) -> None:
    one, (first, _) = asking
    one.take(MS, receipt("11"))
    one.take(2 * MS, answer(first, message_id="11"))
    assert one.record.others["receipt"].largest == MS


@pytest.mark.parametrize(("told", "in_receipt"), [("3b9aca01", "1000000001"), ("0000000255", "FF"), ("FF", "255")])
def test_ids_are_matched_over_the_ways_operators_write_them(
    asking: tuple[Session, list[SubmitSm]], told: str, in_receipt: str
) -> None:
    one, (first, _) = asking
    one.take(MS, answer(first, message_id=told), receipt(in_receipt))
    assert one.record.others["receipt"].count == 1


def test_a_receipt_may_tell_its_id_by_tlvs_alone_and_come_as_data_sm(asking: tuple[Session, list[SubmitSm]]) -> None:
    one, (first, second) = asking
    tlvs = [[Tlv(*tlv) for tlv in receipts.tlvs(message_id, MessageState.DELIVERED)] for message_id in ("11", "12")]
    one.take(MS, answer(first, message_id="11"), answer(second, message_id="12"))
    one.take(2 * MS, DeliverSm(esm_class=4, tlvs=tlvs[0]), DataSm(esm_class=4, tlvs=tlvs[1]))
    assert one.record.others["receipt"].count == 2


def test_missing_and_repeated_receipts_are_told(asking: tuple[Session, list[SubmitSm]]) -> None:
    one, (first, second) = asking
    one.take(MS, answer(first, message_id="11"), answer(second, message_id="12"))
    one.take(2 * MS, receipt("11"), receipt("11"), DeliverSm(esm_class=0x20), DeliverSm())
    assert one.receipts is not None
    one.receipts.close(3 * MS)
    assert one.record.errors == {MISSING: 1}
    assert one.record.notes == {UNKNOWN: 1, "intermediate notifications": 1, "other deliveries": 1}


def test_a_delivery_that_cannot_be_read_is_told(asking: tuple[Session, list[SubmitSm]]) -> None:
    one, _ = asking
    whole = codec.encode(DeliverSm(esm_class=4, short_message=b"hello"))
    spoilt = (len(whole) - 2).to_bytes(4) + whole[4:-2]
    one.exchange.receive(spoilt, 0)
    assert one.record.notes == {"deliver_sm that cannot be read": 1}


def test_a_receipt_in_another_spelling_may_come_before_the_answer(asking: tuple[Session, list[SubmitSm]]) -> None:
    one, (first, _) = asking
    one.take(MS, receipt("3E9"))
    one.take(2 * MS, answer(first, message_id="1001"))
    assert (one.record.others["receipt"].largest, one.record.notes) == (MS, {})


def test_a_repeated_receipt_is_not_taken_for_that_of_another_message(asking: tuple[Session, list[SubmitSm]]) -> None:
    one, (first, second) = asking
    one.take(MS, answer(first, message_id="16"), answer(second, message_id="10"))
    one.take(2 * MS, receipt("16"), receipt("16"), receipt("16"))
    assert one.receipts is not None
    one.receipts.close(3 * MS)
    assert (one.record.others["receipt"].count, one.record.errors, one.record.notes) == (1, {MISSING: 1}, {UNKNOWN: 2})


def test_answers_with_the_same_id_leave_a_receipt_missing(asking: tuple[Session, list[SubmitSm]]) -> None:
    one, (first, second) = asking
    one.take(MS, answer(first, message_id="11"), answer(second, message_id="11"), receipt("11"))
    assert (one.record.others["receipt"].count, one.record.errors, one.record.notes) == (1, {MISSING: 1}, {SAME_ID: 1})


def test_an_answer_without_a_body_has_no_id(asking: tuple[Session, list[SubmitSm]]) -> None:
    one, (first, second) = asking
    bare = b"".join(
        bytes.fromhex("00000010 80000004 00000000") + pdu.sequence_number.to_bytes(4) for pdu in (first, second)
    )
    one.exchange.receive(bare, MS)
    assert (one.record.answered, one.record.errors, one.record.notes) == (2, {MISSING: 1}, {SAME_ID: 1})


@pytest.mark.parametrize("kept", range(16, 40))
def test_a_delivery_that_is_cut_short_anywhere_is_taken(asking: tuple[Session, list[SubmitSm]], kept: int) -> None:
    one, _ = asking
    whole = codec.encode(receipt("11"))
    assert one.exchange.receive(kept.to_bytes(4) + whole[4:kept], 0)
    assert one.record.notes


@pytest.mark.parametrize("message_id", ["9" * 5000, "\u0416"])
def test_an_id_that_no_smsc_gives_is_unknown(asking: tuple[Session, list[SubmitSm]], message_id: str) -> None:
    one, _ = asking
    text = f"id:{message_id} stat:DELIVRD".encode("utf-16-be")
    one.take(MS, DeliverSm(esm_class=4, data_coding=8, tlvs=[Tlv(0x0424, text)]), receipt("11"), receipt("11"))
    assert one.record.notes[UNKNOWN] == 1
