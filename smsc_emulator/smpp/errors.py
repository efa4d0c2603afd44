"""The two families of errors on the wire, and the mistakes of the caller.

A DecodeError is answered with its status and the session carries on; a FramingError ends the stream, since nobody can
tell where the next PDU begins. The others never come from the peer's octets.
"""

from typing import NamedTuple

from smsc_emulator.smpp.constants import CommandStatus, command_name


class Header(NamedTuple):
    """The first sixteen octets of every PDU (3.2)."""

    command_length: int
    command_id: int
    command_status: int
    sequence_number: int


class SmppError(Exception):
    """Everything that this package raises on purpose."""


class DecodeError(SmppError):
    """A PDU whose frame is whole and whose body is wrong: answer with `status` and carry on.

    `path` names the field (`dest_address[2].destination_addr`, `tlvs[0]`); `offset` counts octets from the start of
    the PDU, header included.
    """

    def __init__(self, status: CommandStatus, header: Header, path: str, offset: int) -> None:
        super().__init__(
            f"{command_name(header.command_id)}: {path} at octet {offset}: {status.meaning} ({status.name})"
        )
        self.status = status
        self.header = header
        self.path = path
        self.offset = offset


class FramingError(SmppError):
    """A command_length that cannot be: answer with a generic_nack of ESME_RINVCMDLEN and close the stream (4.3)."""

    status = CommandStatus.ESME_RINVCMDLEN

    def __init__(self, command_length: int, most: int) -> None:
        super().__init__(f"command_length is {command_length}, and 16 to {most} octets are allowed")
        self.command_length = command_length


class EncodeError(SmppError):
    """A PDU that cannot be put on the wire: `path` names the field that does not fit its place."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


class WindowFullError(SmppError):
    """As many requests as the window allows wait for their answers (2.5.2)."""


class WrongStateError(SmppError):
    """The operation does not belong to this side or to the session's present state (Table 2-1)."""
