"""Each key of a personality, as an ESME meets it on a socket."""

import asyncio
import struct
from typing import Any

import pytest

from smsc_emulator.core.personality_settings import IdForm, PersonalitySettings, ReceiptSettings, VendorTlv
from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.net.esme import BindRefusedError, SubmitRefusedError
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus
from smsc_emulator.smpp.pdus import BindTransceiver, EnquireLink, SubmitSm, Tlv

NUMBER = "+70000000001"


def personality(**settings: Any) -> PersonalitySettings:
    return PersonalitySettings(name="tested", **settings)


async def read_pdu(reader: asyncio.StreamReader) -> tuple[int, int, int, bytes]:
    """Return command_id, command_status, sequence_number and body."""
    async with asyncio.timeout(5):
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        rest = await reader.readexactly(length - 4)
    command_id, status, sequence = struct.unpack_from(">III", rest)
    return command_id, status, sequence, rest[12:]


def bind(password: str = "secret", **more: Any) -> bytes:
    return encode(BindTransceiver(system_id="alice", password=password, sequence_number=1, **more))


def submit(sequence: int, **more: Any) -> bytes:
    fields = {"destination_addr": NUMBER[1:], "short_message": b"hi", **more}
    return encode(SubmitSm(sequence_number=sequence, **fields))


async def bound(lab: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await lab.connect()
    writer.write(bind())
    assert (await read_pdu(reader))[:2] == (CommandId.BIND_TRANSCEIVER_RESP, 0)
    return reader, writer


async def refusal(lab: Any, octets: bytes) -> tuple[int, bytes]:
    """Return status and body of the answer to a request that is refused after the bind."""
    reader, writer = await bound(lab)
    writer.write(octets)
    _, status, _, body = await read_pdu(reader)
    return status, body


async def test_response_and_receipt_have_ids_of_their_own_forms(start_lab: Any) -> None:
    forms = personality(message_id=IdForm(form="hex", width=10), receipt=ReceiptSettings(message_id=IdForm()))
    esme = await (await start_lab(personality=forms)).bind()
    answer = await esme.submit(registered_delivery=1)
    receipt = await esme.next()
    assert answer.message_id == f"{int(answer.message_id, 16):010x}"
    decimal = str(int(answer.message_id, 16))
    assert receipt.short_message.startswith(f"id:{decimal} ".encode())
    assert receipt.tlv(0x001E) == decimal.encode() + b"\0"


async def test_receipts_have_the_operators_text_dates_and_tlvs(start_lab: Any) -> None:
    receipt_settings = ReceiptSettings(
        text="{stat}/{id}/{done_date}",
        date_digits=12,
        receipted_message_id=False,
        message_state=False,
        network_error_code=True,
        vendor_tlvs=[VendorTlv(tag=0x1401, value="6162")],
    )
    esme = await (await start_lab(personality=personality(receipt=receipt_settings))).bind()
    answer = await esme.submit(registered_delivery=1)
    receipt = await esme.next()
    assert receipt.short_message == f"DELIVRD/{answer.message_id}/260101120000".encode()
    assert receipt.tlvs == [(0x0423, b"\3\0\0"), (0x1401, b"ab")]


@pytest.mark.parametrize(("to", "err"), [("+70000000001", b"000"), ("+79990000000", b"001")])
async def test_err_has_three_characters_whatever_the_operators_text(start_lab: Any, to: str, err: bytes) -> None:
    """Appendix B."""
    esme = await (await start_lab(personality=personality(receipt=ReceiptSettings(text="err:{err}")))).bind()
    await esme.submit(to=to, registered_delivery=1)
    assert (await esme.next()).short_message == b"err:" + err


@pytest.mark.parametrize(
    ("strictness", "status"), [("lenient", 0), ("strict34", CommandStatus.ESME_RINVPRTFLG), ("strict50", 6)]
)
async def test_strictness_decides_about_values(start_lab: Any, strictness: Any, status: int) -> None:
    lab = await start_lab(personality=personality(strictness=strictness))
    assert (await refusal(lab, submit(2, priority_flag=9)))[0] == status


@pytest.mark.parametrize(("strictness", "status"), [("lenient", 0), ("strict34", 0xC1), ("strict50", 0)])
async def test_a_payload_beside_a_text_is_refused_by_the_letter_of_3_4(
    start_lab: Any, strictness: Any, status: int
) -> None:
    lab = await start_lab(personality=personality(strictness=strictness))
    assert (await refusal(lab, submit(2, tlvs=[Tlv(0x0424, b"payload")])))[0] == status


@pytest.mark.parametrize(("strictness", "status"), [("lenient", 0), ("strict34", 0x01)])
async def test_a_text_of_255_octets_is_refused_by_the_letter_of_3_4(
    start_lab: Any, strictness: Any, status: int
) -> None:
    lab = await start_lab(personality=personality(strictness=strictness))
    assert (await refusal(lab, submit(2, short_message=b"x" * 255)))[0] == status


@pytest.mark.parametrize(
    ("kind", "of_bind", "of_submit"),
    [("by_clause", b"", b""), ("header_only", b"", b""), ("empty_message_id", b"", b"\0"), ("full", b"\0", b"\0")],
)
async def test_responses_with_an_error_have_the_bodies_that_are_wanted(
    start_lab: Any, kind: Any, of_bind: bytes, of_submit: bytes
) -> None:
    lab = await start_lab(personality=personality(error_body=kind))
    reader, writer = await lab.connect()
    writer.write(bind("wrong"))
    assert (await read_pdu(reader))[1:] == (CommandStatus.ESME_RINVPASWD, 1, of_bind)
    assert await refusal(lab, submit(2, destination_addr="")) == (CommandStatus.ESME_RINVDSTADR, of_submit)


@pytest.mark.parametrize(("kind", "statuses"), [("specific", [0x0E, 0x0F]), ("generic", [0x0D, 0x0D])])
async def test_a_failed_bind_is_told_its_reason_or_not(start_lab: Any, kind: Any, statuses: list[int]) -> None:
    lab = await start_lab(personality=personality(bind_failure=kind))
    told = []
    for system_id, password in (("alice", "wrong"), ("nobody", "secret")):
        with pytest.raises(BindRefusedError) as refused:
            await lab.bind(system_id, password)
        told.append(refused.value.status)
    assert told == statuses


@pytest.mark.parametrize(("length", "works"), [(12, True), (11, False)])
async def test_a_password_may_be_as_long_as_the_operator_says(start_lab: Any, length: int, works: bool) -> None:
    account = AccountSettings(system_id="alice", password="p" * 12)
    strict = personality(password_length=length, strictness="strict34")
    lab = await start_lab(personality=strict, accounts=[account])
    reader, writer = await lab.connect()
    writer.write(bind("p" * 12))
    assert (await read_pdu(reader))[1] == (0 if works else CommandStatus.ESME_RINVPASWD)


@pytest.mark.parametrize(("told", "body"), [(True, b"confirmlab\0\x02\x10\0\1\x34"), (False, b"confirmlab\0")])
async def test_the_bind_response_tells_the_version_or_not(start_lab: Any, told: bool, body: bytes) -> None:
    lab = await start_lab(personality=personality(sc_interface_version=told))
    reader, writer = await lab.connect()
    writer.write(bind())
    assert (await read_pdu(reader))[3] == body


@pytest.mark.parametrize(("kind", "status"), [("answered", 0), ("refused", 0x04), ("ignored", None)])
async def test_enquire_link_before_the_bind_is_answered_refused_or_ignored(
    start_lab: Any, kind: Any, status: int | None
) -> None:
    lab = await start_lab(personality=personality(enquire_link_before_bind=kind))
    reader, writer = await lab.connect()
    writer.write(encode(EnquireLink(sequence_number=7)) + bind())
    seen = await read_pdu(reader)
    if status is not None:
        assert seen[:3] == (CommandId.ENQUIRE_LINK_RESP, status, 7)
        seen = await read_pdu(reader)
    assert seen[:3] == (CommandId.BIND_TRANSCEIVER_RESP, 0, 1)
    writer.write(encode(EnquireLink(sequence_number=8)))
    assert (await read_pdu(reader))[:3] == (CommandId.ENQUIRE_LINK_RESP, 0, 8)


async def test_packed_texts_are_read_and_written(start_lab: Any) -> None:
    packed = personality(default_alphabet_packed=True, receipt=ReceiptSettings(text="hello"))
    lab = await start_lab(personality=packed)
    esme = await lab.bind()
    await esme.submit(bytes.fromhex("e8329bfd06"), registered_delivery=1)
    assert (await esme.next()).short_message.hex() == "e8329bfd06"
    assert [message.text for message in lab.smsc.handset_messages(NUMBER)] == ["hello"]


@pytest.mark.parametrize("status", ["ESME_RTHROTTLED", "ESME_RMSGQFUL"])
async def test_requests_above_the_window_get_the_operators_status(start_lab: Any, status: Any) -> None:
    narrow = personality(window=2, window_error=status)
    lab = await start_lab(personality=narrow, accounts=[AccountSettings(system_id="alice", password="secret")])
    reader, writer = await bound(lab)
    writer.write(b"".join(submit(sequence) for sequence in range(2, 6)))
    answers = {sequence: told for _, told, sequence, _ in [await read_pdu(reader) for _ in range(4)]}
    assert answers == {2: 0, 3: 0, 4: CommandStatus[status], 5: CommandStatus[status]}


@pytest.mark.parametrize("status", ["ESME_RTHROTTLED", "ESME_RMSGQFUL"])
async def test_messages_above_the_rate_get_the_operators_status(start_lab: Any, status: Any) -> None:
    lab = await start_lab(personality=personality(rate=0.001, burst=2, rate_error=status))
    esme, other = await lab.bind(), await lab.bind()
    await esme.submit()
    await other.submit()
    for link in (esme, other):
        with pytest.raises(SubmitRefusedError) as refused:
            await link.submit()
        assert refused.value.status == CommandStatus[status]
    assert len(lab.smsc.handset_messages(NUMBER)) == 2
