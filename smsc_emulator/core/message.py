"""A short message and its life: the states of SMPP 3.4, 5.2.28, and the moves between them.

A message begins SCHEDULED or ENROUTE and ends in one of the final states, which it never leaves.
"""

from dataclasses import dataclass
from typing import NamedTuple

from smsc_emulator.smpp.constants import MessageState
from smsc_emulator.smpp.pdus import SubmitSm

FINAL = frozenset(
    {
        MessageState.DELIVERED,
        MessageState.EXPIRED,
        MessageState.DELETED,
        MessageState.UNDELIVERABLE,
        MessageState.REJECTED,
        MessageState.SKIPPED,
    }
)
"""States that end a message's life."""

TRANSITIONS: dict[int, frozenset[int]] = {
    MessageState.SCHEDULED: FINAL | {MessageState.ENROUTE, MessageState.ACCEPTED, MessageState.UNKNOWN},
    MessageState.ENROUTE: FINAL | {MessageState.SCHEDULED, MessageState.ACCEPTED, MessageState.UNKNOWN},
    MessageState.ACCEPTED: FINAL | {MessageState.UNKNOWN},
    MessageState.UNKNOWN: FINAL | {MessageState.ENROUTE},
}
"""From each state, the states that may follow. ACCEPTED is a message that customer service reads for its subscriber;
a message on its way is SCHEDULED again when replace_sm gives it a time of delivery."""

VERSION_5 = 0x50
"""The interface_version from which on the states and rules of SMPP 5.0 are spoken."""

BEFORE_5: dict[int, int] = {
    MessageState.SCHEDULED: MessageState.ENROUTE,
    MessageState.SKIPPED: MessageState.DELETED,
}
"""What a peer of SMPP 3.4 or less is told instead of the states that it does not know."""

NO_RECEIPT: frozenset[int] = frozenset()
RECEIPTS: dict[int, frozenset[int]] = {
    0b00: NO_RECEIPT,
    0b01: FINAL,
    0b10: FINAL - {MessageState.DELIVERED},
    0b11: NO_RECEIPT,
}
"""Bits 1-0 of registered_delivery (5.2.17): the final states that are reported. 0b11 is reserved in SMPP 3.4."""

_ENROUTE = int(MessageState.ENROUTE)

RECEIPTS_5 = RECEIPTS | {0b11: frozenset({MessageState.DELIVERED})}
"""The same for a peer of SMPP 5.0, where 0b11 asks for success alone."""

INTERMEDIATE = 0x10
"""The bit of registered_delivery that asks for intermediate notifications (5.2.17: the mask, not the text)."""


def state_for(state: int, interface_version: int) -> int:
    """Return `state` as a peer of `interface_version` knows it."""
    return state if interface_version >= VERSION_5 else BEFORE_5.get(state, state)


class TransitionError(ValueError):
    """A message was asked to make a move that its state does not allow."""


class Address(NamedTuple):
    """An SMPP address with its type of number and numbering plan; all three tell two addresses apart."""

    ton: int
    npi: int
    number: str


@dataclass(slots=True, eq=False)
class Message:
    """A message that the SMSC has accepted: from an ESME, or from a handset if `account` is empty.

    `pdu` is the submit_sm as it came, with unknown TLVs and octets kept; instants are lab time in milliseconds.
    """

    id: int
    """The SMSC's own number of the message: unique, growing."""
    message_id: str
    """The same for the ESME's eyes: digits, or hexadecimal digits where the peer speaks SMPP 3.3."""
    account: str
    """The system_id that sent the message."""
    accepted_at: int
    """When it was submitted, or last replaced: the submit date of its receipt (Appendix B)."""
    pdu: SubmitSm
    state: int = _ENROUTE
    final_at: int | None = None
    error: int = 0
    """The network's reason for the last failure, for the receipt's `err` field."""
    network_error: int = 0
    """The same as the TLV network_error_code tells it, without the octet for the kind of network."""
    version: int = 0x34
    """The interface_version that its sender spoke."""
    expires_at: int | None = None
    """When its validity ends."""
    due_at: int | None = None
    """When it is looked at next: scheduled delivery, next attempt or end of validity."""
    attempts: int = 0
    """How often delivery was tried in vain."""
    kept: bool = False
    """Whether a commit has it, so that later changes are changes of its row."""

    @property
    def is_final(self) -> bool:
        """Whether the message's life is over."""
        return self.state in FINAL

    @property
    def receipt_due(self) -> bool:
        """Whether the sender asked to be told of the state that the message is in."""
        asked = RECEIPTS_5 if self.version >= VERSION_5 else RECEIPTS
        return self.state in asked[self.pdu.registered_delivery & 0b11]

    @property
    def source(self) -> Address:
        """The address that it came from; query, cancel and replace must name the same (4.8.1, 4.9.1, 4.10.1)."""
        return Address(self.pdu.source_addr_ton, self.pdu.source_addr_npi, self.pdu.source_addr)

    @property
    def destination(self) -> Address:
        """The address that it goes to."""
        return Address(self.pdu.dest_addr_ton, self.pdu.dest_addr_npi, self.pdu.destination_addr)

    def state_for(self, interface_version: int) -> int:
        """Return the state as a peer of `interface_version` knows it."""
        return state_for(self.state, interface_version)

    def move(self, state: int, now: int, error: int = 0, network_error: int = 0) -> None:
        """Change to `state`; TransitionError if the present state does not lead there."""
        if state not in TRANSITIONS.get(self.state, ()):
            raise TransitionError(f"message {self.message_id} is {self.state} and cannot become {state}")
        self.state = state
        self.error = error
        self.network_error = network_error
        if state in FINAL:
            self.final_at = now
            self.due_at = None


def message_id_text(number: int, interface_version: int) -> str:
    """Return the message_id that an ESME of `interface_version` is told.

    Decimal, as the receipts of SMPP 3.4 have it (Appendix B); a 3.3 peer gets hexadecimal, which fits its limit of
    eight octets (SMPP 3.4, 3.4).
    """
    return f"{number:X}" if interface_version < 0x34 else str(number)
