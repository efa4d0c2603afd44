"""Lose a receipt."""

from typing import Literal

from smsc_emulator.core.faults.fault import ReceiptFault, Sending


class LostReceipt(ReceiptFault):
    """Send no receipt."""

    fault: Literal["lost_receipt"]

    about = "The receipt never comes."
    example = {"fault": "lost_receipt", "when": {"destination": "+7000", "probability": 0.05}}

    def bend(self, sendings: list[Sending]) -> list[Sending]:
        """Send nothing."""
        return []
