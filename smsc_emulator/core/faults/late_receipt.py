"""Send a receipt late."""

from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import LabTime, ReceiptFault, Sending


class LateReceipt(ReceiptFault):
    """Hold the receipt back by the lab clock."""

    fault: Literal["late_receipt"]
    delay: LabTime
    """How long, in lab time."""

    about = "The receipt comes late by the lab clock."
    example = {"fault": "late_receipt", "delay": "2h", "when": {"destination": "+70000000001"}}

    def bend(self, sendings: list[Sending]) -> list[Sending]:
        """Add to the delay."""
        return [replace(sending, delay=sending.delay + self.delay) for sending in sendings]
