"""Filter a message out, as operators do by brand or at the subscriber's wish."""

from typing import Final, Literal

from smsc_emulator.core.faults.fault import NetworkFault
from smsc_emulator.handsets.states import Outcome
from smsc_emulator.smpp.constants import MessageState

_STATES: Final = {
    "delivered": MessageState.DELIVERED,
    "undeliverable": MessageState.UNDELIVERABLE,
    "rejected": MessageState.REJECTED,
}


class Filtered(NetworkFault):
    """Take the message and let nobody see it."""

    fault: Literal["filtered"]
    told: Literal["delivered", "undeliverable", "rejected"] = "undeliverable"
    """What the receipt and query_sm say; `delivered` is what an operator says that hides its filter."""
    error: int = 0
    """The network's error code, for the receipt's `err`; a message that is told to be delivered has none."""

    about = "The message is accepted, and filtered out on its way: no handset gets it."
    example = {"fault": "filtered", "told": "rejected", "when": {"text": "*Demo messenger*"}}

    def fate(self) -> Outcome:
        """End the message as it is told."""
        error = 0 if self.told == "delivered" else self.error
        return Outcome("filtered out", _STATES[self.told], error, error)
