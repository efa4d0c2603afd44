"""data_sm: the same messages in another shape, from an ESME and to one (4.7).

The SMSC keeps every message as a submit_sm. In transaction mode (2.10.3) the answer waits for the outcome of the one
attempt at delivery, and tells why it failed; in the others the answer only says that the SMSC has the message.
Datagrams (2.10.2) get one attempt too.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.data_shape import as_submit, sets_flag
from smsc_emulator.core.life import RefusedError
from smsc_emulator.core.message import Message
from smsc_emulator.handsets.states import NETWORK_GSM
from smsc_emulator.smpp.constants import CommandStatus, MessageState, Tag
from smsc_emulator.smpp.pdus import DataSm, DataSmResp, Tlv

if TYPE_CHECKING:
    from smsc_emulator.core.smsc import Smsc

MODE: Final = 0b11
"""The bits of esm_class that choose the message mode (5.2.12)."""
DATAGRAM: Final = 0b01
TRANSACTION: Final = 0b10
LONGEST_ADDRESS: Final = 20
"""data_sm takes 64 octets of address (5.2.8, 5.2.9); the network's numbers, and submit_sm, have room for 20."""

FAILURE_REASON: Final[dict[int, int]] = {1: 1, 5: 1, 6: 0, 27: 0, 13: 2, 32: 3}
"""delivery_failure_reason (5.3.2.33) by MAP's error: 0 unavailable, 1 invalid address, 2 permanent, 3 temporary."""
_TEMPORARY: Final = 3


def data_sm(smsc: "Smsc", link: Link, account: Account, pdu: DataSm) -> None:
    """Accept a message that came by data_sm."""
    if status := account.personality.check(pdu):
        raise RefusedError(status)
    if len(pdu.source_addr) > LONGEST_ADDRESS:
        raise RefusedError(CommandStatus.ESME_RINVSRCADR)
    if len(pdu.destination_addr) > LONGEST_ADDRESS:
        raise RefusedError(CommandStatus.ESME_RINVDSTADR)
    message = smsc.intake.accept(link, account, as_submit(pdu))
    mode = pdu.esm_class & MODE
    if mode in (DATAGRAM, TRANSACTION):
        smsc.life.give_up_if_delayed(message)
    if mode == TRANSACTION:
        smsc.transactions.hold(message, link, pdu)
    else:
        smsc.answer(link, pdu, DataSmResp(message_id=message.message_id))


def outcome(message: Message) -> DataSmResp:
    """Return the answer in transaction mode to a message whose life is over (4.7.2)."""
    if message.state == MessageState.DELIVERED:
        return DataSmResp(message_id=message.message_id)
    reason = FAILURE_REASON.get(message.error, _TEMPORARY)
    tlvs = [
        Tlv(Tag.DELIVERY_FAILURE_REASON, bytes([reason])),
        Tlv(Tag.NETWORK_ERROR_CODE, bytes([NETWORK_GSM]) + message.network_error.to_bytes(2)),
    ]
    if message.pdu.tlv(Tag.SET_DPF) is not None:
        tlvs.append(Tlv(Tag.DPF_RESULT, bytes([sets_flag(message.pdu, message.error)])))
    return DataSmResp(message_id=message.message_id, command_status=CommandStatus.ESME_RDELIVERYFAILURE, tlvs=tlvs)


class Transactions:
    """The requests in transaction mode, whose answers wait for the ends of their messages."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Link, DataSm]] = {}

    def __bool__(self) -> bool:
        """Whether any waits."""
        return bool(self._held)

    def hold(self, message: Message, link: Link, request: DataSm) -> None:
        """Answer `request` when the life of its message is over."""
        self._held[message.id] = link, request

    def answer(self, finals: Iterable[Message]) -> list[Link]:
        """Answer the requests whose messages have come to their end; return the links."""
        return [self._reply(message, outcome(message)) for message in finals if message.id in self._held]

    def fail(self, lost: Iterable[Message]) -> list[Link]:
        """Refuse the requests whose messages could not be stored; return the links."""
        error = CommandStatus.ESME_RSYSERR
        return [self._reply(each, DataSmResp(command_status=error)) for each in lost if each.id in self._held]

    def _reply(self, message: Message, response: DataSmResp) -> Link:
        link, request = self._held.pop(message.id)
        link.reply(request, response)
        return link
