"""PDUs for people: their fields by the standard's names. Texts are not shown: they may hold a code."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from smsc_emulator.smpp.constants import CommandId, Tag, command_name
from smsc_emulator.smpp.pdus import Pdu

ADDRESSES = frozenset({"source_addr", "destination_addr"})
TEXTS = frozenset({"short_message"})
TEXT_TAGS = frozenset({Tag.MESSAGE_PAYLOAD})
HIDDEN = frozenset({"password"})


def shown(pdu: Pdu, address: Callable[[str], str]) -> Mapping[str, Any]:
    """Return the fields of a PDU that have a value, in the order of the wire; `address` shows a number."""
    return {"command": command_name(CommandId(pdu.command_id)), **dict(_fields(pdu, address))}


def _fields(pdu: Pdu, address: Callable[[str], str]) -> Iterator[tuple[str, Any]]:
    for field in fields(pdu):
        value = getattr(pdu, field.name)
        if field.name == "tlvs":
            yield from ((_tag(tlv.tag), _octets(tlv.tag in TEXT_TAGS, tlv.value)) for tlv in value)
        elif field.name in HIDDEN:
            yield field.name, "***"
        elif field.name in ADDRESSES:
            yield field.name, address(value)
        elif isinstance(value, bytes):
            yield field.name, _octets(field.name in TEXTS, value)
        elif value not in ("", None):
            yield field.name, value if isinstance(value, int | str) else str(value)


def _octets(is_text: bool, value: bytes) -> str:
    return f"{len(value)} octets" if is_text else value.hex()


def _tag(tag: int) -> str:
    try:
        return Tag(tag).name.lower()
    except ValueError:
        return f"0x{tag:04x}"
