import asyncio
import random
import struct
from pathlib import Path
from typing import Any

import pytest

from smsc_emulator.core.store import Changes, SqlStore
from smsc_emulator.net.esme import BindRefusedError, LinkDownError, SubmitRefusedError
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus
from smsc_emulator.smpp.pdus import BindTransceiver, EnquireLink, SubmitSm, Unbind

NUMBER = "+70000000001"


async def read_pdu(reader: asyncio.StreamReader) -> tuple[int, int, int, bytes]:
    """Return command_id, command_status, sequence_number and body."""
    async with asyncio.timeout(5):
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        rest = await reader.readexactly(length - 4)
    command_id, status, sequence = struct.unpack_from(">III", rest)
    return command_id, status, sequence, rest[12:]


def bind(password: str = "secret", version: int = 0x34, system_id: str = "alice", sequence: int = 1) -> bytes:
    pdu = BindTransceiver(system_id=system_id, password=password, interface_version=version)
    pdu.sequence_number = sequence
    return encode(pdu)


def submit(sequence: int, **more: Any) -> bytes:
    pdu = SubmitSm(destination_addr=NUMBER[1:], short_message=b"hi", **more)
    pdu.sequence_number = sequence
    return encode(pdu)


async def bound(lab: Any, **more: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await lab.connect()
    writer.write(bind(**more))
    assert (await read_pdu(reader))[:2] == (CommandId.BIND_TRANSCEIVER_RESP, 0)
    return reader, writer


async def test_a_submitted_text_reaches_the_handset_and_its_receipt_the_esme(lab: Any) -> None:
    esme = await lab.bind()
    answer = await esme.submit(b"Your code is 123456", registered_delivery=1)
    receipt = await esme.next()
    assert receipt.esm_class == 0x04
    assert (receipt.source_addr, receipt.source_addr_ton, receipt.source_addr_npi) == (NUMBER[1:], 1, 1)
    assert (receipt.destination_addr, receipt.dest_addr_ton) == ("tester", 5)
    assert receipt.short_message.startswith(f"id:{answer.message_id} sub:001 dlvrd:001 ".encode())
    assert b"stat:DELIVRD err:000 text:Your code is 123456" in receipt.short_message
    assert receipt.tlv(0x001E) == answer.message_id.encode() + b"\0"
    assert receipt.tlv(0x0427) == b"\x02"
    (message,) = lab.smsc.handset_messages(NUMBER)
    assert (message.sender, message.text) == ("tester", "Your code is 123456")


@pytest.mark.parametrize(("wanted", "to", "told"), [(0, NUMBER, 0), (0x11, NUMBER, 1), (2, NUMBER, 0), (2, "+999", 1)])
async def test_receipts_follow_the_bits_of_registered_delivery(lab: Any, wanted: int, to: str, told: int) -> None:
    esme = await lab.bind()
    await esme.submit(to=to, registered_delivery=wanted)
    await esme.submit(b"the last", registered_delivery=1)
    texts = [(await esme.next()).short_message for _ in range(told + 1)]
    assert texts[-1].endswith(b"text:the last")


async def test_an_unknown_subscriber_is_undeliverable(lab: Any) -> None:
    esme = await lab.bind()
    await esme.submit(to="+79990000000", registered_delivery=1)
    receipt = await esme.next()
    assert b"dlvrd:000" in receipt.short_message
    assert b"stat:UNDELIV err:001" in receipt.short_message


async def test_a_submit_without_destination_is_refused(lab: Any) -> None:
    esme = await lab.bind()
    with pytest.raises(SubmitRefusedError) as refusal:
        await esme.submit(to="")
    assert refusal.value.status == CommandStatus.ESME_RINVDSTADR


async def test_the_answer_comes_before_the_receipt(lab: Any) -> None:
    reader, writer = await bound(lab)
    writer.write(b"".join(submit(n, registered_delivery=1) for n in range(2, 12)))
    seen = [await read_pdu(reader) for _ in range(20)]
    answered = {body for command_id, _, _, body in seen if command_id == CommandId.SUBMIT_SM_RESP}
    assert len(answered) == 10
    for at, (command_id, _, _, body) in enumerate(seen):
        if command_id == CommandId.DELIVER_SM:
            earlier = [b for c, _, _, b in seen[:at] if c == CommandId.SUBMIT_SM_RESP]
            assert any(b"id:" + b.rstrip(b"\0") in body for b in earlier)


async def test_receipts_wait_for_a_receiver_and_go_to_any_of_the_account(lab: Any) -> None:
    sender = await lab.bind(kind="tx")
    for n in range(5):
        await sender.submit(b"%d" % n, registered_delivery=1)
    receiver = await lab.bind(kind="rx")
    texts = [(await receiver.next()).short_message[-6:] for _ in range(5)]
    assert texts == [b"text:%d" % n for n in range(5)]
    assert sender.delivered.empty()


async def test_receipts_respect_the_window(start_lab: Any) -> None:
    lab = await start_lab()
    sender = await lab.bind(kind="tx")
    for _ in range(150):
        await sender.submit(registered_delivery=1)
    reader, writer = await bound(lab)
    sequences = [(await read_pdu(reader))[2] for _ in range(100)]
    writer.write(encode(EnquireLink(sequence_number=99)))
    assert (await read_pdu(reader))[0] == CommandId.ENQUIRE_LINK_RESP
    acknowledged = b"".join(struct.pack(">IIIIB", 17, CommandId.DELIVER_SM_RESP, 0, n, 0) for n in sequences[:50])
    writer.write(acknowledged)
    assert {(await read_pdu(reader))[0] for _ in range(50)} == {CommandId.DELIVER_SM}


async def test_what_a_lost_link_did_not_acknowledge_goes_out_at_the_next_bind(lab: Any) -> None:
    reader, writer = await bound(lab)
    writer.write(submit(2, registered_delivery=1))
    assert [(await read_pdu(reader))[0] for _ in range(2)][-1] == CommandId.DELIVER_SM
    writer.transport.abort()
    await lab.happened("smpp.unbound")
    again = await lab.bind()
    assert b"text:hi" in (await again.next()).short_message
    await again.submit(b"no other", registered_delivery=1)
    assert b"text:no other" in (await again.next()).short_message


@pytest.mark.parametrize(
    "status",
    [
        CommandStatus.ESME_RX_T_APPN,
        CommandStatus.ESME_RMSGQFUL,
        CommandStatus.ESME_RTHROTTLED,
        CommandStatus.ESME_RSYSERR,
    ],
)
async def test_a_temporary_refusal_is_tried_again_by_the_lab_clock(lab: Any, status: int) -> None:
    esme = await lab.bind()
    esme.statuses += [status, status]
    await esme.submit(registered_delivery=1)
    first = await esme.next()
    for seconds in (1, 5):
        async with asyncio.timeout(5):
            await lab.woken.wait()
        lab.woken.clear()
        due = await lab.smsc.delivery.next_due()
        assert due == lab.clock.now() + seconds * 1000
        await lab.smsc.delivery.fire(due - 1)
        assert esme.delivered.empty()
        lab.clock.move_to(due)
        await lab.smsc.delivery.fire(due)
        assert (await esme.next()).short_message == first.short_message
    assert await lab.smsc.delivery.next_due() is None


async def test_a_permanent_refusal_ends_a_receipt(lab: Any) -> None:
    esme = await lab.bind()
    esme.statuses.append(CommandStatus.ESME_RX_P_APPN)
    await esme.submit(b"one", registered_delivery=1)
    await esme.next()
    await esme.submit(b"two", registered_delivery=1)
    assert (await esme.next()).short_message.endswith(b"text:two")
    assert await lab.smsc.delivery.next_due() is None


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        ("alice", "wrong", CommandStatus.ESME_RINVPASWD),
        ("nobody", "secret", CommandStatus.ESME_RINVSYSID),
    ],
)
async def test_a_wrong_bind_is_refused_after_a_delay_while_others_are_served(
    start_lab: Any, system_id: str, password: str, status: int
) -> None:
    lab = await start_lab(bind_failure_delay=300)
    loop = asyncio.get_running_loop()
    began = loop.time()
    refused = asyncio.create_task(lab.bind(system_id, password))
    served = await lab.bind()
    await served.submit()
    assert not refused.done()
    with pytest.raises(BindRefusedError) as refusal:
        await refused
    assert refusal.value.status == status
    assert loop.time() - began >= 0.3


async def test_an_account_has_so_many_binds_and_no_more(lab: Any) -> None:
    bound = [await lab.bind() for _ in range(3)]
    with pytest.raises(BindRefusedError) as refusal:
        await lab.bind()
    assert refusal.value.status == CommandStatus.ESME_RBINDFAIL
    await bound[0].client.close()
    await lab.happened("smpp.unbound")
    await lab.bind()


@pytest.mark.parametrize(("version", "tail"), [(0x34, b"\x02\x10\x00\x01\x34"), (0x33, b""), (0x00, b"")])
async def test_only_a_peer_of_3_4_is_told_the_version(lab: Any, version: int, tail: bytes) -> None:
    reader, writer = await lab.connect()
    writer.write(bind(version=version))
    assert await read_pdu(reader) == (CommandId.BIND_TRANSCEIVER_RESP, 0, 1, b"confirmlab\0" + tail)


async def test_a_peer_of_3_3_gets_ids_of_eight_octets_and_no_tlvs(lab: Any) -> None:
    reader, writer = await bound(lab, version=0x33)
    writer.write(submit(2, registered_delivery=1))
    message_id = (await read_pdu(reader))[3].rstrip(b"\0")
    assert len(message_id) == 8
    dates = b"submit date:2601011200 done date:2601011200"
    told = b" sub:001 dlvrd:001 " + dates + b" stat:DELIVRD err:000 text:hi"
    assert (await read_pdu(reader))[3].endswith(b"id:" + message_id + told)


async def test_unbind_is_answered_after_what_came_before_it(lab: Any) -> None:
    reader, writer = await bound(lab)
    writer.write(submit(2) + encode(Unbind(sequence_number=3)))
    kinds = [(await read_pdu(reader))[0] for _ in range(2)]
    assert kinds == [CommandId.SUBMIT_SM_RESP, CommandId.UNBIND_RESP]
    async with asyncio.timeout(5):
        assert await reader.read() == b""


async def test_an_acknowledgement_that_follows_the_unbind_counts(lab: Any) -> None:
    reader, writer = await bound(lab)
    writer.write(submit(2, registered_delivery=1))
    sequence = [await read_pdu(reader) for _ in range(2)][-1][2]
    late = struct.pack(">IIIIB", 17, CommandId.DELIVER_SM_RESP, 0, sequence, 0)
    writer.write(encode(Unbind(sequence_number=3)) + late)
    assert (await read_pdu(reader))[0] == CommandId.UNBIND_RESP
    writer.close()
    await lab.happened("smpp.unbound")
    again = await lab.bind()
    await again.submit(b"new", registered_delivery=1)
    assert (await again.next()).short_message.endswith(b"text:new")


async def test_more_than_the_window_is_throttled(lab: Any) -> None:
    reader, writer = await bound(lab, system_id="bob")
    writer.write(b"".join(submit(n) for n in range(2, 14)))
    answers = {sequence: status for _, status, sequence, _ in [await read_pdu(reader) for _ in range(12)]}
    assert [n for n, status in answers.items() if status == CommandStatus.ESME_RTHROTTLED] == [12, 13]


async def test_random_octets_leave_it_serving(lab: Any) -> None:
    noise = random.Random(1)
    for _ in range(20):
        reader, writer = await lab.connect()
        writer.write(noise.randbytes(10_000))
        writer.write_eof()
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
    esme = await lab.bind()
    assert (await esme.submit()).message_id


async def test_truncated_pdus_leave_it_serving(lab: Any) -> None:
    noise = random.Random(2)
    whole = submit(2, registered_delivery=1)
    for _ in range(20):
        reader, writer = await bound(lab, system_id="bob")
        for _ in range(10):
            cut = whole[: noise.randrange(16, len(whole))]
            writer.write(struct.pack(">I", len(cut)) + cut[4:])
            command_id, status, sequence, _ = await read_pdu(reader)
            assert (command_id, sequence) == (CommandId.SUBMIT_SM_RESP, 2)
            assert status
        writer.transport.abort()
    esme = await lab.bind()
    assert (await esme.submit()).message_id


async def test_a_peer_that_never_reads_is_not_read_from_either(lab: Any) -> None:
    _reader, writer = await lab.connect()
    writer.transport.pause_reading()
    writer.write(bind())
    request = encode(EnquireLink(sequence_number=7)) * 4096
    stuck = False
    for _ in range(2000):
        writer.write(request)
        try:
            async with asyncio.timeout(0.3):
                await writer.drain()
        except TimeoutError:
            stuck = True
            break
    assert stuck
    (link,) = lab.server.links
    assert link._transport.get_write_buffer_size() < 1 << 20
    esme = await lab.bind()
    assert (await esme.submit()).message_id
    writer.transport.abort()


async def test_a_connection_that_does_not_bind_is_closed(start_lab: Any) -> None:
    lab = await start_lab(session_init_timeout=100)
    reader, _writer = await lab.connect()
    async with asyncio.timeout(5):
        assert await reader.read() == b""


async def test_a_silent_peer_is_asked_and_then_dropped(start_lab: Any) -> None:
    lab = await start_lab(enquire_link_interval=100, response_timeout=100)
    reader, writer = await lab.connect()
    writer.write(bind())
    assert [(await read_pdu(reader))[0] for _ in range(2)][-1] == CommandId.ENQUIRE_LINK
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    await lab.happened("smpp.unbound")


async def test_turning_the_lab_clock_drops_no_bind(start_lab: Any) -> None:
    lab = await start_lab(enquire_link_interval=1000, inactivity_timeout=2000)
    esme = await lab.bind()
    lab.clock.move_to(lab.clock.now() + 24 * 3_600_000)
    assert (await esme.submit()).message_id
    assert esme.client.is_bound


async def test_closing_unbinds_the_peers_and_waits_for_no_deaf_one(lab: Any) -> None:
    esme = await lab.bind()
    _, deaf = await lab.connect()
    deaf.write(bind(system_id="bob"))
    await lab.happened("smpp.bound", 2)
    began = asyncio.get_running_loop().time()
    await lab.server.close()
    assert asyncio.get_running_loop().time() - began < 1.0
    assert not lab.server.links
    with pytest.raises(LinkDownError):
        await esme.submit()
    deaf.close()


async def test_a_store_that_fails_refuses_what_it_could_not_keep(
    start_lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = await start_lab(tmp_path)
    esme = await lab.bind()

    async def fail(_store: SqlStore, _changes: Changes) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(SqlStore, "save", fail)
        with pytest.raises(SubmitRefusedError) as refusal:
            await esme.submit(b"lost", registered_delivery=1)
    assert refusal.value.status == CommandStatus.ESME_RSYSERR
    await esme.submit(b"kept", registered_delivery=1)
    assert (await esme.next()).short_message.endswith(b"text:kept")
    assert [message.text for message in lab.smsc.handset_messages(NUMBER)] == ["kept"]
