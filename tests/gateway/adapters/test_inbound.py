"""What users do: calls to access numbers, SMS to the short code, receipts."""

from typing import Any

import pytest

from confirm.ports import InboundCall, InboundSms, ReceiptState, SmsReceipt, Trust
from gateway.adapters.inbound import Deliveries, InboundCalls, caller_of
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.msisdn import DialPlan
from smsc_emulator.sip.calls import Incoming, Invitation, Peer
from smsc_emulator.smpp import receipts, segments
from smsc_emulator.smpp.constants import EsmClass, MessageState, Tag, Ton
from smsc_emulator.smpp.pdus import DataSm, DeliverSm, Tlv

PLAN = DialPlan()
USER, OTHER, ACCESS = "+70000000001", "+70000000002", "+70002000001"
TRUNK, STRANGER = Peer("192.0.2.1", 5060), Peer("198.51.100.7", 5060)


@pytest.mark.parametrize(
    ("invitation", "trusted", "caller", "trust"),
    [
        ({"caller": USER, "asserted": USER}, True, USER, "asserted"),
        ({"caller": "80000000001", "asserted": "+70000000001"}, True, USER, "asserted"),
        ({"caller": "0070000000001", "asserted": "70000000001"}, True, USER, "asserted"),
        ({"caller": OTHER, "asserted": USER}, True, OTHER, "spoof_suspected"),
        ({"caller": "anonymous", "asserted": USER}, True, None, "asserted"),
        ({"caller": USER, "asserted": USER, "private": True}, True, None, "asserted"),
        ({"caller": "alice", "asserted": USER}, True, None, "asserted"),
        ({"caller": USER}, True, USER, "unverified"),
        ({"caller": "anonymous"}, True, None, "unverified"),
        ({"caller": USER, "asserted": "alice"}, True, USER, "unverified"),
        ({"caller": USER, "asserted": USER}, False, USER, "unverified"),
        ({"caller": OTHER, "asserted": USER}, False, OTHER, "unverified"),
        ({"caller": USER, "identity": "eyJ..."}, False, USER, "unverified"),
    ],
)
def test_a_caller_is_as_sure_as_the_network_that_vouches(
    invitation: dict[str, Any], trusted: bool, caller: str | None, trust: str
) -> None:
    assert caller_of(Invitation(called=ACCESS, **invitation), PLAN, trusted=trusted) == (caller, Trust(trust))


@pytest.fixture
def access(control: Any, intake: Any, reports: Any) -> InboundCalls:
    return InboundCalls(
        control,
        intake,
        reports.take,
        access_numbers=[ACCESS],
        reject_with=486,
        plan=PLAN,
        is_trusted=lambda peer: peer == TRUNK,
    )


def incoming(called: str = ACCESS, peer: Peer = TRUNK) -> Incoming:
    return Incoming("in_1", Invitation(caller=USER, called=called, asserted=USER), peer)


@pytest.mark.parametrize("called", [ACCESS, "80002000001", "0070002000001", "0002000001"])
async def test_a_call_is_kept_before_it_is_rejected(
    access: InboundCalls, control: Any, reports: Any, activity: Activity, clock: LabClock, called: str
) -> None:
    access.take(incoming(called))
    assert control.ended.empty()
    assert await activity.settled(clock.now(), inputs_only=True)
    assert reports.kept[0][0] == clock.now()
    assert await control.next_end() == ("in_1", 486, 17)
    assert [report for _, report in reports.kept] == [InboundCall("in_1", USER, ACCESS, Trust.ASSERTED)]


async def test_a_call_from_a_stranger_is_kept_as_unverified(access: InboundCalls, control: Any, reports: Any) -> None:
    access.take(incoming(peer=STRANGER))
    assert await control.next_end() == ("in_1", 486, 17)
    assert reports.kept[0][1].trust is Trust.UNVERIFIED


@pytest.mark.parametrize("called", ["+70002000009", "anonymous", ""])
async def test_a_call_to_any_other_number_finds_nobody(
    access: InboundCalls, control: Any, reports: Any, called: str
) -> None:
    access.take(incoming(called))
    assert await control.next_end() == ("in_1", 404, 1)
    assert reports.kept == []


async def test_a_call_that_cannot_be_kept_is_not_rejected_as_if_it_were(
    access: InboundCalls, control: Any, reports: Any
) -> None:
    reports.failure = OSError("the disk is full")
    access.take(incoming())
    assert await control.next_end() == ("in_1", 503, 42)


@pytest.fixture
def deliveries(intake: Any, reports: Any, journal: Journal, clock: LabClock) -> Deliveries:
    return Deliveries(intake, journal, clock.now, PLAN, on_sms=reports.take, on_receipt=reports.take)


def text_message(**more: Any) -> DeliverSm:
    fields: dict[str, Any] = {
        "source_addr_ton": Ton.INTERNATIONAL,
        "source_addr": USER[1:],
        "destination_addr": "3434",
        "short_message": b"AB12CD",
    }
    return DeliverSm(**(fields | more))


async def answer(deliveries: Deliveries, pdu: DeliverSm | DataSm) -> int:
    status = deliveries.take(pdu)
    return status if isinstance(status, int) else await status


@pytest.mark.parametrize(
    ("ton", "address", "sender"),
    [
        (Ton.INTERNATIONAL, "70000000001", USER),
        (Ton.INTERNATIONAL, "+70000000001", USER),
        (Ton.UNKNOWN, "80000000001", USER),
        (Ton.NATIONAL, "0000000001", USER),
        (Ton.ALPHANUMERIC, "70000000001", None),
        (Ton.UNKNOWN, "3434", None),
    ],
)
async def test_a_text_is_reported_with_its_sender_in_international_form(
    deliveries: Deliveries, reports: Any, ton: Ton, address: str, sender: str | None
) -> None:
    assert await answer(deliveries, text_message(source_addr_ton=ton, source_addr=address)) == 0
    assert [report for _, report in reports.kept] == [InboundSms(sender, "3434", "AB12CD", Trust.ASSERTED)]


async def test_a_text_is_acknowledged_after_it_is_kept(deliveries: Deliveries, reports: Any) -> None:
    reports.failure = OSError("the disk is full")
    with pytest.raises(OSError, match="the disk is full"):
        await answer(deliveries, text_message())


async def test_the_parts_of_a_long_text_are_one_text(deliveries: Deliveries, reports: Any) -> None:
    text = "код AB12CD, и много слов " * 4
    for part in segments.split(text, 7):
        fields = {"esm_class": part.esm_class, "data_coding": part.data_coding, "short_message": part.short_message}
        await answer(deliveries, text_message(**fields))
    assert [report.text for _, report in reports.kept] == [text]


async def test_a_text_may_come_by_data_sm(deliveries: Deliveries, reports: Any) -> None:
    payload = [Tlv(Tag.MESSAGE_PAYLOAD, b"AB12CD"), Tlv(Tag.RECEIPTED_MESSAGE_ID, b"m1\0")]
    await answer(deliveries, DataSm(source_addr=USER, destination_addr="3434", tlvs=payload))
    assert reports.kept[0][1] == InboundSms(USER, "3434", "AB12CD", Trust.ASSERTED, "m1")


def receipt_message(state: int, **more: Any) -> DeliverSm:
    text = receipts.build("m1", state, submit_date=0, done_date=0, err="045").encode()
    fields: dict[str, Any] = {"esm_class": EsmClass.DELIVERY_RECEIPT, "short_message": text}
    return DeliverSm(**(fields | more))


@pytest.mark.parametrize("state", list(ReceiptState))
async def test_a_final_receipt_is_reported(
    deliveries: Deliveries, reports: Any, journal: Journal, state: ReceiptState
) -> None:
    assert await answer(deliveries, receipt_message(receipts.MESSAGE_STATES[state])) == 0
    assert [report for _, report in reports.kept] == [SmsReceipt("m1", state, "045")]


async def test_the_tlv_of_a_receipt_counts_more_than_its_word(deliveries: Deliveries, reports: Any) -> None:
    tlv = Tlv(Tag.MESSAGE_STATE, bytes([MessageState.UNDELIVERABLE]))
    await answer(deliveries, receipt_message(MessageState.DELIVERED, tlvs=[tlv]))
    assert reports.kept[0][1].state is ReceiptState.UNDELIVERABLE


@pytest.mark.parametrize(
    "pdu",
    [
        receipt_message(MessageState.ENROUTE),
        receipt_message(MessageState.ACCEPTED),
        receipt_message(MessageState.DELIVERED, short_message=b"nothing legible"),
        text_message(esm_class=EsmClass.INTERMEDIATE_NOTIFICATION),
        text_message(esm_class=EsmClass.USER_ACKNOWLEDGEMENT),
    ],
)
async def test_what_says_nothing_for_good_is_acknowledged_and_no_more(
    deliveries: Deliveries, reports: Any, pdu: DeliverSm
) -> None:
    assert await answer(deliveries, pdu) == 0
    assert reports.kept == []
