"""A short message and its life: the states of SMPP 3.4, 5.2.28, and the moves between them.

A message begins ENROUTE and ends in one of the final states, which it never leaves.
"""

from dataclasses import dataclass

from smsc_emulator.smpp.constants import MessageState
from smsc_emulator.smpp.pdus import SubmitSm

FINAL = frozenset(
    {
        MessageState.DELIVERED,
        MessageState.EXPIRED,
        MessageState.DELETED,
        MessageState.UNDELIVERABLE,
        MessageState.REJECTED,
    }
)
"""States that end a message's life."""

TRANSITIONS: dict[int, frozenset[int]] = {
    MessageState.ENROUTE: FINAL | {MessageState.ACCEPTED, MessageState.UNKNOWN},
    MessageState.ACCEPTED: FINAL | {MessageState.UNKNOWN},
    MessageState.UNKNOWN: FINAL | {MessageState.ENROUTE},
}
"""From each state, the states that may follow. ACCEPTED is a message that customer service reads for its subscriber."""

NO_RECEIPT: frozenset[int] = frozenset()
RECEIPTS: dict[int, frozenset[int]] = {
    0b00: NO_RECEIPT,
    0b01: FINAL,
    0b10: FINAL - {MessageState.DELIVERED},
    0b11: NO_RECEIPT,
}
"""Bits 1-0 of registered_delivery (5.2.17): the final states that are reported. 0b11 is reserved in SMPP 3.4."""


class TransitionError(ValueError):
    """A message was asked to make a move that its state does not allow."""


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
    pdu: SubmitSm
    state: int = MessageState.ENROUTE
    final_at: int | None = None
    error: int = 0
    """The network's reason for a failure, for the receipt's `err` field."""

    @property
    def is_final(self) -> bool:
        """Whether the message's life is over."""
        return self.state in FINAL

    @property
    def receipt_due(self) -> bool:
        """Whether the sender asked to be told of the state that the message is in."""
        return self.state in RECEIPTS[self.pdu.registered_delivery & 0b11]

    def move(self, state: int, now: int, error: int = 0) -> None:
        """Change to `state`; TransitionError if the present state does not lead there."""
        if state not in TRANSITIONS.get(self.state, ()):
            raise TransitionError(f"message {self.message_id} is {self.state} and cannot become {state}")
        self.state = state
        self.error = error
        if state in FINAL:
            self.final_at = now


def message_id_text(number: int, interface_version: int) -> str:
    """Return the message_id that an ESME of `interface_version` is told.

    Decimal, as the receipts of SMPP 3.4 have it (Appendix B); a 3.3 peer gets hexadecimal, which fits its limit of
    eight octets (SMPP 3.4, 3.4).
    """
    return f"{number:X}" if interface_version < 0x34 else str(number)
