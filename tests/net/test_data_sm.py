"""data_sm in both directions and on every bind, its modes, and the alert when an absent subscriber returns."""

import asyncio
from typing import Any

import pytest

from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.net.failures import LinkDownError
from smsc_emulator.smpp.constants import CommandStatus, Tag
from smsc_emulator.smpp.pdus import DataSm, DataSmResp, Tlv

NUMBER = "+70000000001"
TRANSACTION = 2


async def send(esme: Any, text: bytes = b"hello", to: str = NUMBER, tlvs: tuple[Tlv, ...] = (), **more: Any) -> Any:
    payload = Tlv(Tag.MESSAGE_PAYLOAD, text)
    fields = {"source_addr": "tester", "source_addr_ton": 5, "dest_addr_ton": 1, "dest_addr_npi": 1, **more}
    async with asyncio.timeout(5):
        return await esme.client.request(DataSm(destination_addr=to.lstrip("+"), tlvs=[payload, *tlvs], **fields))


def texts(lab: Any) -> list[str]:
    return [message.text for message in lab.smsc.handset_messages(NUMBER)]


@pytest.mark.parametrize("bind", [{"kind": "tx"}, {"kind": "rx"}, {}])
async def test_data_sm_is_taken_on_every_bind(lab: Any, bind: dict[str, str]) -> None:
    """Table 2-1: also from a receiver."""
    alice = await lab.bind(**bind)
    response = await send(alice)
    assert isinstance(response, DataSmResp)
    assert response.command_status == 0
    assert response.message_id
    assert texts(lab) == ["hello"]


async def test_a_long_payload_is_one_text(lab: Any) -> None:
    await send(await lab.bind(), b"x" * 1000)
    assert texts(lab) == ["x" * 1000]


async def test_its_receipt_comes_as_any_other(lab: Any) -> None:
    alice = await lab.bind()
    response = await send(alice, registered_delivery=1)
    assert f"id:{response.message_id}".encode() in (await alice.next()).short_message


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"source_addr": "7" * 21}, CommandStatus.ESME_RINVSRCADR),
        ({"to": "7" * 21}, CommandStatus.ESME_RINVDSTADR),
        ({"to": ""}, CommandStatus.ESME_RINVDSTADR),
    ],
)
async def test_an_address_that_is_none_is_refused(lab: Any, fields: dict[str, str], status: int) -> None:
    assert (await send(await lab.bind(), **fields)).command_status == status


async def test_a_time_to_live_is_a_validity(lab: Any) -> None:
    """5.3.2.9: seconds."""
    await lab.switch(NUMBER, HandsetState.OFF)
    alice = await lab.bind()
    await send(alice, registered_delivery=1, tlvs=(Tlv(Tag.QOS_TIME_TO_LIVE, (90).to_bytes(4)),))
    lab.clock.move_to(lab.clock.now() + 90_000)
    await lab.smsc.life.fire(lab.clock.now())
    assert b"stat:EXPIRED" in (await alice.next()).short_message


@pytest.mark.parametrize("days", [30, 90, 99])
async def test_a_time_to_live_of_many_days_ends_to_the_second(lab: Any, days: int) -> None:
    """5.3.2.9: seconds, which are no months of the calendar."""
    alice = await lab.bind()
    await lab.switch(NUMBER, HandsetState.OFF)
    response = await send(alice, tlvs=(Tlv(Tag.QOS_TIME_TO_LIVE, (days * 86_400).to_bytes(4)),))
    (message,) = lab.smsc.life.waiting.get(response.message_id)
    assert message.expires_at == lab.clock.now() + days * 86_400_000


async def test_transaction_mode_answers_with_the_outcome(lab: Any) -> None:
    """2.10.3."""
    response = await send(await lab.bind(), esm_class=TRANSACTION)
    assert (response.command_status, response.tlvs) == (0, [])
    assert texts(lab) == ["hello"]


@pytest.mark.parametrize(
    ("state", "reason", "error"),
    [
        (HandsetState.OFF, 0, 6),
        (HandsetState.OUT_OF_COVERAGE, 0, 27),
        (HandsetState.UNKNOWN, 1, 1),
        (HandsetState.BARRED, 2, 13),
        (HandsetState.MEMORY_FULL, 3, 0xD3),
    ],
)
async def test_transaction_mode_tells_why_delivery_failed(
    lab: Any, state: HandsetState, reason: int, error: int
) -> None:
    """4.7.2, 5.3.2.33, 5.3.2.31."""
    await lab.switch(NUMBER, state)
    response = await send(await lab.bind(), esm_class=TRANSACTION)
    assert response.command_status == CommandStatus.ESME_RDELIVERYFAILURE
    assert response.tlv(Tag.DELIVERY_FAILURE_REASON) == bytes([reason])
    assert response.tlv(Tag.NETWORK_ERROR_CODE) == b"\3" + error.to_bytes(2)
    await lab.switch(NUMBER, HandsetState.ON)
    assert texts(lab) == []


async def test_transaction_mode_waits_for_another_esme(lab: Any) -> None:
    alice, bob = await lab.bind(), await lab.bind("bob")
    assert (await send(alice, to="1234", esm_class=TRANSACTION)).command_status == 0
    bob.statuses.append(CommandStatus.ESME_RX_R_APPN)
    refused = await send(alice, to="1234", esm_class=TRANSACTION)
    assert refused.command_status == CommandStatus.ESME_RDELIVERYFAILURE


# From the SMSC


@pytest.mark.parametrize("bind", [{"kind": "tx"}, {"kind": "rx"}, {}])
async def test_an_account_may_take_its_receipts_and_messages_by_data_sm(start_lab: Any, bind: dict[str, str]) -> None:
    account = AccountSettings(system_id="alice", password="secret", deliver_with="data_sm")
    lab = await start_lab(accounts=[account])
    alice = await lab.bind(**bind)
    response = await send(alice, registered_delivery=1)
    async with asyncio.timeout(5):
        receipt = await alice.data.get()
        await lab.smsc.send_from_handset(NUMBER, "1234", "mobile originated")
        message = await alice.data.get()
    assert receipt.esm_class == 4
    assert f"id:{response.message_id}".encode() in (receipt.tlv(Tag.MESSAGE_PAYLOAD) or b"")
    assert receipt.tlv(Tag.RECEIPTED_MESSAGE_ID) == response.message_id.encode() + b"\0"
    assert message.tlv(Tag.MESSAGE_PAYLOAD) == b"mobile originated"
    assert alice.delivered.empty()


async def test_a_peer_of_3_3_gets_deliver_sm_and_has_no_data_sm(start_lab: Any) -> None:
    account = AccountSettings(system_id="alice", password="secret", deliver_with="data_sm")
    lab = await start_lab(accounts=[account])
    alice = await lab.bind(interface_version=0x33)
    message_id = (await alice.submit(registered_delivery=1)).message_id
    assert len(message_id) <= 8
    receipt = await alice.next()
    assert f"id:{message_id}".encode() in receipt.short_message
    assert receipt.tlvs == []


# 5.3.2.29, 4.12: the delivery pending flag


@pytest.mark.parametrize(("asked", "result"), [(b"\1", b"\1"), (b"\0", b"\0")])
async def test_the_flag_is_set_when_it_is_asked_for(lab: Any, asked: bytes, result: bytes) -> None:
    await lab.switch(NUMBER, HandsetState.OFF)
    alice = await lab.bind()
    response = await send(alice, esm_class=TRANSACTION, tlvs=(Tlv(Tag.SET_DPF, asked),))
    assert response.tlv(Tag.DPF_RESULT) == result
    await lab.switch(NUMBER, HandsetState.ON)
    if asked == b"\0":
        assert alice.alerts.empty()
        return
    async with asyncio.timeout(5):
        alert = await alice.alerts.get()
    assert (alert.source_addr_ton, alert.source_addr_npi, alert.source_addr) == (1, 1, NUMBER[1:])
    assert (alert.esme_addr_ton, alert.esme_addr) == (5, "tester")
    assert alert.tlv(Tag.MS_AVAILABILITY_STATUS) == b"\0"


async def test_an_alert_comes_once_and_waits_for_a_receiver(lab: Any) -> None:
    await lab.switch(NUMBER, HandsetState.OFF)
    sender = await lab.bind(kind="tx")
    for _ in range(2):
        await send(sender, esm_class=TRANSACTION, tlvs=(Tlv(Tag.SET_DPF, b"\1"),))
    await lab.switch(NUMBER, HandsetState.ON)
    await lab.switch(NUMBER, HandsetState.ON)
    receiver = await lab.bind(kind="rx")
    async with asyncio.timeout(5):
        await receiver.alerts.get()
    assert receiver.alerts.empty()
    assert sender.alerts.empty()


async def test_a_message_that_waits_sets_the_flag_too_and_arrives_with_the_alert(lab: Any) -> None:
    await lab.switch(NUMBER, HandsetState.OUT_OF_COVERAGE)
    alice = await lab.bind()
    await send(alice, tlvs=(Tlv(Tag.SET_DPF, b"\1"),))
    assert texts(lab) == []
    await lab.switch(NUMBER, HandsetState.ON)
    async with asyncio.timeout(5):
        await alice.alerts.get()
    assert texts(lab) == ["hello"]


async def test_a_receipt_tells_that_the_flag_was_set(lab: Any) -> None:
    """SMPP 5.0, dpf_result: in store and forward mode the receipt tells."""
    await lab.switch(NUMBER, HandsetState.OFF)
    alice = await lab.bind()
    lifetime = Tlv(Tag.QOS_TIME_TO_LIVE, (90).to_bytes(4))
    await send(alice, registered_delivery=1, tlvs=(lifetime, Tlv(Tag.SET_DPF, b"\1")))
    await send(alice, registered_delivery=1, tlvs=(lifetime,))
    lab.clock.move_to(lab.clock.now() + 90_000)
    await lab.smsc.life.fire(lab.clock.now())
    assert [(await alice.next()).tlv(Tag.DPF_RESULT) for _ in range(2)] == [b"\1", None]


async def test_a_request_that_the_bind_does_not_allow_is_not_sent(lab: Any) -> None:
    receiver = await lab.bind(kind="rx")
    with pytest.raises(LinkDownError, match="submit_sm from the ESME in BOUND_RX"):
        await receiver.submit()
    assert (await send(receiver)).command_status == 0
