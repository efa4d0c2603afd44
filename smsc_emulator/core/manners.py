"""What can be seen to be wrong in one request of an ESME, whether or not the SMSC takes it."""

from collections.abc import Iterator
from typing import Final

from smsc_emulator.smpp import segments
from smsc_emulator.smpp.constants import EsmClass, Tag, Ton
from smsc_emulator.smpp.pdus import Bind, DataSm, Pdu, SubmitMulti, SubmitSm

Found = tuple[str, str]
"""A kind of mistake (conduct.KINDS) and the value that shows it."""

_LONG_HEADERS: Final = (b"\x05\x00\x03", b"\x06\x08\x04")
"""How the header of a part of a long message begins, with 8 and 16 bits of reference (3GPP TS 23.040, 9.2.3.24.1)."""
_TYPE: Final = 0b111100
_MOST_PRIORITY: Final = 3
_PASSWORD: Final = 8
_UCS2: Final = 0x08
_HIGH_OCTETS: Final = frozenset({0x00, 0x04, 0x05, 0x06})
"""The first octets of UCS-2 in Latin, Cyrillic, Hebrew and Arabic texts."""


def mistakes(pdu: Pdu) -> Iterator[Found]:
    """Yield what is wrong in a request."""
    if isinstance(pdu, SubmitSm | SubmitMulti):
        yield from _source(pdu)
        yield from _text(pdu, pdu.tlv(Tag.MESSAGE_PAYLOAD) if pdu.tlvs else None)
        yield from _flags(pdu)
        if isinstance(pdu, SubmitSm):
            yield from _destination(pdu)
    elif isinstance(pdu, DataSm):
        yield from _source(pdu)
        yield from _destination(pdu)
    elif isinstance(pdu, Bind) and len(pdu.password) > _PASSWORD:
        yield "long_password", f"{len(pdu.password)} characters"


def _source(pdu: SubmitSm | SubmitMulti | DataSm) -> Iterator[Found]:
    address, ton = pdu.source_addr, pdu.source_addr_ton
    if not address:
        return
    if ton == Ton.ALPHANUMERIC:
        if address.isdigit():
            yield "digits_as_name", address
        if pdu.source_addr_npi:
            yield "alphanumeric_npi", f"source_addr_npi {pdu.source_addr_npi} of {address}"
    elif address.startswith("+"):
        yield "plus_in_address", f"source_addr {address}"
    elif not address.isdigit():
        yield "alphanumeric_ton", f"source_addr_ton {ton} of {address}"
    elif ton == Ton.INTERNATIONAL and address.startswith("00"):
        yield "prefix_in_international", f"source_addr {address}"


def _destination(pdu: SubmitSm | DataSm) -> Iterator[Found]:
    address = pdu.destination_addr
    if address.isdigit():
        if pdu.dest_addr_ton == Ton.INTERNATIONAL and address.startswith("00"):
            yield "prefix_in_international", f"destination_addr {address}"
    elif address.startswith("+"):
        yield "plus_in_address", f"destination_addr {address}"
    elif address:
        yield "destination_name", address


def _text(pdu: SubmitSm | SubmitMulti, payload: bytes | None) -> Iterator[Found]:
    octets = pdu.short_message if payload is None else payload
    header = 0
    if pdu.esm_class & EsmClass.UDHI:
        found = segments.read_header(octets)
        header = found.octets
        if found.problems:
            yield "udhi_without_udh", found.problems[0]
        if any(tlv.tag == Tag.SAR_MSG_REF_NUM for tlv in pdu.tlvs):
            yield "udhi_with_sar", "sar_msg_ref_num"
    elif octets.startswith(_LONG_HEADERS):
        yield "udh_without_udhi", octets[:7].hex(" ")
    text = octets[header:]
    if pdu.data_coding == 0:
        if len(text) >= 4 and len(text) % 2 == 0 and _HIGH_OCTETS.issuperset(text[::2]):
            yield "ucs2_as_default", text[:8].hex(" ")
        elif text.endswith(b"\x1b"):
            yield "cut_escape", f"{len(text)} octets"
    elif pdu.data_coding == _UCS2 and len(text) % 2:
        yield "odd_ucs2", f"{len(text)} octets"


def _flags(pdu: SubmitSm | SubmitMulti) -> Iterator[Found]:
    if pdu.esm_class & _TYPE == EsmClass.DELIVERY_RECEIPT:
        yield "receipt_from_esme", f"esm_class 0x{pdu.esm_class:02x}"
    if pdu.registered_delivery & 0b11 == 0b11:
        yield "reserved_receipt", f"registered_delivery 0x{pdu.registered_delivery:02x}"
    if pdu.priority_flag > _MOST_PRIORITY:
        yield "priority", f"priority_flag {pdu.priority_flag}"
    if pdu.replace_if_present_flag > 1:
        yield "replace_flag", f"replace_if_present_flag {pdu.replace_if_present_flag}"
