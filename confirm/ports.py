"""What confirming needs of the outside world; the gateway fills each port with a real protocol."""

from typing import Protocol


class SmsPort(Protocol):
    """The way to an SMSC."""

    async def submit(self, to: str, text: str, sender: str) -> str:
        """Hand `text` over for the number `to`, from the address `sender`, and return the SMSC's message_id.

        Raises SmsRefusedError if the SMSC will not take this message, SmsUnavailableError if it did not get it, and
        SmsInDoubtError if nobody knows.
        """


class SmsRefusedError(Exception):
    """The SMSC refused the message for good; `status` is its command_status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the SMSC refused the message with command_status 0x{status:08X}")
        self.status = status


class SmsUnavailableError(Exception):
    """The message was surely not taken: there is no link, or the SMSC asks to try later."""


class SmsInDoubtError(Exception):
    """The message was handed over and no answer came. It is not sent again: a user must not get two codes."""
