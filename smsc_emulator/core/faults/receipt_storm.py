"""Send a receipt many times."""

from typing import Literal

from pydantic import Field

from smsc_emulator.core.faults.fault import MOST_SENDINGS, ReceiptFault, Sending
from smsc_emulator.core.faults.when import WholeNumber


class ReceiptStorm(ReceiptFault):
    """Send the receipt over and over."""

    fault: Literal["receipt_storm"]
    copies: WholeNumber = Field(100, ge=2, le=1_000)
    """How many receipts come in all."""

    about = "The same receipt comes many times, as fast as the ESME's window lets them."
    example = {"fault": "receipt_storm", "copies": 100, "when": {"account": "smppclient1", "times": 1}}

    def bend(self, sendings: list[Sending]) -> list[Sending]:
        """Repeat what is sent."""
        return (sendings * self.copies)[:MOST_SENDINGS]
