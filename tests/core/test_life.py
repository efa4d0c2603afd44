from typing import Any

import pytest

from smsc_emulator.base.durations import DAY, HOUR, MINUTE, SECOND
from smsc_emulator.core.message import FINAL
from smsc_emulator.handsets.states import OUTCOMES, HandsetState
from smsc_emulator.smpp import receipts, times
from smsc_emulator.smpp.constants import MessageState

TEMPORARY = sorted(state for state, outcome in OUTCOMES.items() if outcome.state == MessageState.ENROUTE)
PERMANENT = sorted(state for state, outcome in OUTCOMES.items() if outcome.error and outcome.state in FINAL)
NOTICE = 0x11
"""registered_delivery: a receipt, and intermediate notifications."""


@pytest.mark.parametrize("state", TEMPORARY)
async def test_a_message_to_an_absent_or_full_handset_waits_and_comes_when_it_is_back(center: Any, state: Any) -> None:
    peer = center.bind()
    await center.become(state)
    message_id = await center.submit(peer, registered_delivery=1)
    assert message_id
    assert (center.message(message_id).state, center.inbox(), peer.delivered) == (MessageState.ENROUTE, [], [])
    await center.become(HandsetState.ON)
    assert center.inbox() == ["hello"]
    assert peer.receipts() == [("DELIVRD", "000")]


@pytest.mark.parametrize("state", TEMPORARY)
async def test_validity_of_two_days_ends_in_milliseconds(center: Any, state: Any) -> None:
    peer = center.bind()
    await center.become(state)
    began = center.clock.now()
    await center.submit(peer, registered_delivery=1, validity_period="000002000000000R")
    await center.turn(2 * DAY - 1)
    assert peer.delivered == []
    await center.turn(1)
    error = OUTCOMES[state].error
    assert peer.receipts() == [("EXPIRED", f"{error:03d}")]
    (told,) = peer.delivered
    receipt = receipts.parse(told.short_message.decode(), told.tlvs)
    assert (receipt.submit_date, receipt.done_date) == (began, began + 2 * DAY)
    assert (receipt.dlvrd, receipt.message_state) == (0, MessageState.EXPIRED)
    await center.become(HandsetState.ON)
    await center.turn(3 * DAY)
    assert (center.inbox(), len(peer.delivered), len(center.smsc.life.waiting)) == ([], 1, 0)


@pytest.mark.parametrize("state", PERMANENT)
async def test_a_permanent_failure_is_told_at_once_with_its_error(center: Any, state: Any) -> None:
    peer = center.bind()
    await center.become(state)
    message_id = await center.submit(peer, registered_delivery=1)
    outcome = OUTCOMES[state]
    assert center.message(message_id).state == outcome.state
    assert peer.receipts() == [(receipts.STAT[outcome.state], f"{outcome.error:03d}")]


async def test_a_number_without_a_handset_is_an_unknown_subscriber(center: Any) -> None:
    peer = center.bind()
    await center.submit(peer, destination_addr="70000000077", registered_delivery=1)
    assert peer.receipts() == [("UNDELIV", "001")]


async def test_a_roaming_handset_gets_its_message_a_little_later(center: Any) -> None:
    peer = center.bind()
    await center.become(HandsetState.ROAMING)
    await center.submit(peer, registered_delivery=1)
    await center.turn(OUTCOMES[HandsetState.ROAMING].takes - 1)
    assert center.inbox() == []
    await center.turn(1)
    assert (center.inbox(), peer.receipts()) == (["hello"], [("DELIVRD", "000")])


async def test_attempts_follow_the_schedule_whose_last_pause_repeats(start: Any) -> None:
    center = await start(retry_after=[MINUTE, HOUR])
    peer = center.bind()
    await center.become(HandsetState.OFF)
    message = center.message(await center.submit(peer))
    instants = []
    for _ in range(4):
        instants.append(await center.ticker.next_due() - center.clock.now())
        await center.turn(instants[-1])
    assert instants == [MINUTE, HOUR, HOUR, HOUR]
    assert message.attempts == 5


async def test_an_attempt_by_schedule_finds_the_handset_without_any_alert(start: Any) -> None:
    center = await start(retry_after=[MINUTE])
    peer = center.bind()
    await center.become(HandsetState.OFF)
    await center.submit(peer)
    center.handset.state = HandsetState.ON
    await center.turn(MINUTE)
    assert center.inbox() == ["hello"]


async def test_a_scheduled_message_comes_at_its_time(center: Any) -> None:
    peer = center.bind(version=0x50)
    at = times.write(center.clock.now() + HOUR)
    message_id = await center.submit(peer, schedule_delivery_time=at, registered_delivery=1)
    message = center.message(message_id)
    assert (message.state_for(0x34), message.state_for(0x50)) == (MessageState.ENROUTE, MessageState.SCHEDULED)
    await center.become(HandsetState.OFF)
    await center.become(HandsetState.ON)
    await center.turn(HOUR - 1)
    assert center.inbox() == []
    await center.turn(1)
    assert (center.inbox(), peer.receipts()) == (["hello"], [("DELIVRD", "000")])


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"schedule_delivery_time": "260101"}, 0x61),
        ({"schedule_delivery_time": "261301000000000+"}, 0x61),
        ({"validity_period": "garbage"}, 0x62),
        ({"validity_period": "000000000000000R"}, 0x62),
        ({"validity_period": "250101000000000+"}, 0x62),
        ({"validity_period": "000000010000000R", "schedule_delivery_time": "000000020000000R"}, 0x62),
    ],
)
async def test_times_that_cannot_be_are_refused(center: Any, fields: Any, status: int) -> None:
    peer = center.bind()
    await center.submit(peer, **fields)
    assert (peer.refused, len(center.smsc.life.waiting)) == ([status], 0)


async def test_a_notice_tells_of_each_new_reason_and_is_followed_by_the_receipt(center: Any) -> None:
    peer = center.bind()
    await center.become(HandsetState.OFF)
    await center.submit(peer, registered_delivery=NOTICE)
    await center.turn(30 * MINUTE)
    await center.become(HandsetState.MEMORY_FULL)
    await center.become(HandsetState.ON)
    assert peer.receipts() == [("ENROUTE", "006"), ("ENROUTE", "032"), ("DELIVRD", "000")]
    assert [pdu.esm_class for pdu in peer.delivered] == [0x20, 0x20, 0x04]


async def test_nobody_is_told_of_what_he_did_not_ask_for(center: Any) -> None:
    peer = center.bind()
    await center.become(HandsetState.OFF)
    await center.submit(peer)
    await center.submit(peer, registered_delivery=2)
    await center.become(HandsetState.ON)
    assert (len(center.inbox()), peer.delivered) == (2, [])


@pytest.mark.parametrize(("version", "told"), [(0x34, []), (0x50, [("DELIVRD", "000")])])
async def test_success_only_is_for_peers_of_5_0(center: Any, version: int, told: Any) -> None:
    peer = center.bind(version=version)
    await center.submit(peer, registered_delivery=3)
    await center.become(HandsetState.BARRED)
    await center.submit(peer, registered_delivery=3)
    assert peer.receipts() == told


async def test_a_cancelled_message_is_reported_as_deleted_and_never_delivered(center: Any) -> None:
    peer = center.bind()
    await center.become(HandsetState.OFF)
    message = center.message(await center.submit(peer, registered_delivery=1))
    assert center.smsc.life.cancel(message)
    assert not center.smsc.life.cancel(message)
    await center.become(HandsetState.ON)
    assert (center.inbox(), peer.receipts()) == ([], [("DELETED", "000")])


async def test_a_replaced_message_has_its_new_text_and_date_and_keeps_its_place(center: Any) -> None:
    peer = center.bind()
    await center.become(HandsetState.OFF)
    message = center.message(await center.submit(peer, b"old"))
    await center.turn(MINUTE)
    due = message.due_at
    center.smsc.life.replace(message, short_message=b"new", registered_delivery=1)
    assert message.due_at == due
    replaced_at = center.clock.now()
    await center.turn(MINUTE)
    await center.become(HandsetState.ON)
    assert center.inbox() == ["new"]
    assert receipts.parse(peer.delivered[0].short_message.decode()).submit_date == replaced_at


async def test_replace_if_present_replaces_what_is_pending_between_the_same_addresses(center: Any) -> None:
    peer = center.bind()
    await center.become(HandsetState.OFF)
    first = await center.submit(peer, b"old")
    other = await center.submit(peer, b"other", source_addr="shop")
    assert await center.submit(peer, b"new", replace_if_present_flag=1) == first
    assert await center.submit(peer, b"fresh", replace_if_present_flag=1, service_type="X") not in (first, other)
    await center.become(HandsetState.ON)
    assert center.inbox() == ["new", "other", "fresh"]


async def test_a_message_to_an_esme_that_does_not_bind_expires(center: Any) -> None:
    peer = center.bind()
    await center.submit(peer, destination_addr="1234", registered_delivery=1, validity_period="000000010000000R")
    await center.turn(HOUR)
    bob = center.bind("bob")
    assert (bob.delivered, peer.receipts()) == ([], [("EXPIRED", "000")])


async def test_what_is_with_an_esme_cannot_be_cancelled_and_ends_by_its_answer(center: Any) -> None:
    alice, bob = center.bind(), center.bind("bob")
    bob.statuses = [None]
    message_id = await center.submit(
        alice, destination_addr="1234", registered_delivery=1, validity_period="000000010000000R"
    )
    assert not center.smsc.life.cancel(center.message(message_id))
    await center.turn(2 * HOUR)
    bob.answer(bob.delivered[0])
    await center.settle()
    assert alice.receipts() == [("DELIVRD", "000")]


async def test_temporary_answers_are_retried_until_the_validity_ends(center: Any) -> None:
    alice, bob = center.bind(), center.bind("bob")
    bob.statuses = [0x64, 0x14, 0x58, 0x64, 0x64]
    await center.submit(alice, destination_addr="1234", registered_delivery=1, validity_period="000000000100000R")
    await center.turn(5 * MINUTE)
    assert len(bob.delivered) == 4  # at once, and 1 s, 5 s and 30 s later; the next would be beyond the minute
    assert alice.receipts() == [("EXPIRED", "100")]
    await center.submit(alice, destination_addr="1234", registered_delivery=1, validity_period="000000000030000R")
    await center.turn(SECOND)
    assert len(bob.delivered) == 6
    assert [stat for stat, _ in alice.receipts()] == ["EXPIRED", "DELIVRD"]


async def test_a_receipt_goes_over_the_bind_that_is_left_and_once(center: Any) -> None:
    one, other = center.bind(), center.bind()
    one.statuses = other.statuses = [None]
    await center.submit(one, registered_delivery=1)
    first, second = (one, other) if one.delivered else (other, one)
    center.smsc.unbound(first, first.account)
    second.statuses = []
    center.smsc.delivery.pump(second.account)
    await center.settle()
    assert len(second.delivered) == 1


async def test_the_lab_can_force_a_state(center: Any) -> None:
    peer = center.bind()
    await center.become(HandsetState.OFF)
    read, skipped = [center.message(await center.submit(peer, registered_delivery=NOTICE)) for _ in range(2)]
    assert center.smsc.life.force(read, MessageState.ACCEPTED)
    assert center.smsc.life.force(skipped, MessageState.SKIPPED)
    await center.settle()
    assert [stat for stat, _ in peer.receipts()] == ["ENROUTE", "ENROUTE", "ACCEPTD", "DELETED"]
    await center.become(HandsetState.ON)
    assert center.inbox() == ["hello"]
