"""What the faults of octets share: reading and writing the header of an encoded PDU (SMPP 3.4, 3.2)."""

from struct import Struct

HEADER = Struct(">IIII")
"""command_length, command_id, command_status, sequence_number."""


def rewrite(
    frame: bytes, *, command_id: int | None = None, status: int | None = None, sequence_number: int | None = None
) -> bytes:
    """Return the PDU with some members of its header changed and its length set right; what is too short stays."""
    if len(frame) < HEADER.size:
        return frame
    _, had_id, had_status, had_number = HEADER.unpack_from(frame)
    members = (
        len(frame),
        had_id if command_id is None else command_id,
        had_status if status is None else status,
        had_number if sequence_number is None else sequence_number,
    )
    return HEADER.pack(*members) + frame[HEADER.size :]


def sequence_number(frame: bytes) -> int:
    """Return the PDU's number; 0 for what is too short to have one."""
    return int(HEADER.unpack_from(frame)[3]) if len(frame) >= HEADER.size else 0
