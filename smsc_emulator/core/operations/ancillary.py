"""query_sm, cancel_sm and replace_sm: what an ESME asks of messages that it has submitted (4.8, 4.9, 4.10).

A message is found by its message_id and its source address with type and plan, all of which must be the original's. One
that was sent by submit_multi stands for all its destinations.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.life import RefusedError
from smsc_emulator.core.message import Address, Message
from smsc_emulator.core.personality import unpack
from smsc_emulator.smpp import times
from smsc_emulator.smpp.constants import CommandStatus, MessageState, Tag
from smsc_emulator.smpp.pdus import CancelSm, CancelSmResp, QuerySm, QuerySmResp, ReplaceSm, ReplaceSmResp, SubmitSm

if TYPE_CHECKING:
    from smsc_emulator.core.smsc import Smsc

_LARGEST_ERROR = 255


def query_sm(smsc: "Smsc", link: Link, account: Account, pdu: QuerySm) -> None:
    """Tell a message's state; ESME_RQUERYFAIL if there is none (4.8)."""
    found = smsc.life.find_all(account.system_id, pdu.message_id, _source(pdu))
    if not found:
        raise RefusedError(CommandStatus.ESME_RQUERYFAIL)
    message = slowest(found)
    link.reply(
        pdu,
        QuerySmResp(
            message_id=pdu.message_id,
            final_date="" if message.final_at is None else times.write(message.final_at),
            message_state=message.state_for(link.interface_version),
            error_code=min(message.error, _LARGEST_ERROR),
        ),
    )


def cancel_sm(smsc: "Smsc", link: Link, account: Account, pdu: CancelSm) -> None:
    """Delete the message with the id or, without an id, all that are pending between the addresses (4.9).

    ESME_RCANCELFAIL if none is there to delete.
    """
    cancelled = [message for message in _to_cancel(smsc, account, pdu) if smsc.life.cancel(message)]
    if not cancelled:
        raise RefusedError(CommandStatus.ESME_RCANCELFAIL)
    smsc.answer(link, pdu, CancelSmResp())


def replace_sm(smsc: "Smsc", link: Link, account: Account, pdu: ReplaceSm) -> None:
    """Give a pending message another text and other times, of which empty ones stay (4.10).

    ESME_RREPLACEFAIL if it is not there, or over, or being delivered.
    """
    if status := account.personality.check(pdu):
        raise RefusedError(status)
    found = smsc.life.find_all(account.system_id, pdu.message_id, _source(pdu))
    pending = [message for message in found if not message.is_final]
    if not pending:
        raise RefusedError(CommandStatus.ESME_RREPLACEFAIL)
    for message in pending:
        text = _text(account, message, pdu)
        smsc.life.replace(
            message,
            short_message=text.short_message,
            registered_delivery=pdu.registered_delivery,
            sm_default_msg_id=pdu.sm_default_msg_id,
            schedule=pdu.schedule_delivery_time,
            validity=pdu.validity_period,
            tlvs=text.tlvs,
        )
    smsc.answer(link, pdu, ReplaceSmResp())


def slowest(messages: list[Message]) -> Message:
    """Return the message that tells of several to many destinations.

    The first pending, else the first that failed, else the last that was delivered.
    """
    return (
        next((message for message in messages if not message.is_final), None)
        or next((message for message in messages if message.state != MessageState.DELIVERED), None)
        or max(messages, key=lambda message: message.final_at or 0)
    )


def _to_cancel(smsc: "Smsc", account: Account, pdu: CancelSm) -> list[Message]:
    source = _source(pdu)
    destination = Address(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr)
    if not pdu.message_id:
        return smsc.life.pending(account.system_id, source, destination, pdu.service_type or None)
    found = smsc.life.find_all(account.system_id, pdu.message_id, source)
    return [message for message in found if not destination.number or message.destination == destination]


def _source(pdu: QuerySm | CancelSm | ReplaceSm) -> Address:
    return Address(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr)


def _text(account: Account, message: Message, pdu: ReplaceSm) -> SubmitSm:
    """Return the message with the new text; what it had in message_payload is replaced too."""
    payload = [tlv for tlv in pdu.tlvs if tlv.tag == Tag.MESSAGE_PAYLOAD]
    kept = [tlv for tlv in message.pdu.tlvs if tlv.tag != Tag.MESSAGE_PAYLOAD]
    text = replace(message.pdu, short_message=pdu.short_message, tlvs=kept + payload)
    if account.personality.packed:
        unpack(text)
    return text
