"""PDUs as octets, of one's own making, right or wrong; and in words, as they came."""

from typing import Any

from smsc_emulator.smpp.codec import HEADER, encode
from smsc_emulator.smpp.constants import command_name, status_name
from smsc_emulator.smpp.pdus import Pdu, SubmitSm

NUMBER = "70000000001"
"""A handset of the default lab."""


def frame(command_id: int, body: bytes = b"", status: int = 0, number: int = 1, *, length: int | None = None) -> bytes:
    """Return a header and a body; `length` is what the header tells, where that is not the truth."""
    return HEADER.pack(HEADER.size + len(body) if length is None else length, command_id, status, number) + body


def wire(pdu: Pdu, number: int = 77) -> bytes:
    """Return the octets of a PDU, which has this sequence_number from now on."""
    pdu.sequence_number = number
    return encode(pdu)


def submit(number: int = 77, **fields: Any) -> bytes:
    """Return a submit_sm, which says hello to NUMBER where `fields` say nothing else."""
    told = {"destination_addr": NUMBER, "dest_addr_ton": 1, "short_message": b"hello", **fields}
    return wire(SubmitSm(**told), number)


def named(pdu: Pdu | None) -> str:
    """Return the operation and its status; `closed` where the link has ended instead."""
    if pdu is None:
        return "closed"
    return f"{command_name(pdu.command_id)} {status_name(pdu.command_status).removeprefix('ESME_')}"
