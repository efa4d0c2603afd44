"""What the SMSC sends to ESMEs in deliver_sm: receipts, and messages whose destination is an ESME.

Each is kept until the ESME has acknowledged it; what a refusal means is a table.
"""

from dataclasses import dataclass
from enum import StrEnum

from smsc_emulator.base.durations import MINUTE, SECOND
from smsc_emulator.core.message import Message
from smsc_emulator.smpp import receipts, segments
from smsc_emulator.smpp.constants import CommandStatus, EsmClass
from smsc_emulator.smpp.pdus import DeliverSm, SubmitSm, Tlv

RETRY_AFTER = (1 * SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE)
"""Lab time from each failed attempt to the next; after the last one the SMSC gives up."""

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
    MESSAGE = "message"


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

    def pdu(self) -> DeliverSm:
        """Return the deliver_sm. The session leaves the TLVs out for a peer that has none (SMPP 3.4, 3.4)."""
        return _receipt(self.message) if self.kind is Kind.RECEIPT else _carried(self.message.pdu)


def retry_at(attempts: int, now: int) -> int | None:
    """Return when to try again after `attempts` failed ones, or None to give up."""
    return now + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None


_KEPT_CLASSES = EsmClass.UDHI | EsmClass.REPLY_PATH | EsmClass.DELIVERY_ACKNOWLEDGEMENT | EsmClass.USER_ACKNOWLEDGEMENT


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


def _receipt(message: Message) -> DeliverSm:
    """Return the receipt of a message (Appendix B): addresses swapped, each with its TON and NPI."""
    pdu = message.pdu
    part = segments.read_part(pdu.short_message, pdu.esm_class, pdu.data_coding, pdu.tlvs)
    text = receipts.build(
        message.message_id,
        message.state,
        submit_date=message.accepted_at,
        done_date=message.accepted_at if message.final_at is None else message.final_at,
        err=str(message.error),
        text=segments.join([part]),
    )
    return DeliverSm(
        service_type=pdu.service_type,
        source_addr_ton=pdu.dest_addr_ton,
        source_addr_npi=pdu.dest_addr_npi,
        source_addr=pdu.destination_addr,
        dest_addr_ton=pdu.source_addr_ton,
        dest_addr_npi=pdu.source_addr_npi,
        destination_addr=pdu.source_addr,
        esm_class=EsmClass.DELIVERY_RECEIPT,
        short_message=text.encode("ascii", "replace"),
        tlvs=[Tlv(*tlv) for tlv in receipts.tlvs(message.message_id, message.state)],
    )
