"""How a session behaves."""

from dataclasses import dataclass
from typing import Final

from smsc_emulator.smpp.constants import CommandId
from smsc_emulator.smpp.states import BOUND_BY

SERVED: Final = frozenset({*BOUND_BY, CommandId.SUBMIT_SM, CommandId.DELIVER_SM})
"""The requests that an application answers for now; all others get the "not supported" response of their own kind."""

MAX_LENGTH: Final = 0x14000
"""The longest PDU taken: 64 KiB of message_payload and room for the largest submit_multi."""


@dataclass(frozen=True, slots=True)
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
