"""PDUs as octets, of one's own making: right or wrong."""

from smsc_emulator.smpp.codec import HEADER, encode
from smsc_emulator.smpp.pdus import Pdu


def frame(command_id: int, body: bytes = b"", status: int = 0, number: int = 1, *, length: int | None = None) -> bytes:
    """Return a header and a body; `length` is what the header tells, where that is not the truth."""
    return HEADER.pack(HEADER.size + len(body) if length is None else length, command_id, status, number) + body


def numbered(pdu: Pdu, number: int) -> bytes:
    """Return the octets of a PDU that has this sequence_number from now on."""
    pdu.sequence_number = number
    return encode(pdu)
