"""What can be seen to be wrong in one request of an ESME, whether or not the SMSC takes it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from smsc_emulator.smpp import segments
from smsc_emulator.smpp.constants import EsmClass, Tag, Ton
from smsc_emulator.smpp.pdus import Bind, DataSm, Pdu, SubmitMulti, SubmitSm

Found = tuple[str, str]
"""A kind of mistake (conduct.KINDS) and the value that shows it."""

_LONG_HEADERS: Final = (b"\x05\x00\x03", b"\x06\x08\x04")
"""How the header of a part of a long message begins, with 8 and 16 bits of reference (3GPP TS 23.040, 9.2.3.24.1)."""
_TYPE: Final = 0b111100
# Every message is looked at, and the arithmetic of plain integers is many times quicker than that of enumerations.
_UDHI, _RECEIPT = int(EsmClass.UDHI), int(EsmClass.DELIVERY_RECEIPT)
_ALPHANUMERIC, _INTERNATIONAL = int(Ton.ALPHANUMERIC), int(Ton.INTERNATIONAL)
_MOST_PRIORITY: Final = 3
_PASSWORD: Final = 8
_UCS2: Final = 0x08
_HIGH_OCTETS: Final = b"\x00\x04\x05\x06"
"""The first octets of UCS-2 in Latin, Cyrillic, Hebrew and Arabic texts; two of them begin a long message's header."""
_ESCAPE: Final = 0x1B


def mistakes(pdu: Pdu) -> Sequence[Found]:
    """Return what is wrong in a request."""
    if type(pdu) is SubmitSm:
        return _of_submit(pdu)
    found: list[Found] = []
    if isinstance(pdu, SubmitMulti):
        found += _source(pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi)
        _text(pdu, found)
        found += _flags(pdu.esm_class, pdu.registered_delivery, pdu.priority_flag, pdu.replace_if_present_flag)
    elif isinstance(pdu, DataSm):
        found += _source(pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi)
        found += _destination(pdu.destination_addr, pdu.dest_addr_ton)
    elif isinstance(pdu, Bind) and len(pdu.password) > _PASSWORD:
        found.append(("long_password", f"{len(pdu.password)} characters"))
    return found


def _of_submit(pdu: SubmitSm) -> Sequence[Found]:
    source = _source(pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi)
    destination = _destination(pdu.destination_addr, pdu.dest_addr_ton)
    flags = _flags(pdu.esm_class, pdu.registered_delivery, pdu.priority_flag, pdu.replace_if_present_flag)
    octets = pdu.short_message
    suspect = (
        pdu.data_coding
        or pdu.esm_class & _UDHI
        or pdu.tlvs
        or (octets and (octets[0] in _HIGH_OCTETS or octets[-1] == _ESCAPE))
    )
    if not (suspect or source or destination or flags):
        return ()
    found = [*source, *destination]
    _text(pdu, found)
    return [*found, *flags]


# Messages by the thousand have the same addresses and flags: what is wrong with them is found out once.


@lru_cache(maxsize=10_000)
def _source(address: str, ton: int, npi: int) -> tuple[Found, ...]:
    if not address:
        return ()
    if ton == _ALPHANUMERIC:
        digits = (("digits_as_name", address),) if address.isdigit() else ()
        return (*digits, ("alphanumeric_npi", f"source_addr_npi {npi} of {address}")) if npi else digits
    if address.startswith("+"):
        return (("plus_in_address", f"source_addr {address}"),)
    if not address.isdigit():
        return (("alphanumeric_ton", f"source_addr_ton {ton} of {address}"),)
    if ton == _INTERNATIONAL and address.startswith("00"):
        return (("prefix_in_international", f"source_addr {address}"),)
    return ()


@lru_cache(maxsize=10_000)
def _destination(address: str, ton: int) -> tuple[Found, ...]:
    if address.isdigit():
        if ton == _INTERNATIONAL and address.startswith("00"):
            return (("prefix_in_international", f"destination_addr {address}"),)
    elif address.startswith("+"):
        return (("plus_in_address", f"destination_addr {address}"),)
    elif address:
        return (("destination_name", address),)
    return ()


def _text(pdu: SubmitSm | SubmitMulti, found: list[Found]) -> None:
    payload = pdu.tlv(Tag.MESSAGE_PAYLOAD) if pdu.tlvs else None
    octets = pdu.short_message if payload is None else payload
    header = 0
    if pdu.esm_class & _UDHI:
        read = segments.read_header(octets)
        header = read.octets
        if read.problems:
            found.append(("udhi_without_udh", read.problems[0]))
        if any(tlv.tag == Tag.SAR_MSG_REF_NUM for tlv in pdu.tlvs):
            found.append(("udhi_with_sar", "sar_msg_ref_num"))
    elif octets.startswith(_LONG_HEADERS):
        found.append(("udh_without_udhi", octets[:7].hex(" ")))
    text = octets[header:] if header else octets
    if pdu.data_coding == 0:
        if len(text) >= 4 and text[0] in _HIGH_OCTETS and len(text) % 2 == 0 and not text[::2].strip(_HIGH_OCTETS):
            found.append(("ucs2_as_default", text[:8].hex(" ")))
        elif text and text[-1] == _ESCAPE:
            found.append(("cut_escape", f"{len(text)} octets"))
    elif pdu.data_coding == _UCS2 and len(text) % 2:
        found.append(("odd_ucs2", f"{len(text)} octets"))


@lru_cache(maxsize=1_000)
def _flags(
    esm_class: int, registered_delivery: int, priority_flag: int, replace_if_present_flag: int
) -> tuple[Found, ...]:
    found = []
    if esm_class & _TYPE == _RECEIPT:
        found.append(("receipt_from_esme", f"esm_class 0x{esm_class:02x}"))
    if registered_delivery & 0b11 == 0b11:
        found.append(("reserved_receipt", f"registered_delivery 0x{registered_delivery:02x}"))
    if priority_flag > _MOST_PRIORITY:
        found.append(("priority", f"priority_flag {priority_flag}"))
    if replace_if_present_flag > 1:
        found.append(("replace_flag", f"replace_if_present_flag {replace_if_present_flag}"))
    return tuple(found)
