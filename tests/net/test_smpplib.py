"""An ESME that was not written here: smpplib, which blocks and therefore has a thread."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import smpplib.client
import smpplib.consts
import smpplib.gsm

NUMBER = "70000000001"
TEXTS = {
    "Latin": "Your code is 123456 [€]",
    "Cyrillic": "Ваш код подтверждения 123456",
    "long Latin": "All work and no play makes Jack a dull boy. " * 8,
    "long Cyrillic": "Широкая электрификация южных губерний даст мощный толчок. " * 4,
}


def submit_and_wait(port: int, text: str) -> tuple[list[str], list[str]]:
    """Return the message_ids of the parts, and those that the receipts tell."""
    client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True, timeout=10)
    submitted: list[str] = []
    receipted: list[str] = []
    client.set_message_sent_handler(lambda pdu: submitted.append(pdu.message_id.decode()))
    client.set_message_received_handler(lambda pdu: receipted.append(pdu.receipted_message_id.decode()))
    client.connect()
    client.bind_transceiver(system_id="alice", password="secret")
    parts, data_coding, esm_class = smpplib.gsm.make_parts(text)
    for part in parts:
        client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
            source_addr="tester",
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
            destination_addr=NUMBER,
            short_message=part,
            data_coding=data_coding,
            esm_class=esm_class,
            registered_delivery=True,
        )
    while len(submitted) < len(parts) or len(receipted) < len(parts):
        client.read_once()
    client.unbind()
    client.disconnect()
    return submitted, receipted


@pytest.mark.parametrize("kind", TEXTS)
async def test_smpplib_submits_and_gets_its_receipts(start_lab: Callable[..., Any], kind: str) -> None:
    lab = await start_lab()
    submitted, receipted = await asyncio.to_thread(submit_and_wait, lab.server.port, TEXTS[kind])
    assert sorted(receipted) == sorted(submitted)
    (message,) = lab.smsc.handset_messages("+" + NUMBER)
    assert (message.sender, message.text) == ("tester", TEXTS[kind])
