"""The PDUs of which a busy link has thousands for each other one, read and written field by field.

The tables of pdus.py are the truth, and the codec follows them; here the common case of each is written out, many times
quicker. Whatever is unusual (an optional parameter in a request, a status, a time, anything that does not fit) gives
None and is left to the tables, which also tell what is wrong with it. A test holds both to the same results.
"""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from smsc_emulator.smpp.constants import MAX_SM_LENGTH, CommandId
from smsc_emulator.smpp.pdus import DeliverSm, DeliverSmResp, Pdu, SubmitSm, SubmitSmResp

_HEADER: Final = struct.Struct(">4I")
_BODY: Final = _HEADER.size
_TLV: Final = struct.Struct(">HH")
_MESSAGE: Final = struct.Struct(">3B2x5B").pack
"""From esm_class to sm_length, between them two times that are empty."""
_SERVICE_TYPE, _ADDRESS, _MESSAGE_ID = 6, 21, 65
"""The octets that these fields have, each with its NUL."""
_SUBMIT_SM, _SUBMIT_SM_RESP = int(CommandId.SUBMIT_SM), int(CommandId.SUBMIT_SM_RESP)
_DELIVER_SM_RESP = int(CommandId.DELIVER_SM_RESP)
_EMPTY_ID: Final = _BODY + 1


def read(frame: bytes, command_id: int, command_status: int, sequence_number: int, max_sm_length: int) -> Pdu | None:
    """Return the PDU that fills `frame`, whose header has been read; None is for the tables."""
    if command_id == _SUBMIT_SM and not command_status:
        return _read_submit_sm(frame, sequence_number, max_sm_length)
    if command_id == _DELIVER_SM_RESP and len(frame) == _EMPTY_ID and not frame[_BODY]:
        return DeliverSmResp(command_status=command_status, sequence_number=sequence_number)
    return None


def write(pdu: Pdu) -> bytes | None:
    """Return the octets of `pdu`; None is for the tables."""
    writer = _WRITERS.get(type(pdu))
    return None if writer is None else writer(pdu)


def _read_submit_sm(frame: bytes, sequence_number: int, max_sm_length: int) -> SubmitSm | None:
    """Return the submit_sm that fills `frame`, if it names no times and has no optional parameters."""
    text = frame.decode("latin-1")
    try:
        service_end = text.index("\0", _BODY)
        source = service_end + 3
        source_end = text.index("\0", source)
        destination = source_end + 3
        end = text.index("\0", destination)
        length = frame[end + 10]
        if (
            end + 11 + length != len(frame)
            or frame[end + 4]  # schedule_delivery_time
            or frame[end + 5]  # validity_period
            or length > max_sm_length
            or service_end - _BODY >= _SERVICE_TYPE
            or source_end - source >= _ADDRESS
            or end - destination >= _ADDRESS
        ):
            return None
    except (ValueError, IndexError):
        return None
    pdu = SubmitSm(
        text[_BODY:service_end],
        frame[service_end + 1],
        frame[service_end + 2],
        text[source:source_end],
        frame[source_end + 1],
        frame[source_end + 2],
        text[destination:end],
        frame[end + 1],
        frame[end + 2],
        frame[end + 3],
        "",
        "",
        frame[end + 6],
        frame[end + 7],
        frame[end + 8],
        frame[end + 9],
        frame[end + 11 :],
        sequence_number=sequence_number,
    )
    pdu.octets = frame
    return pdu


def _write_submit_sm_resp(pdu: SubmitSmResp) -> bytes | None:
    """Return the octets of a submit_sm_resp that tells of no error."""
    message_id = pdu.message_id
    if pdu.command_status or pdu.tlvs or len(message_id) >= _MESSAGE_ID or "\0" in message_id:
        return None
    try:
        octets = message_id.encode("latin-1")
        return _HEADER.pack(_EMPTY_ID + len(octets), _SUBMIT_SM_RESP, 0, pdu.sequence_number) + octets + b"\0"
    except (UnicodeEncodeError, struct.error):
        return None


def _write_message(pdu: DeliverSm | SubmitSm) -> bytes | None:
    """Return the octets of a deliver_sm or submit_sm that names no times."""
    short_message = pdu.short_message
    if pdu.command_status or pdu.schedule_delivery_time or pdu.validity_period or len(short_message) > MAX_SM_LENGTH:
        return None
    try:
        addresses = _addresses(
            pdu.service_type,
            pdu.source_addr_ton,
            pdu.source_addr_npi,
            pdu.source_addr,
            pdu.dest_addr_ton,
            pdu.dest_addr_npi,
            pdu.destination_addr,
        )
        if addresses is None:
            return None
        rest = _MESSAGE(
            pdu.esm_class,
            pdu.protocol_id,
            pdu.priority_flag,
            pdu.registered_delivery,
            pdu.replace_if_present_flag,
            pdu.data_coding,
            pdu.sm_default_msg_id,
            len(short_message),
        )
        body = addresses + rest + short_message
        for tag, value in pdu.tlvs:
            body += _TLV.pack(tag, len(value)) + value
        return _HEADER.pack(_BODY + len(body), pdu.command_id, 0, pdu.sequence_number) + body
    except (UnicodeEncodeError, OverflowError, TypeError, struct.error):
        return None


@lru_cache(maxsize=20_000)
def _addresses(
    service_type: str,
    source_addr_ton: int,
    source_addr_npi: int,
    source_addr: str,
    dest_addr_ton: int,
    dest_addr_npi: int,
    destination_addr: str,
) -> bytes | None:
    """Return the octets from service_type to destination_addr, which messages by the thousand have alike."""
    if (
        len(service_type) >= _SERVICE_TYPE
        or len(source_addr) >= _ADDRESS
        or len(destination_addr) >= _ADDRESS
        or "\0" in service_type
        or "\0" in source_addr
        or "\0" in destination_addr
    ):
        return None
    return b"%b\0%c%c%b\0%c%c%b\0" % (
        service_type.encode("latin-1"),
        source_addr_ton,
        source_addr_npi,
        source_addr.encode("latin-1"),
        dest_addr_ton,
        dest_addr_npi,
        destination_addr.encode("latin-1"),
    )


_WRITERS: Final[dict[type[Pdu], Callable[[Any], bytes | None]]] = {
    SubmitSmResp: _write_submit_sm_resp,
    DeliverSm: _write_message,
    SubmitSm: _write_message,
}
