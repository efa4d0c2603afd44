"""Send a receipt twice."""

from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import LabTime, ReceiptFault, Sending


class DuplicateReceipt(ReceiptFault):
    """Send the receipt once more."""

    fault: Literal["duplicate_receipt"]
    after: LabTime = 0
    """Lab time from the first to the second."""

    about = "The receipt comes twice, the second time at once or later."
    example = {"fault": "duplicate_receipt", "after": "10m", "when": {"every": 2}}

    def bend(self, sendings: list[Sending]) -> list[Sending]:
        """Repeat what is sent."""
        return [*sendings, *(replace(sending, delay=sending.delay + self.after) for sending in sendings)]
