"""Send receipts out of order."""

from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import LabTime, ReceiptFault, Sending


class ReorderedReceipts(ReceiptFault):
    """Let the next receipt of the account overtake this one."""

    fault: Literal["reordered_receipts"]
    most: LabTime = 60_000
    """Lab time after which it goes out although no other one came."""

    about = "The receipt waits for the account's next one and comes after it."
    example = {"fault": "reordered_receipts", "most": "5m", "when": {"every": 2}}

    def bend(self, sendings: list[Sending]) -> list[Sending]:
        """Wait for the next."""
        return [replace(sending, behind=True, delay=sending.delay + self.most) for sending in sendings]
