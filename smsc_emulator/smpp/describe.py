"""A PDU in words: each field and optional parameter with its value, and what the value means.

What only its owner may read is marked: a password is never told at all, a text is told apart from the rest.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from enum import IntEnum, IntFlag
from typing import Final

from smsc_emulator.frozen import frozen
from smsc_emulator.smpp import text
from smsc_emulator.smpp.constants import (
    DataCoding,
    EsmClass,
    MessageState,
    Npi,
    RegisteredDelivery,
    Tag,
    Ton,
    tag_name,
)
from smsc_emulator.smpp.fields import WIRE
from smsc_emulator.smpp.pdus import Pdu, UnknownPdu
from smsc_emulator.smpp.segments import read_part

PASSWORD: Final = "password"  # noqa: S105 - the name of a field
"""The field that is never told."""
HIDDEN: Final = "***"
RESERVED: Final = "reserved"
"""What a value that no table has stands for."""


@frozen
class Line:
    """One field or optional parameter of a PDU."""

    name: str
    """As the standard writes it."""
    value: str
    """A number in hexadecimal, a text as it is, octets in hexadecimal."""
    meaning: str = ""
    """What the value stands for; empty where it speaks for itself."""
    private: bool = False
    """Whether value and meaning are a text between people, which may hold a code."""


def describe(pdu: Pdu) -> list[Line]:
    """Return the lines of a PDU's body, in wire order, optional parameters last."""
    if isinstance(pdu, UnknownPdu):
        return [Line("body", pdu.body.hex(" "), private=True)] if pdu.body else []
    return [*_fields(pdu), *(_parameter(pdu, tag, value) for tag, value in pdu.tlvs)]


def _fields(pdu: Pdu) -> Iterator[Line]:
    for each in fields(pdu):
        if WIRE not in each.metadata:
            continue
        value = getattr(pdu, each.name)
        if each.name == PASSWORD:
            yield Line(each.name, HIDDEN)
        elif isinstance(value, bytes):
            yield Line("sm_length", str(len(value)))
            yield _octets(each.name, value, pdu)
        elif isinstance(value, int):
            yield Line(each.name, f"0x{value:02x}", _meaning(each.name, value))
        else:
            yield Line(each.name, str(value) if value else "", "" if value else "empty")


def _parameter(pdu: Pdu, tag: int, value: bytes) -> Line:
    name = tag_name(tag)
    if tag == Tag.MESSAGE_PAYLOAD:
        return _octets(name, value, pdu)
    if tag == Tag.RECEIPTED_MESSAGE_ID:
        return Line(name, value.rstrip(b"\0").decode("latin-1"))
    number = int.from_bytes(value)
    meaning = _coded(MessageState, number) if tag == Tag.MESSAGE_STATE else ""
    return Line(name, value.hex(" "), meaning or (str(number) if 0 < len(value) <= 4 else ""))


def _octets(name: str, value: bytes, pdu: Pdu) -> Line:
    """Return the line of a text; of a long one, it tells which segment this is."""
    part = read_part(value, getattr(pdu, "esm_class", 0), getattr(pdu, "data_coding", 0))
    said = text.decode(part.data, part.data_coding, part.shift)
    if place := part.concatenation:
        said = f"segment {place.sequence} of {place.total}: {said}"
    return Line(name, value.hex(" "), said, private=True)


def _meaning(name: str, value: int) -> str:
    """Return what a number stands for in the field `name`."""
    return next((tell(value) for ending, tell in _MEANINGS.items() if name.endswith(ending)), "")


def _coded(codes: type[IntEnum], value: int) -> str:
    try:
        code = codes(value)
    except ValueError:
        return RESERVED
    name, meaning = code.name.lower().replace("_", " "), code.meaning  # type: ignore[attr-defined]  # constants.py
    return name if name == meaning.lower() else f"{name}: {meaning}"


def _bits(flags: type[IntFlag]) -> Callable[[int], str]:
    """Return the teller of a set of bits."""
    return lambda value: ", ".join(flag.name.lower() for flag in flags if flag & value and flag.name) or "none"


def _esm_class(value: int) -> str:
    mode = {0: "default mode", 1: "datagram", 2: "transaction", 3: "store and forward"}[value & 0x03]
    rest = EsmClass(value & ~0x03)
    return ", ".join([mode, *(flag.name.lower().replace("_", " ") for flag in rest if flag.name)])


def _data_coding(value: int) -> str:
    named, meant = _coded(DataCoding, value), text.coding(value)
    if named != RESERVED:
        return named
    return str(meant.alphabet) if meant.message_class is None else f"{meant.alphabet}, class {meant.message_class}"


_MEANINGS: Final[Mapping[str, Callable[[int], str]]] = {
    "_ton": lambda value: _coded(Ton, value),
    "_npi": lambda value: _coded(Npi, value),
    "esm_class": _esm_class,
    "registered_delivery": _bits(RegisteredDelivery),
    "data_coding": _data_coding,
    "message_state": lambda value: _coded(MessageState, value),
    "interface_version": lambda value: f"{value >> 4}.{value & 0xF}",
}
"""How to tell the numbers of a field, by the end of its name."""


def message_id(pdu: Pdu) -> str:
    """Return the id that the SMSC gave the message which a PDU is about; empty if the PDU does not say."""
    receipted = pdu.tlv(Tag.RECEIPTED_MESSAGE_ID)
    if receipted is not None:
        return receipted.rstrip(b"\0").decode("latin-1")
    return str(getattr(pdu, "message_id", ""))
