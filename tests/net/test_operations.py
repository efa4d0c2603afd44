"""query_sm, cancel_sm, replace_sm and submit_multi over real sockets, with the state of real messages."""

import asyncio
from typing import Any

import pytest

from smsc_emulator.core.settings import DistributionListSettings
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.smpp.constants import CommandStatus, MessageState
from smsc_emulator.smpp.pdus import (
    CancelSm,
    CancelSmResp,
    DistributionList,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    UnsuccessSme,
)

NUMBER, OTHER = "+70000000001", "+70000000002"
SOURCE = {"source_addr": "tester", "source_addr_ton": 5, "source_addr_npi": 0}
DESTINATION = {"dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": NUMBER[1:]}
LISTS = [
    DistributionListSettings(name="both", members=[NUMBER, OTHER]),
    DistributionListSettings(name="nobody"),
]


@pytest.fixture
async def off(lab: Any) -> Any:
    """A lab whose handset is off, so that messages stay pending."""
    await lab.switch(NUMBER, HandsetState.OFF)
    return lab


async def ask(esme: Any, pdu: Any) -> Any:
    async with asyncio.timeout(5):
        return await esme.client.request(pdu)


async def query(esme: Any, message_id: str, **more: Any) -> QuerySmResp:
    response = await ask(esme, QuerySm(message_id=message_id, **{**SOURCE, **more}))
    assert isinstance(response, QuerySmResp)
    return response


def texts(lab: Any, number: str = NUMBER) -> list[str]:
    return [message.text for message in lab.smsc.handset_messages(number)]


# 4.8: query_sm


async def test_query_tells_a_final_state_and_its_date(lab: Any) -> None:
    alice = await lab.bind()
    message_id = (await alice.submit()).message_id
    response = await query(alice, message_id)
    assert (response.command_status, response.message_id) == (0, message_id)
    assert (response.message_state, response.error_code) == (MessageState.DELIVERED, 0)
    assert len(response.final_date) == 16
    assert response.final_date.endswith("00+")


async def test_query_of_a_pending_message_has_no_date(off: Any) -> None:
    alice = await off.bind()
    response = await query(alice, (await alice.submit()).message_id)
    assert (response.message_state, response.final_date, response.error_code) == (MessageState.ENROUTE, "", 6)


@pytest.mark.parametrize(("version", "state"), [(0x34, MessageState.ENROUTE), (0x50, MessageState.SCHEDULED)])
async def test_a_scheduled_message_is_so_to_a_peer_of_5_0(lab: Any, version: int, state: int) -> None:
    alice = await lab.bind(interface_version=version)
    message_id = (await alice.submit(schedule_delivery_time="000000010000000R")).message_id
    assert (await query(alice, message_id)).message_state == state


@pytest.mark.parametrize(
    "wrong", [{"source_addr": "other"}, {"source_addr": ""}, {"source_addr_ton": 1}, {"source_addr_npi": 1}]
)
async def test_a_message_is_found_by_its_whole_source_address_alone(off: Any, wrong: dict[str, Any]) -> None:
    """4.8, 4.9, 4.10: the source address must match, with type and plan, a NULL one too."""
    alice = await off.bind()
    message_id = (await alice.submit()).message_id
    source = {**SOURCE, **wrong}
    statuses = [
        (await ask(alice, pdu)).command_status
        for pdu in (
            QuerySm(message_id=message_id, **source),
            CancelSm(message_id=message_id, **source),
            ReplaceSm(message_id=message_id, short_message=b"new", **source),
        )
    ]
    expected = [CommandStatus.ESME_RQUERYFAIL, CommandStatus.ESME_RCANCELFAIL, CommandStatus.ESME_RREPLACEFAIL]
    assert statuses == expected
    assert (await query(alice, message_id)).command_status == 0


async def test_a_message_of_another_account_or_none_is_not_found(off: Any) -> None:
    alice, bob = await off.bind(), await off.bind("bob")
    message_id = (await alice.submit()).message_id
    assert (await query(bob, message_id)).command_status == CommandStatus.ESME_RQUERYFAIL
    assert (await query(alice, "77")).command_status == CommandStatus.ESME_RQUERYFAIL


async def test_a_message_without_source_is_found_by_none(off: Any) -> None:
    alice = await off.bind()
    message_id = (await alice.submit(source_addr="", source_addr_ton=0)).message_id
    assert (await query(alice, message_id, source_addr="", source_addr_ton=0)).command_status == 0


# 4.9: cancel_sm


async def test_cancel_deletes_a_pending_message_and_reports_it(off: Any) -> None:
    """5.2.17, note: a cancelled message counts as a failure."""
    alice = await off.bind()
    message_id = (await alice.submit(registered_delivery=2)).message_id
    assert isinstance(await ask(alice, CancelSm(message_id=message_id, **SOURCE)), CancelSmResp)
    assert b"stat:DELETED" in (await alice.next()).short_message
    assert (await query(alice, message_id)).message_state == MessageState.DELETED
    await off.switch(NUMBER, HandsetState.ON)
    assert texts(off) == []


async def test_a_final_message_cannot_be_cancelled_or_replaced(lab: Any) -> None:
    alice = await lab.bind()
    message_id = (await alice.submit()).message_id
    cancel = await ask(alice, CancelSm(message_id=message_id, **SOURCE))
    replace = await ask(alice, ReplaceSm(message_id=message_id, short_message=b"new", **SOURCE))
    assert cancel.command_status == CommandStatus.ESME_RCANCELFAIL
    assert replace.command_status == CommandStatus.ESME_RREPLACEFAIL


async def test_cancel_by_id_may_name_the_destination_and_then_it_counts(off: Any) -> None:
    alice = await off.bind()
    message_id = (await alice.submit()).message_id
    elsewhere = {**DESTINATION, "destination_addr": OTHER[1:]}
    wrong = await ask(alice, CancelSm(message_id=message_id, **SOURCE, **elsewhere))
    right = await ask(alice, CancelSm(message_id=message_id, **SOURCE, **DESTINATION))
    assert (wrong.command_status, right.command_status) == (CommandStatus.ESME_RCANCELFAIL, 0)


@pytest.mark.parametrize(("service_type", "left"), [("", []), ("CMT", [1]), ("VMN", [0, 2])])
async def test_cancel_by_addresses_takes_all_of_a_service_type(off: Any, service_type: str, left: list[int]) -> None:
    alice = await off.bind()
    ids = [(await alice.submit(service_type=kind)).message_id for kind in ("CMT", "VMN", "CMT")]
    await alice.submit(to=OTHER)
    response = await ask(alice, CancelSm(service_type=service_type, **SOURCE, **DESTINATION))
    assert response.command_status == 0
    states = [(await query(alice, message_id)).message_state for message_id in ids]
    assert states == [MessageState.ENROUTE if index in left else MessageState.DELETED for index in range(3)]
    assert texts(off, OTHER) == ["hello"]


async def test_cancel_by_addresses_with_nothing_there_fails(off: Any) -> None:
    alice = await off.bind()
    response = await ask(alice, CancelSm(**SOURCE, **DESTINATION))
    assert response.command_status == CommandStatus.ESME_RCANCELFAIL


# 4.10: replace_sm


async def test_replace_gives_a_pending_message_another_text(off: Any) -> None:
    alice = await off.bind()
    message_id = (await alice.submit(b"old")).message_id
    response = await ask(alice, ReplaceSm(message_id=message_id, registered_delivery=1, short_message=b"new", **SOURCE))
    assert isinstance(response, ReplaceSmResp)
    assert response.command_status == 0
    await off.switch(NUMBER, HandsetState.ON)
    assert texts(off) == ["new"]
    receipt = (await alice.next()).short_message
    assert f"id:{message_id}".encode() in receipt
    assert receipt.endswith(b"new")


async def test_replace_keeps_times_that_it_leaves_out_and_takes_those_that_it_names(lab: Any) -> None:
    """4.10.1."""
    alice = await lab.bind(interface_version=0x50)
    message_id = (await alice.submit(b"old", schedule_delivery_time="000000010000000R")).message_id
    await ask(alice, ReplaceSm(message_id=message_id, short_message=b"kept", **SOURCE))
    assert (await query(alice, message_id)).message_state == MessageState.SCHEDULED
    lab.clock.move_to(lab.clock.now() + 3_600_000)
    await lab.smsc.life.fire(lab.clock.now())
    assert texts(lab) == ["kept"]


@pytest.mark.parametrize(
    ("times", "status"),
    [
        ({"schedule_delivery_time": "9999999999999999"}, CommandStatus.ESME_RINVSCHED),
        ({"validity_period": "999999999999999+"}, CommandStatus.ESME_RINVEXPIRY),
    ],
)
async def test_a_wrong_time_in_replace_changes_nothing(off: Any, times: dict[str, str], status: int) -> None:
    alice = await off.bind()
    message_id = (await alice.submit(b"old")).message_id
    response = await ask(alice, ReplaceSm(message_id=message_id, short_message=b"new", **times, **SOURCE))
    assert response.command_status == status
    await off.switch(NUMBER, HandsetState.ON)
    assert texts(off) == ["old"]


# 5.2.18: replace_if_present_flag


async def test_a_submit_may_replace_the_one_before_it(off: Any) -> None:
    alice = await off.bind()
    first = await alice.submit(b"old", service_type="CMT")
    second = await alice.submit(b"new", service_type="CMT", replace_if_present_flag=1)
    other = await alice.submit(b"another service", service_type="VMN", replace_if_present_flag=1)
    assert first.message_id == second.message_id != other.message_id
    await off.switch(NUMBER, HandsetState.ON)
    assert texts(off) == ["new", "another service"]


async def test_a_submit_with_nothing_to_replace_is_a_new_message(lab: Any) -> None:
    """4.4.1.2."""
    alice = await lab.bind()
    await alice.submit(b"one", replace_if_present_flag=1)
    assert texts(lab) == ["one"]


# 4.5: submit_multi


def multi(*to: Any, **more: Any) -> SubmitMulti:
    return SubmitMulti(dest_address=list(to), short_message=b"to many", **SOURCE, **more)


def sme(number: str) -> SmeAddress:
    return SmeAddress(1, 1, number.removeprefix("+"))


async def test_submit_multi_reaches_addresses_and_lists_under_one_id(start_lab: Any) -> None:
    lab = await start_lab(distribution_lists=LISTS)
    alice = await lab.bind()
    response = await ask(alice, multi(sme(NUMBER), DistributionList("both"), registered_delivery=1))
    assert isinstance(response, SubmitMultiResp)
    assert (response.command_status, response.unsuccess_sme) == (0, [])
    assert texts(lab) == ["to many", "to many"]
    assert texts(lab, OTHER) == ["to many"]
    receipts = [await alice.next() for _ in range(3)]
    assert sorted(receipt.source_addr for receipt in receipts) == [NUMBER[1:], NUMBER[1:], OTHER[1:]]
    assert all(f"id:{response.message_id}".encode() in receipt.short_message for receipt in receipts)


async def test_a_destination_that_cannot_be_is_told_and_the_others_are_served(lab: Any) -> None:
    """4.5.2.1."""
    alice = await lab.bind()
    response = await ask(alice, multi(SmeAddress(1, 1, ""), sme(NUMBER)))
    assert response.command_status == 0
    assert response.unsuccess_sme == [UnsuccessSme(1, 1, "", CommandStatus.ESME_RINVDSTADR)]
    assert texts(lab) == ["to many"]


async def test_submit_multi_without_a_single_good_destination_fails_with_the_list(lab: Any) -> None:
    alice = await lab.bind()
    response = await ask(alice, multi(SmeAddress(2, 3, ""), SmeAddress(1, 1, "")))
    assert (response.command_status, response.message_id) == (CommandStatus.ESME_RSUBMITFAIL, "")
    assert [failure.dest_addr_ton for failure in response.unsuccess_sme] == [2, 1]


@pytest.mark.parametrize(
    ("times", "status"),
    [
        ({"schedule_delivery_time": "999999999999999+"}, CommandStatus.ESME_RINVSCHED),
        ({"validity_period": "000000000000000R"}, CommandStatus.ESME_RINVEXPIRY),
    ],
)
async def test_a_wrong_time_is_that_of_the_request_and_of_no_destination(
    lab: Any, times: dict[str, str], status: int
) -> None:
    """7.1.1, 5.1.3."""
    response = await ask(await lab.bind(), multi(sme(NUMBER), sme(OTHER), **times))
    assert (response.command_status, response.unsuccess_sme) == (status, [])
    assert texts(lab) == []


@pytest.mark.parametrize(
    ("name", "status"), [("unknown", CommandStatus.ESME_RINVDLNAME), ("nobody", CommandStatus.ESME_RCNTSUBDL)]
)
async def test_a_list_that_cannot_be_sent_to_refuses_the_request(start_lab: Any, name: str, status: int) -> None:
    lab = await start_lab(distribution_lists=LISTS)
    alice = await lab.bind()
    response = await ask(alice, multi(sme(NUMBER), DistributionList(name)))
    assert response.command_status == status
    assert texts(lab) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\0\5\0tester\0\0", CommandStatus.ESME_RINVNUMDESTS),
        (b"\0\5\0tester\0\1\3name\0", CommandStatus.ESME_RINVDESTFLAG),
        (b"\0\5\0tester\0\xff" + b"\2a\0" * 255, CommandStatus.ESME_RINVNUMDESTS),
    ],
)
async def test_wrong_destinations_have_statuses_of_their_own(lab: Any, body: bytes, status: int) -> None:
    """4.5: 1 to 254 destinations, dest_flag 1 or 2."""
    reader, writer = await lab.connect()
    bind = b"alice\0secret\0\0\x34\0\0\0"
    writer.write((16 + len(bind)).to_bytes(4) + b"\0\0\0\x09" + bytes(4) + b"\0\0\0\1" + bind)
    length = int.from_bytes(await reader.readexactly(4))
    await reader.readexactly(length - 4)
    body += bytes(10)
    writer.write((16 + len(body)).to_bytes(4) + b"\0\0\0\x21" + bytes(4) + b"\0\0\0\2" + body)
    header = await reader.readexactly(16)
    assert header[4:] == b"\x80\0\0\x21" + status.to_bytes(4) + b"\0\0\0\2"


async def test_a_message_to_many_is_final_when_the_last_of_them_is(off: Any) -> None:
    """4.8.2."""
    alice = await off.bind()
    response = await ask(alice, multi(sme(OTHER), sme(NUMBER)))
    off.clock.move_to(off.clock.now() + 120_000)
    await off.switch(NUMBER, HandsetState.ON)
    assert (await query(alice, response.message_id)).final_date == "260101120200000+"


async def test_query_and_cancel_of_a_message_to_many_are_about_all_of_them(off: Any) -> None:
    alice = await off.bind()
    response = await ask(alice, multi(sme(OTHER), sme(NUMBER), registered_delivery=1))
    assert (await query(alice, response.message_id)).message_state == MessageState.ENROUTE
    assert b"stat:DELIVRD" in (await alice.next()).short_message
    assert (await ask(alice, CancelSm(message_id=response.message_id, **SOURCE))).command_status == 0
    assert b"stat:DELETED" in (await alice.next()).short_message
    assert (await query(alice, response.message_id)).message_state == MessageState.DELETED
