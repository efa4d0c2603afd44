"""Send a receipt to another bind."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from smsc_emulator.core.faults.fault import ReceiptFault, Sending


class OtherBind(ReceiptFault):
    """Send the receipt where it is not looked for."""

    fault: Literal["other_bind"]
    account: str | None = Field(None, min_length=1, max_length=15)
    """The system_id that gets it; without it, the sender's own account over another bind than the message came by."""

    about = "The receipt comes over another bind of the account than its message, or to another account altogether."
    avoids_origin = True
    example = {"fault": "other_bind", "when": {"account": "smppclient1"}}

    def bend(self, sendings: list[Sending]) -> list[Sending]:
        """Change where it goes."""
        return [replace(sending, account=self.account, elsewhere=self.account is None) for sending in sendings]
