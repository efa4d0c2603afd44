"""Send a receipt before the answer."""

from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import ReceiptFault, Sending


class EarlyReceipt(ReceiptFault):
    """Send the receipt before the message's own response."""

    fault: Literal["early_receipt"]

    about = (
        "The receipt overtakes submit_sm_resp, so that its message_id is not known yet; only of a message that is "
        "final at once."
    )
    example = {"fault": "early_receipt", "when": {"command": "submit_sm", "probability": 0.5}}

    def bend(self, sendings: list[Sending]) -> list[Sending]:
        """Send before the answer."""
        return [replace(sending, early=True) for sending in sendings]
