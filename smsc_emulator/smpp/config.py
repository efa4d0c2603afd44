"""How a session behaves."""

from collections.abc import Callable
from functools import cache
from typing import Final

from smsc_emulator.frozen import frozen
from smsc_emulator.smpp import straight
from smsc_emulator.smpp.codec import ErrorBody, decode_by_table
from smsc_emulator.smpp.constants import MAX_SM_LENGTH, VERSION_5_0, CommandStatus
from smsc_emulator.smpp.pdus import Pdu
from smsc_emulator.smpp.states import OPERATIONS, EnquireLinkBeforeBind
from smsc_emulator.smpp.versions import VERSIONS

SERVED: Final = frozenset(OPERATIONS)
"""The requests that an application answers; any other gets the "not supported" response of its own kind."""

MAX_LENGTH: Final = 0x14000
"""The longest PDU taken: 64 KiB of message_payload and room for the largest submit_multi."""


Reader = Callable[[bytes, int, int, int], Pdu]
"""Decodes a frame, whose command_id, command_status and sequence_number have been read."""


@frozen
class SessionConfig:
    """What both sides may choose. Times are seconds; 0 turns a timer off."""

    window: int = 10
    """How many requests may wait for their answers, in each direction (2.5.2)."""
    session_init_timeout: float = 10.0
    """How long an SMSC waits for the bind."""
    enquire_link_interval: float = 60.0
    """Silence after which the peer is asked whether it is there."""
    inactivity_timeout: float = 0.0
    """Time without any operation but enquire_link after which the link is dropped."""
    response_timeout: float = 30.0
    """How long to wait for the answer to a request of our own."""
    strict: bool = False
    """Whether PDUs are held to the letter of SMPP 3.4; see `codec.decode`."""
    max_length: int = MAX_LENGTH
    """The longest command_length taken."""
    served: frozenset[int] = SERVED
    """The requests that the application answers, by command_id."""
    interface_version: int = VERSION_5_0
    """The highest version of SMPP that this side speaks."""
    tells_version: bool = True
    """Whether the SMSC's bind responses tell its version, as they should (3.4); some SMSCs do not."""
    enquire_link_before_bind: EnquireLinkBeforeBind = EnquireLinkBeforeBind.ANSWERED
    """What enquire_link gets outside the bound states."""
    max_sm_length: int = MAX_SM_LENGTH
    """The longest short_message taken from a peer of 3.4 or earlier; lenient SMSCs take 255 (5.2.21)."""
    payload_conflict: CommandStatus = CommandStatus.ESME_ROPTPARNOTALLWD
    """The answer to short_message beside message_payload, before 5.0; ESME_ROK lets message_payload supersede."""
    window_error: CommandStatus | None = None
    """The answer to a request above the window; None: ESME_RTHROTTLED of an SMSC, ESME_RMSGQFUL of an ESME."""
    error_body: ErrorBody = ErrorBody.BY_CLAUSE
    """Which responses that tell an error keep their body."""

    def reader(self, version: int) -> Reader:
        """Return the function that decodes what a peer of `version` sends; it raises DecodeError."""
        rules = VERSIONS[version]
        conflict = CommandStatus.ESME_ROK if rules.payload_supersedes else self.payload_conflict
        return _reader(self.strict, max(rules.max_sm_length, self.max_sm_length), conflict)


@cache
def _reader(strict: bool, max_sm_length: int, payload_conflict: CommandStatus) -> Reader:
    """All sessions that read alike share one."""
    read_quickly = straight.read

    def read(frame: bytes, command_id: int, command_status: int, sequence_number: int) -> Pdu:
        quick = read_quickly(frame, command_id, command_status, sequence_number, max_sm_length)
        return quick or decode_by_table(frame, strict, max_sm_length, payload_conflict)

    return read
