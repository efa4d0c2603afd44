"""The states of a handset, and what becomes of a message to it in each: the one table of outcomes.

The errors are those of MAP (3GPP TS 29.002, 17.6.6 and 17.6.7), by their numbers: they become `err` in a receipt. The
TLV network_error_code tells the same, except where a handset itself answers with a failure cause (TP-FCS, 3GPP TS
23.040, 9.2.3.22).
"""

from enum import StrEnum
from typing import Final

from smsc_emulator.base.durations import SECOND
from smsc_emulator.frozen import frozen
from smsc_emulator.smpp.constants import MessageState

NETWORK_GSM: Final = 3
"""The kind of network in network_error_code (SMPP 3.4, 5.3.2.31)."""


class HandsetState(StrEnum):
    """What a handset, or its subscription, is like."""

    ON = "on"
    ROAMING = "roaming"
    OFF = "off"
    OUT_OF_COVERAGE = "out_of_coverage"
    MEMORY_FULL = "memory_full"
    BARRED = "barred"
    PORTED_OUT = "ported_out"
    UNKNOWN = "unknown"


@frozen
class Outcome:
    """What comes of trying to bring a message to a handset."""

    meaning: str
    state: int = int(MessageState.ENROUTE)
    """The state that the message is in afterwards; ENROUTE is tried again."""
    error: int = 0
    """MAP's error code, for the receipt's `err`."""
    network_error: int = 0
    """The code in the TLV network_error_code."""
    takes: int = 0
    """Lab time from the first attempt to its outcome, in milliseconds."""
    sends: bool = True
    """Whether the handset can send in this state; if not, what it has to send waits for the next state."""


_ENROUTE, _DELIVERED = int(MessageState.ENROUTE), int(MessageState.DELIVERED)
_UNDELIVERABLE, _REJECTED = int(MessageState.UNDELIVERABLE), int(MessageState.REJECTED)

OUTCOMES: Final[dict[HandsetState, Outcome]] = {
    HandsetState.ON: Outcome("taken", _DELIVERED),
    HandsetState.ROAMING: Outcome("taken by way of the visited network", _DELIVERED, takes=3 * SECOND),
    HandsetState.OFF: Outcome("absentSubscriberSM, IMSI detached", _ENROUTE, 6, 6, sends=False),
    HandsetState.OUT_OF_COVERAGE: Outcome("absentSubscriber, no paging response", _ENROUTE, 27, 27, sends=False),
    HandsetState.MEMORY_FULL: Outcome("SM-DeliveryFailure, memory capacity exceeded", _ENROUTE, 32, 0xD3),
    HandsetState.BARRED: Outcome("callBarred", _REJECTED, 13, 13),
    HandsetState.PORTED_OUT: Outcome("unidentifiedSubscriber: another network's by now", _UNDELIVERABLE, 5, 5),
    HandsetState.UNKNOWN: Outcome("unknownSubscriber", _UNDELIVERABLE, 1, 1),
}
"""What becomes of a message in each state. A class-0 message is shown even when the memory is full (TS 23.038, 4)."""

TAKEN: Final = OUTCOMES[HandsetState.ON]
FULL: Final = OUTCOMES[HandsetState.MEMORY_FULL]
NOBODY: Final = OUTCOMES[HandsetState.UNKNOWN]
"""The outcome for a number that has no handset at all."""
