"""How a field stands on the wire: the specifications that encoder and decoder both read.

A PDU's dataclass declares its fields once, in wire order, each by one of the functions at the end.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from smsc_emulator.frozen import frozen
from smsc_emulator.smpp.constants import CommandStatus

WIRE: Final = "wire"
"""The key of a field's specification in its metadata."""


@frozen
class Integer:
    """An unsigned integer of `size` octets, high octet first (3.1)."""

    size: int


@frozen
class COctetString:
    """Characters ended by a NUL, which `most` counts too (3.1.1); a longer one is answered with `status`.

    `lenient_most` is the limit where operators' own SMSCs are known to allow more than the standard. A `fixed` string
    is either empty or exactly `most` octets long, as times are.
    """

    most: int
    status: CommandStatus
    lenient_most: int
    fixed: bool = False


@frozen
class ShortMessage:
    """An octet of length (sm_length), then as many octets: 0 to 254 (5.2.21, 5.2.22)."""


@frozen
class Entries:
    """An octet that counts, then as many entries; with several `kinds`, each entry starts with the flag of its kind."""

    kinds: Mapping[int, type]
    least: int
    most: int
    status: CommandStatus


Wire = Integer | COctetString | ShortMessage | Entries


def integer(size: int = 1, default: int = 0) -> Any:
    """Declare an unsigned integer of one or four octets."""
    return field(default=default, metadata={WIRE: Integer(size)})


def c_octet_string(
    most: int, status: CommandStatus = CommandStatus.ESME_RINVPARLEN, *, lenient_most: int | None = None
) -> Any:
    """Declare a C-Octet String of at most `most` octets, the NUL included."""
    return field(default="", metadata={WIRE: COctetString(most, status, lenient_most or most)})


def time(status: CommandStatus = CommandStatus.ESME_RINVPARLEN) -> Any:
    """Declare a time: empty, or sixteen characters and a NUL (7.1.1)."""
    return field(default="", metadata={WIRE: COctetString(17, status, 17, fixed=True)})


def short_message() -> Any:
    """Declare sm_length and short_message, of which the first is the length of the second."""
    return field(default=b"", metadata={WIRE: ShortMessage()})


def counted(kinds: Mapping[int, type], least: int, most: int, status: CommandStatus) -> dict[str, Wire]:
    """Return the metadata of a counted list, whose entries are dataclasses with fields of their own."""
    return {WIRE: Entries(kinds, least, most, status)}
