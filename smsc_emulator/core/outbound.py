"""What the SMSC sends to ESMEs in deliver_sm: receipts, and messages whose destination is an ESME.

Each is kept until the ESME has acknowledged it; what a refusal means is a table.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from smsc_emulator.core.data_shape import sets_flag
from smsc_emulator.core.faults.fault import Sending
from smsc_emulator.core.message import FINAL, Message, state_for
from smsc_emulator.core.personality import Personality, pack
from smsc_emulator.smpp import gsm0338, receipts, segments
from smsc_emulator.smpp.constants import CommandStatus, EsmClass, Tag
from smsc_emulator.smpp.pdus import DeliverSm, SubmitSm, Tlv

TEMPORARY = frozenset(
    {
        CommandStatus.ESME_RSYSERR,
        CommandStatus.ESME_RMSGQFUL,
        CommandStatus.ESME_RTHROTTLED,
        CommandStatus.ESME_RX_T_APPN,
    }
)
"""Statuses of deliver_sm_resp after which the SMSC tries again; all others but ESME_ROK are for good."""

ANY_ACCOUNT = ""
"""The account of a message that waits for the first receiver to bind that takes what no account serves."""


class Kind(StrEnum):
    """What a deliver_sm carries."""

    RECEIPT = "receipt"
    NOTICE = "notice"
    """An intermediate notification."""
    MESSAGE = "message"


RECEIPT, MESSAGE = Kind.RECEIPT, Kind.MESSAGE
"""The kinds that each message asks for: a member of an enumeration takes long to look up."""


class Told(NamedTuple):
    """What an intermediate notification says of its message."""

    state: int
    error: int
    network_error: int
    at: int


@dataclass(slots=True, eq=False)
class Outbound:
    """One deliver_sm on its way to an ESME."""

    id: int
    kind: Kind
    account: str
    """The system_id it goes to, or ANY_ACCOUNT."""
    message: Message
    """The message that is carried, or that is reported."""
    attempts: int = 0
    due_at: int | None = None
    """Lab instant of the next attempt after a temporary error."""
    told: Told | None = None
    """What a notice tells of, which the message may have left since."""
    in_flight: bool = False
    """Whether it is with a peer that has not answered yet."""
    withdrawn: bool = False
    """Whether it is not to be sent any more, wherever it still waits."""
    sending: Sending | None = None
    """What a fault has decided about this sending; not kept over a restart."""

    def pdu(self, personality: Personality) -> DeliverSm:
        """Return the deliver_sm. The session leaves the TLVs out for a peer that has none (SMPP 3.4, 3.4)."""
        message = self.message
        pdu = _carried(message.pdu) if self.kind is MESSAGE else _receipt(message, personality, self.told)
        if personality.packed:
            pack(pdu)
        return pdu


_RECEIPT, _NOTICE = int(EsmClass.DELIVERY_RECEIPT), int(EsmClass.INTERMEDIATE_NOTIFICATION)
_KEPT_CLASSES = int(
    EsmClass.UDHI | EsmClass.REPLY_PATH | EsmClass.DELIVERY_ACKNOWLEDGEMENT | EsmClass.USER_ACKNOWLEDGEMENT
)


def _carried(pdu: SubmitSm) -> DeliverSm:
    """Return the deliver_sm that takes a submitted message to its destination (SMPP 3.4, 4.6.1)."""
    return DeliverSm(
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=pdu.dest_addr_ton,
        dest_addr_npi=pdu.dest_addr_npi,
        destination_addr=pdu.destination_addr,
        esm_class=pdu.esm_class & _KEPT_CLASSES,
        protocol_id=pdu.protocol_id,
        priority_flag=pdu.priority_flag,
        data_coding=pdu.data_coding,
        short_message=pdu.short_message,
        tlvs=list(pdu.tlvs),
    )


def _receipt(message: Message, personality: Personality, told: Told | None) -> DeliverSm:
    """Return the receipt of a message (Appendix B), or a notice: addresses swapped, each with its TON and NPI."""
    pdu = message.pdu
    if told is None:
        state, error, network_error = message.state, message.error, message.network_error
        at = message.final_at or message.accepted_at
    else:
        state, error, network_error, at = told
    state_told = state_for(state, message.version)
    message_id = personality.receipt_id(message.id, message.message_id)
    err = f"{error:03d}" if error else "000"
    layout, octets = personality.layout, None
    if pdu.data_coding == 0 and segments.is_plain(pdu.esm_class, pdu.tlvs):
        octets = receipts.octets(message_id, state_told, message.accepted_at, at, err, pdu.short_message, layout)
    if octets is None:
        dates = {"submit_date": message.accepted_at, "done_date": at}
        text = receipts.build(message_id, state_told, **dates, err=err, text=_quoted(pdu), layout=layout)
        octets = text.encode("ascii", "replace")
    tlvs = personality.receipt_tlvs(message_id, state_told, network_error)
    if pdu.tlvs and sets_flag(pdu, error):
        tlvs.append(Tlv(Tag.DPF_RESULT, b"\x01"))
    return DeliverSm(
        pdu.service_type,
        pdu.dest_addr_ton,
        pdu.dest_addr_npi,
        pdu.destination_addr,
        pdu.source_addr_ton,
        pdu.source_addr_npi,
        pdu.source_addr,
        _RECEIPT if state in FINAL else _NOTICE,
        short_message=octets,
        tlvs=tlvs,
    )


def _quoted(pdu: SubmitSm) -> str:
    """Return at least as much of the beginning of a message as a receipt quotes."""
    if pdu.data_coding == 0 and segments.is_plain(pdu.esm_class, pdu.tlvs):
        # A character of the default alphabet has two septets at the most.
        return gsm0338.decode(pdu.short_message[: 2 * receipts.EXCERPT])
    return segments.join([segments.read_part(pdu.short_message, pdu.esm_class, pdu.data_coding, pdu.tlvs)])
