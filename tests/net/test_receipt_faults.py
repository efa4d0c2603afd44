"""Each fault of receipts as an ESME meets it, over a real socket."""

from typing import Any

from octets import bound, rule, turn

from smsc_emulator.smpp.constants import CommandId, MessageState, Tag


async def test_lost_receipt_never_comes(lab: Any) -> None:
    lab.smsc.faults.add(rule("lost_receipt", {"times": 1}))
    peer = await bound(lab)
    peer.submit(2, b"one", registered_delivery=1)
    await peer.answer()
    peer.submit(3, b"two", registered_delivery=1)
    await peer.answer()
    assert b"text:two" in await peer.receipt()
    await peer.nothing_more()


async def test_duplicate_receipt_comes_again_by_the_lab_clock(lab: Any) -> None:
    lab.smsc.faults.add(rule("duplicate_receipt", after="10m"))
    peer = await bound(lab)
    peer.submit(2, registered_delivery=1)
    await peer.answer()
    first = await peer.receipt()
    await peer.nothing_more()
    await turn(lab, 600_000)
    assert await peer.receipt() == first
    await peer.nothing_more()


async def test_receipt_storm_comes_as_fast_as_the_window_lets_it(lab: Any) -> None:
    lab.smsc.faults.add(rule("receipt_storm", copies=250))
    peer = await bound(lab)
    peer.submit(2, registered_delivery=1)
    await peer.answer()
    assert len({await peer.receipt() for _ in range(250)}) == 1
    await peer.nothing_more()


async def test_early_receipt_overtakes_its_answer(lab: Any) -> None:
    lab.smsc.faults.add(rule("early_receipt"))
    peer = await bound(lab)
    peer.submit(2, registered_delivery=1)
    receipt = await peer.receipt()
    command_id, _, _, body = await peer.answer()
    assert command_id == CommandId.SUBMIT_SM_RESP
    assert b"id:" + body.rstrip(b"\0") in receipt


async def test_late_receipt_waits_for_the_lab_clock(lab: Any) -> None:
    lab.smsc.faults.add(rule("late_receipt", delay="2h"))
    peer = await bound(lab)
    peer.submit(2, registered_delivery=1)
    await peer.answer()
    await turn(lab, 7_199_999)
    await peer.nothing_more()
    await turn(lab, 1)
    assert b"stat:DELIVRD" in await peer.receipt()


async def test_wrong_receipt_id_names_a_message_that_nobody_sent(lab: Any) -> None:
    lab.smsc.faults.add(rule("wrong_receipt_id", {"times": 1}))
    lab.smsc.faults.add(rule("wrong_receipt_id", {"nth": 2}, message_id="0"))
    esme = await lab.bind()
    for told in (None, b"0"):
        answer = await esme.submit(registered_delivery=1)
        receipt = await esme.next()
        named = receipt.tlv(Tag.RECEIPTED_MESSAGE_ID).rstrip(b"\0")
        assert receipt.short_message.startswith(b"id:" + named + b" sub:001")
        assert named != answer.message_id.encode()
        assert named == told if told else len(named) == len(answer.message_id)


async def test_other_bind_avoids_the_one_that_the_message_came_by(lab: Any) -> None:
    lab.smsc.faults.add(rule("other_bind"))
    sender, other = await bound(lab), await bound(lab)
    for number in range(2, 8):
        sender.submit(number, registered_delivery=1)
        await sender.answer()
        assert b"stat:DELIVRD" in await other.receipt()
    await sender.nothing_more()


async def test_other_bind_can_be_another_account(lab: Any) -> None:
    lab.smsc.faults.add(rule("other_bind", account="bob"))
    sender, stranger = await bound(lab), await bound(lab, "bob")
    sender.submit(2, registered_delivery=1)
    await sender.answer()
    assert b"stat:DELIVRD" in await stranger.receipt()
    await sender.nothing_more()


async def test_reordered_receipts_come_after_the_next_one(lab: Any) -> None:
    lab.smsc.faults.add(rule("reordered_receipts", {"text": "one"}))
    peer = await bound(lab)
    for number, text in ((2, b"one"), (3, b"two"), (4, b"one")):
        peer.submit(number, text, registered_delivery=1)
        await peer.answer()
        if number == 3:
            assert [(await peer.receipt()).count(b"text:two") for _ in range(2)] == [1, 0]
    await peer.nothing_more()
    await turn(lab, 60_000)
    assert b"text:one" in await peer.receipt()
    await turn(lab, 60_000)
    await peer.nothing_more()


async def test_late_intermediate_follows_the_final_receipt(lab: Any) -> None:
    lab.smsc.faults.add(rule("late_intermediate"))
    esme = await lab.bind()
    await esme.submit(registered_delivery=1)
    final, late = await esme.next(), await esme.next()
    assert (final.esm_class, late.esm_class) == (0x04, 0x20)
    assert b"dlvrd:000" in late.short_message
    assert b"stat:ENROUTE" in late.short_message
    assert late.tlv(Tag.MESSAGE_STATE) == bytes([MessageState.ENROUTE])
