"""Every PDU as a table: its fields once, in wire order, and the optional parameters it may carry.

Names are the standard's. C-Octet Strings are `str`, Latin-1 both ways so that any octet survives; short_message is
`bytes`. sm_length and the counts of lists are not fields: they are what they count.
"""

from dataclasses import dataclass, field
from typing import Final

from smsc_emulator.smpp.ancillary import CancelSm as CancelSm
from smsc_emulator.smpp.ancillary import CancelSmResp as CancelSmResp
from smsc_emulator.smpp.ancillary import QuerySm as QuerySm
from smsc_emulator.smpp.ancillary import QuerySmResp as QuerySmResp
from smsc_emulator.smpp.ancillary import ReplaceSm as ReplaceSm
from smsc_emulator.smpp.ancillary import ReplaceSmResp as ReplaceSmResp
from smsc_emulator.smpp.broadcasts import BroadcastSm as BroadcastSm
from smsc_emulator.smpp.broadcasts import BroadcastSmResp as BroadcastSmResp
from smsc_emulator.smpp.broadcasts import CancelBroadcastSm as CancelBroadcastSm
from smsc_emulator.smpp.broadcasts import CancelBroadcastSmResp as CancelBroadcastSmResp
from smsc_emulator.smpp.broadcasts import QueryBroadcastSm as QueryBroadcastSm
from smsc_emulator.smpp.broadcasts import QueryBroadcastSmResp as QueryBroadcastSmResp
from smsc_emulator.smpp.constants import INTERFACE_VERSION, RESPONSE_BIT, CommandId, CommandStatus, Tag
from smsc_emulator.smpp.destinations import DistributionList as DistributionList
from smsc_emulator.smpp.destinations import SmeAddress as SmeAddress
from smsc_emulator.smpp.destinations import UnsuccessSme as UnsuccessSme
from smsc_emulator.smpp.fields import c_octet_string, counted, integer, short_message, time
from smsc_emulator.smpp.pdu import (
    ADDRESSING_TLVS,
    BEARER_TLVS,
    INTERACTIVE_TLVS,
    MESSAGE_TLVS,
    MULTI_TLVS,
    RECEIPT_TLVS,
    SUBMIT_TLVS,
)
from smsc_emulator.smpp.pdu import Pdu as Pdu
from smsc_emulator.smpp.pdu import Tlv as Tlv
from smsc_emulator.smpp.pdu import UnknownPdu as UnknownPdu

_PASSWORD: Final = 65  # operators often use more than 8 characters; a lenient session takes up to 64


@dataclass(slots=True)
class Bind(Pdu):
    """What the three binds share."""

    system_id: str = c_octet_string(16, CommandStatus.ESME_RINVSYSID)
    password: str = c_octet_string(9, CommandStatus.ESME_RINVPASWD, lenient_most=_PASSWORD)
    system_type: str = c_octet_string(13, CommandStatus.ESME_RINVSYSTYP)
    interface_version: int = integer(default=INTERFACE_VERSION)
    addr_ton: int = integer()
    addr_npi: int = integer()
    address_range: str = c_octet_string(41)


@dataclass(slots=True)
class BindResp(Pdu):
    """What their responses share.

    4.1.2 and 4.1.4 leave the body out on error; 4.1.6 is silent, and bind_transceiver_resp follows them.
    """

    optional = frozenset({Tag.SC_INTERFACE_VERSION})
    bare_on_error = True

    system_id: str = c_octet_string(16, CommandStatus.ESME_RINVSYSID)


@dataclass(slots=True)
class BindTransmitter(Bind):
    """4.1.1: the ESME will submit messages."""

    command_id = CommandId.BIND_TRANSMITTER


@dataclass(slots=True)
class BindTransmitterResp(BindResp):
    """4.1.2."""

    command_id = CommandId.BIND_TRANSMITTER_RESP


@dataclass(slots=True)
class BindReceiver(Bind):
    """4.1.3: the ESME will receive messages."""

    command_id = CommandId.BIND_RECEIVER


@dataclass(slots=True)
class BindReceiverResp(BindResp):
    """4.1.4."""

    command_id = CommandId.BIND_RECEIVER_RESP


@dataclass(slots=True)
class BindTransceiver(Bind):
    """4.1.5: the ESME will do both."""

    command_id = CommandId.BIND_TRANSCEIVER


@dataclass(slots=True)
class BindTransceiverResp(BindResp):
    """4.1.6."""

    command_id = CommandId.BIND_TRANSCEIVER_RESP


@dataclass(slots=True)
class Outbind(Pdu):
    """4.1.7: the SMSC asks the ESME to bind as a receiver. There is no response."""

    command_id = CommandId.OUTBIND

    system_id: str = c_octet_string(16, CommandStatus.ESME_RINVSYSID)
    password: str = c_octet_string(9, CommandStatus.ESME_RINVPASWD, lenient_most=_PASSWORD)


@dataclass(slots=True)
class Unbind(Pdu):
    """4.2.1: either side ends the session."""

    command_id = CommandId.UNBIND


@dataclass(slots=True)
class UnbindResp(Pdu):
    """4.2.2."""

    command_id = CommandId.UNBIND_RESP


@dataclass(slots=True)
class GenericNack(Pdu):
    """4.3: the answer to what could not be understood."""

    command_id = CommandId.GENERIC_NACK


@dataclass(slots=True)
class _Message(Pdu):
    service_type: str = c_octet_string(6, CommandStatus.ESME_RINVSERTYP)
    source_addr_ton: int = integer()
    source_addr_npi: int = integer()
    source_addr: str = c_octet_string(21, CommandStatus.ESME_RINVSRCADR)
    dest_addr_ton: int = integer()
    dest_addr_npi: int = integer()
    destination_addr: str = c_octet_string(21, CommandStatus.ESME_RINVDSTADR)
    esm_class: int = integer()
    protocol_id: int = integer()
    priority_flag: int = integer()
    schedule_delivery_time: str = time(CommandStatus.ESME_RINVSCHED)
    validity_period: str = time(CommandStatus.ESME_RINVEXPIRY)
    registered_delivery: int = integer()
    replace_if_present_flag: int = integer()
    data_coding: int = integer()
    sm_default_msg_id: int = integer()
    short_message: bytes = short_message()


@dataclass(slots=True)
class SubmitSm(_Message):
    """4.4.1: the ESME submits a message."""

    command_id = CommandId.SUBMIT_SM
    optional = SUBMIT_TLVS | ADDRESSING_TLVS | {Tag.SET_DPF}

    octets: bytes | None = field(default=None, init=False, compare=False, repr=False)
    """The whole PDU as it came, where that is known and nothing was changed since: what `codec.encode` would return."""


@dataclass(slots=True)
class SubmitSmResp(Pdu):
    """4.4.2. Without a body on error."""

    command_id = CommandId.SUBMIT_SM_RESP
    bare_on_error = True

    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)


@dataclass(slots=True)
class SubmitMulti(Pdu):
    """4.5.1: the ESME submits a message to several destinations."""

    command_id = CommandId.SUBMIT_MULTI
    optional = MULTI_TLVS | ADDRESSING_TLVS

    service_type: str = c_octet_string(6, CommandStatus.ESME_RINVSERTYP)
    source_addr_ton: int = integer()
    source_addr_npi: int = integer()
    source_addr: str = c_octet_string(21, CommandStatus.ESME_RINVSRCADR)
    dest_address: list[SmeAddress | DistributionList] = field(
        default_factory=list,
        metadata=counted({1: SmeAddress, 2: DistributionList}, 1, 254, CommandStatus.ESME_RINVNUMDESTS),
    )
    esm_class: int = integer()
    protocol_id: int = integer()
    priority_flag: int = integer()
    schedule_delivery_time: str = time(CommandStatus.ESME_RINVSCHED)
    validity_period: str = time(CommandStatus.ESME_RINVEXPIRY)
    registered_delivery: int = integer()
    replace_if_present_flag: int = integer()
    data_coding: int = integer()
    sm_default_msg_id: int = integer()
    short_message: bytes = short_message()


@dataclass(slots=True)
class SubmitMultiResp(Pdu):
    """4.5.2: one message_id, and the destinations that failed."""

    command_id = CommandId.SUBMIT_MULTI_RESP

    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)
    unsuccess_sme: list[UnsuccessSme] = field(
        default_factory=list, metadata=counted({0: UnsuccessSme}, 0, 255, CommandStatus.ESME_RINVNUMDESTS)
    )


@dataclass(slots=True)
class DeliverSm(_Message):
    """4.6.1: the SMSC delivers a message or a receipt."""

    command_id = CommandId.DELIVER_SM
    optional = (
        MESSAGE_TLVS | INTERACTIVE_TLVS | RECEIPT_TLVS | ADDRESSING_TLVS | {Tag.USER_RESPONSE_CODE, Tag.DPF_RESULT}
    )


@dataclass(slots=True)
class DeliverSmResp(Pdu):
    """4.6.2: message_id is unused and stays empty."""

    command_id = CommandId.DELIVER_SM_RESP

    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)


@dataclass(slots=True)
class DataSm(Pdu):
    """4.7.1: either side transfers a message, whose text is in message_payload."""

    command_id = CommandId.DATA_SM
    optional = SUBMIT_TLVS | RECEIPT_TLVS | BEARER_TLVS | ADDRESSING_TLVS | {Tag.DPF_RESULT}

    service_type: str = c_octet_string(6, CommandStatus.ESME_RINVSERTYP)
    source_addr_ton: int = integer()
    source_addr_npi: int = integer()
    source_addr: str = c_octet_string(65, CommandStatus.ESME_RINVSRCADR)
    dest_addr_ton: int = integer()
    dest_addr_npi: int = integer()
    destination_addr: str = c_octet_string(65, CommandStatus.ESME_RINVDSTADR)
    esm_class: int = integer()
    registered_delivery: int = integer()
    data_coding: int = integer()


@dataclass(slots=True)
class DataSmResp(Pdu):
    """4.7.2. Keeps its body on error, since TLVs may explain it."""

    command_id = CommandId.DATA_SM_RESP
    optional = frozenset(
        {
            Tag.DELIVERY_FAILURE_REASON,
            Tag.NETWORK_ERROR_CODE,
            Tag.ADDITIONAL_STATUS_INFO_TEXT,
            Tag.DPF_RESULT,
        }
    )

    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)


@dataclass(slots=True)
class EnquireLink(Pdu):
    """4.11.1: either side asks whether the other is there."""

    command_id = CommandId.ENQUIRE_LINK


@dataclass(slots=True)
class EnquireLinkResp(Pdu):
    """4.11.2."""

    command_id = CommandId.ENQUIRE_LINK_RESP


@dataclass(slots=True)
class AlertNotification(Pdu):
    """4.12.1: a subscriber can be reached again. There is no response."""

    command_id = CommandId.ALERT_NOTIFICATION
    optional = frozenset({Tag.MS_AVAILABILITY_STATUS})

    source_addr_ton: int = integer()
    source_addr_npi: int = integer()
    source_addr: str = c_octet_string(65, CommandStatus.ESME_RINVSRCADR)
    esme_addr_ton: int = integer()
    esme_addr_npi: int = integer()
    esme_addr: str = c_octet_string(65)


PDU_TYPES: Final[dict[int, type[Pdu]]] = {
    pdu_type.command_id: pdu_type
    for pdu_type in (
        BindTransmitter,
        BindReceiver,
        BindTransceiver,
        BindTransmitterResp,
        BindReceiverResp,
        BindTransceiverResp,
        Outbind,
        Unbind,
        UnbindResp,
        GenericNack,
        SubmitSm,
        SubmitSmResp,
        SubmitMulti,
        SubmitMultiResp,
        DeliverSm,
        DeliverSmResp,
        DataSm,
        DataSmResp,
        QuerySm,
        QuerySmResp,
        CancelSm,
        CancelSmResp,
        ReplaceSm,
        ReplaceSmResp,
        EnquireLink,
        EnquireLinkResp,
        AlertNotification,
        BroadcastSm,
        BroadcastSmResp,
        QueryBroadcastSm,
        QueryBroadcastSmResp,
        CancelBroadcastSm,
        CancelBroadcastSmResp,
    )
}
"""Each PDU by its command_id."""

RESPONSE_OF: Final[dict[int, type[Pdu]]] = {
    command_id ^ RESPONSE_BIT: pdu_type
    for command_id, pdu_type in PDU_TYPES.items()
    if command_id & RESPONSE_BIT and pdu_type is not GenericNack
}
"""The kind of each request's response, by the request's command_id; outbind and alert_notification have none."""
