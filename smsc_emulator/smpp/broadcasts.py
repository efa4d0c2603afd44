"""The broadcast operations, which came with SMPP 5.0. Text, area, content type and repetition are in the TLVs."""

from dataclasses import dataclass

from smsc_emulator.smpp.constants import CommandId, CommandStatus, Tag
from smsc_emulator.smpp.fields import c_octet_string, integer, time
from smsc_emulator.smpp.pdu import BROADCAST_TLVS, Pdu


@dataclass(slots=True)
class BroadcastSm(Pdu):
    """The ESME submits a message for broadcast to areas. message_id names the one to replace, if any."""

    command_id = CommandId.BROADCAST_SM
    optional = BROADCAST_TLVS

    service_type: str = c_octet_string(6, CommandStatus.ESME_RINVSERTYP)
    source_addr_ton: int = integer()
    source_addr_npi: int = integer()
    source_addr: str = c_octet_string(21, CommandStatus.ESME_RINVSRCADR)
    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)
    priority_flag: int = integer()
    schedule_delivery_time: str = time(CommandStatus.ESME_RINVSCHED)
    validity_period: str = time(CommandStatus.ESME_RINVEXPIRY)
    replace_if_present_flag: int = integer()
    data_coding: int = integer()
    sm_default_msg_id: int = integer()


@dataclass(slots=True)
class BroadcastSmResp(Pdu):
    """One message_id; areas that were not accepted are told in TLVs."""

    command_id = CommandId.BROADCAST_SM_RESP
    optional = frozenset({Tag.BROADCAST_ERROR_STATUS, Tag.BROADCAST_AREA_IDENTIFIER})
    bare_on_error = True

    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)


@dataclass(slots=True)
class QueryBroadcastSm(Pdu):
    """The ESME asks for a broadcast's state, by message_id or by user_message_reference."""

    command_id = CommandId.QUERY_BROADCAST_SM
    optional = frozenset({Tag.USER_MESSAGE_REFERENCE})

    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)
    source_addr_ton: int = integer()
    source_addr_npi: int = integer()
    source_addr: str = c_octet_string(21, CommandStatus.ESME_RINVSRCADR)


@dataclass(slots=True)
class QueryBroadcastSmResp(Pdu):
    """The state is in the TLV message_state, and for each area how much of it was reached."""

    command_id = CommandId.QUERY_BROADCAST_SM_RESP
    optional = frozenset(
        {
            Tag.MESSAGE_STATE,
            Tag.BROADCAST_AREA_IDENTIFIER,
            Tag.BROADCAST_AREA_SUCCESS,
            Tag.BROADCAST_END_TIME,
            Tag.USER_MESSAGE_REFERENCE,
        }
    )
    bare_on_error = True

    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)


@dataclass(slots=True)
class CancelBroadcastSm(Pdu):
    """The ESME cancels one broadcast, or all of a service_type and content type from one source."""

    command_id = CommandId.CANCEL_BROADCAST_SM
    optional = frozenset({Tag.BROADCAST_CONTENT_TYPE, Tag.USER_MESSAGE_REFERENCE})

    service_type: str = c_octet_string(6, CommandStatus.ESME_RINVSERTYP)
    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)
    source_addr_ton: int = integer()
    source_addr_npi: int = integer()
    source_addr: str = c_octet_string(21, CommandStatus.ESME_RINVSRCADR)


@dataclass(slots=True)
class CancelBroadcastSmResp(Pdu):
    """Nothing but the status."""

    command_id = CommandId.CANCEL_BROADCAST_SM_RESP
