"""The broadcast operations of SMPP 5.0, on the lab clock."""

import asyncio
from typing import Any

import pytest

from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.smpp.constants import CommandStatus, MessageState, Tag
from smsc_emulator.smpp.pdus import (
    BroadcastSm,
    BroadcastSmResp,
    CancelBroadcastSm,
    CancelBroadcastSmResp,
    QueryBroadcastSm,
    Tlv,
)

NUMBER, OTHER = "+70000000001", "+70000000002"
SOURCE = {"source_addr": "warning", "source_addr_ton": 5}
AREA, OTHER_AREA, NO_AREA = b"\0north", b"\0south", b"\x09north"
MINUTE = 60_000


def broadcast(text: bytes = b"storm", areas: tuple[bytes, ...] = (AREA,), **more: Any) -> BroadcastSm:
    values: dict[int, bytes | None] = {
        Tag.BROADCAST_CONTENT_TYPE: b"\1\0\1",
        Tag.BROADCAST_REP_NUM: b"\0\1",
        Tag.BROADCAST_FREQUENCY_INTERVAL: b"\x09\0\1",
        Tag.MESSAGE_PAYLOAD: text,
        **more.pop("values", {}),
    }
    tlvs = [Tlv(Tag.BROADCAST_AREA_IDENTIFIER, area) for area in areas]
    tlvs += [Tlv(tag, value) for tag, value in values.items() if value is not None]
    return BroadcastSm(tlvs=tlvs, **SOURCE, **more)


async def ask(esme: Any, pdu: Any) -> Any:
    async with asyncio.timeout(5):
        return await esme.client.request(pdu)


async def state(esme: Any, message_id: str) -> int:
    response = await ask(esme, QueryBroadcastSm(message_id=message_id, **SOURCE))
    return int(response.tlv(Tag.MESSAGE_STATE)[0])


async def turn(lab: Any, milliseconds: int = 0) -> None:
    lab.clock.move_to(lab.clock.now() + milliseconds)
    await lab.smsc.broadcasts.fire(lab.clock.now())


def texts(lab: Any, number: str = NUMBER) -> list[str]:
    return [message.text for message in lab.smsc.handset_messages(number)]


@pytest.fixture
async def alice(lab: Any) -> Any:
    return await lab.bind(interface_version=0x50)


async def test_a_broadcast_reaches_the_handsets_that_can_be_reached(lab: Any, alice: Any) -> None:
    await lab.switch(OTHER, HandsetState.OFF)
    response = await ask(alice, broadcast())
    assert isinstance(response, BroadcastSmResp)
    assert response.command_status == 0
    assert response.tlv(Tag.CONGESTION_STATE) == b"\1"  # one of a window of a hundred
    await turn(lab)
    assert (texts(lab), texts(lab, OTHER)) == (["storm"], [])
    assert await state(alice, response.message_id) == MessageState.DELIVERED


async def test_a_repeated_broadcast_reaches_each_handset_once(lab: Any, alice: Any) -> None:
    await lab.switch(OTHER, HandsetState.OFF)
    message_id = (await ask(alice, broadcast(values={Tag.BROADCAST_REP_NUM: b"\0\3"}))).message_id
    await turn(lab)
    assert await state(alice, message_id) == MessageState.ENROUTE
    await lab.switch(OTHER, HandsetState.ON)
    await turn(lab, MINUTE)
    await turn(lab, MINUTE)
    assert (texts(lab), texts(lab, OTHER)) == (["storm"], ["storm"])
    assert await state(alice, message_id) == MessageState.DELIVERED


async def test_a_broadcast_waits_for_its_time_and_ends_with_its_validity(lab: Any, alice: Any) -> None:
    times = {"schedule_delivery_time": "000000000100000R", "validity_period": "000000000200000R"}
    many = await ask(alice, broadcast(values={Tag.BROADCAST_REP_NUM: b"\0\x09"}, **times))
    always = await ask(alice, broadcast(values={Tag.BROADCAST_REP_NUM: b"\0\0"}, **times))
    await turn(lab)
    assert texts(lab) == []
    assert await state(alice, many.message_id) == MessageState.SCHEDULED
    await turn(lab, MINUTE)
    assert texts(lab) == ["storm", "storm"]
    await turn(lab, MINUTE)
    assert await state(alice, many.message_id) == MessageState.EXPIRED
    assert await state(alice, always.message_id) == MessageState.DELIVERED


async def test_a_query_tells_areas_end_and_reference(lab: Any, alice: Any) -> None:
    reference = {Tag.USER_MESSAGE_REFERENCE: b"\0\7"}
    await ask(alice, broadcast(areas=(AREA, OTHER_AREA), values=reference))
    await turn(lab)
    query = QueryBroadcastSm(tlvs=[Tlv(Tag.USER_MESSAGE_REFERENCE, b"\0\7")], **SOURCE)
    tlvs = (await ask(alice, query)).tlvs
    assert tlvs[:5] == [
        Tlv(Tag.MESSAGE_STATE, b"\2"),
        Tlv(Tag.BROADCAST_AREA_IDENTIFIER, AREA),
        Tlv(Tag.BROADCAST_AREA_SUCCESS, b"\x64"),
        Tlv(Tag.BROADCAST_AREA_IDENTIFIER, OTHER_AREA),
        Tlv(Tag.BROADCAST_AREA_SUCCESS, b"\x64"),
    ]
    assert [tlv.tag for tlv in tlvs[5:]] == [
        Tag.BROADCAST_END_TIME,
        Tag.USER_MESSAGE_REFERENCE,
        Tag.CONGESTION_STATE,
    ]


async def test_a_cancelled_broadcast_does_not_go_out(lab: Any, alice: Any) -> None:
    message_id = (await ask(alice, broadcast())).message_id
    assert isinstance(await ask(alice, CancelBroadcastSm(message_id=message_id, **SOURCE)), CancelBroadcastSmResp)
    await turn(lab)
    assert texts(lab) == []
    assert await state(alice, message_id) == MessageState.DELETED
    again = await ask(alice, CancelBroadcastSm(message_id=message_id, **SOURCE))
    assert again.command_status == CommandStatus.ESME_RBCASTCANCELFAIL


async def test_broadcasts_are_cancelled_by_service_and_content_type(lab: Any, alice: Any) -> None:
    await ask(alice, broadcast(b"one", service_type="CBS"))
    await ask(alice, broadcast(b"two", service_type="CBS", values={Tag.BROADCAST_CONTENT_TYPE: b"\1\0\2"}))
    await ask(alice, broadcast(b"three"))
    tlvs = [Tlv(Tag.BROADCAST_CONTENT_TYPE, b"\1\0\1")]
    assert (await ask(alice, CancelBroadcastSm(service_type="CBS", tlvs=tlvs, **SOURCE))).command_status == 0
    await turn(lab)
    assert texts(lab) == ["two", "three"]


async def test_a_broadcast_may_replace_another(lab: Any, alice: Any) -> None:
    first = await ask(alice, broadcast(b"old"))
    second = await ask(alice, broadcast(b"new", message_id=first.message_id, replace_if_present_flag=1))
    assert first.message_id == second.message_id
    await turn(lab)
    assert texts(lab) == ["new"]
    assert await state(alice, first.message_id) == MessageState.DELIVERED


async def test_an_area_that_cannot_be_read_is_told(lab: Any, alice: Any) -> None:
    response = await ask(alice, broadcast(areas=(NO_AREA, AREA)))
    assert response.command_status == 0
    assert response.tlv(Tag.BROADCAST_ERROR_STATUS) == CommandStatus.ESME_RINVBCASTAREAFMT.to_bytes(4)
    assert response.tlv(Tag.BROADCAST_AREA_IDENTIFIER) == NO_AREA


@pytest.mark.parametrize(
    ("pdu", "status"),
    [
        (broadcast(areas=()), CommandStatus.ESME_RMISSINGOPTPARAM),
        (broadcast(areas=(NO_AREA,)), CommandStatus.ESME_RINVBCASTAREAFMT),
        (broadcast(values={Tag.BROADCAST_REP_NUM: None}), CommandStatus.ESME_RMISSINGOPTPARAM),
        (broadcast(values={Tag.BROADCAST_CONTENT_TYPE: b"\x09\0\0"}), CommandStatus.ESME_RINVBCASTCNTTYPE),
        (broadcast(values={Tag.BROADCAST_FREQUENCY_INTERVAL: b"\1\0\0"}), CommandStatus.ESME_RINVBCASTFREQINT),
        (broadcast(values={Tag.BROADCAST_MESSAGE_CLASS: b"\x09"}), CommandStatus.ESME_RINVBCASTMSGCLASS),
        (broadcast(values={Tag.BROADCAST_CHANNEL_INDICATOR: b"\2"}), CommandStatus.ESME_RINVBCASTCHANIND),
        (broadcast(values={Tag.BROADCAST_REP_NUM: b"\1"}), CommandStatus.ESME_RINVOPTPARAMVAL),
        (broadcast(schedule_delivery_time="9" * 16), CommandStatus.ESME_RINVSCHED),
        (broadcast(validity_period="9" * 15 + "+"), CommandStatus.ESME_RINVEXPIRY),
        (QueryBroadcastSm(message_id="9", **SOURCE), CommandStatus.ESME_RBCASTQUERYFAIL),
    ],
)
async def test_what_is_wrong_has_a_status_of_its_own(alice: Any, pdu: Any, status: int) -> None:
    assert (await ask(alice, pdu)).command_status == status
