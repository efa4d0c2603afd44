"""The operations on messages that were submitted before: query_sm, cancel_sm, replace_sm."""

from dataclasses import dataclass

from smsc_emulator.smpp.constants import CommandId, CommandStatus
from smsc_emulator.smpp.fields import c_octet_string, integer, short_message, time
from smsc_emulator.smpp.pdu import Pdu


@dataclass(slots=True)
class QuerySm(Pdu):
    """4.8.1: the ESME asks for a message's state."""

    command_id = CommandId.QUERY_SM

    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)
    source_addr_ton: int = integer()
    source_addr_npi: int = integer()
    source_addr: str = c_octet_string(21, CommandStatus.ESME_RINVSRCADR)


@dataclass(slots=True)
class QuerySmResp(Pdu):
    """4.8.2: final_date is empty until the state is final."""

    command_id = CommandId.QUERY_SM_RESP

    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)
    final_date: str = time()
    message_state: int = integer()
    error_code: int = integer()


@dataclass(slots=True)
class CancelSm(Pdu):
    """4.9.1: the ESME cancels one pending message, or all between two addresses."""

    command_id = CommandId.CANCEL_SM

    service_type: str = c_octet_string(6, CommandStatus.ESME_RINVSERTYP)
    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)
    source_addr_ton: int = integer()
    source_addr_npi: int = integer()
    source_addr: str = c_octet_string(21, CommandStatus.ESME_RINVSRCADR)
    dest_addr_ton: int = integer()
    dest_addr_npi: int = integer()
    destination_addr: str = c_octet_string(21, CommandStatus.ESME_RINVDSTADR)


@dataclass(slots=True)
class CancelSmResp(Pdu):
    """4.9.2."""

    command_id = CommandId.CANCEL_SM_RESP


@dataclass(slots=True)
class ReplaceSm(Pdu):
    """4.10.1: the ESME replaces a pending message's text and times. There is no data_coding."""

    command_id = CommandId.REPLACE_SM

    message_id: str = c_octet_string(65, CommandStatus.ESME_RINVMSGID)
    source_addr_ton: int = integer()
    source_addr_npi: int = integer()
    source_addr: str = c_octet_string(21, CommandStatus.ESME_RINVSRCADR)
    schedule_delivery_time: str = time(CommandStatus.ESME_RINVSCHED)
    validity_period: str = time(CommandStatus.ESME_RINVEXPIRY)
    registered_delivery: int = integer()
    sm_default_msg_id: int = integer()
    short_message: bytes = short_message()


@dataclass(slots=True)
class ReplaceSmResp(Pdu):
    """4.10.2."""

    command_id = CommandId.REPLACE_SM_RESP
