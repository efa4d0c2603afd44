"""What confirming needs of the outside world, and what the outside world tells it.

The gateway fills each port with a real protocol: SMPP for SMS, SIP for calls. What comes in, it turns into one of the
reports below and hands to `ConfirmService` inside a unit of work.
"""

from enum import StrEnum
from typing import Protocol

from smsc_emulator.frozen import frozen


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


class CallPort(Protocol):
    """The way to a voice switch. What becomes of a call is reported as `CallReport`s."""

    async def place(self, call: str, to: str, caller: str, *, ring: int) -> None:
        """Call the number `to` so that it shows `caller`, and return when the callee has rung or the call has failed.

        `ring` is how long it is meant to ring, in milliseconds of lab time; `hang_up` ends it. `call` names it.
        Raises CallUnavailableError if there is no way to the switch just now: then nothing was placed.
        """

    async def hang_up(self, call: str) -> None:
        """End the call, and return when it has ended or cannot be reached; an unknown one is left alone."""


class CallUnavailableError(Exception):
    """The call was surely not placed: there is no way to the switch, or it asks to try later."""


class CallFate(StrEnum):
    """What becomes of an outgoing call."""

    RINGING = "ringing"
    """The handset rings, so it shows the caller's number (180)."""
    DIVERTED = "diverted"
    """The network goes on without having rung: forwarded (181), or a voicemail or announcement (183 without 180)."""
    CANCELLED = "cancelled"
    """It was hung up as meant, before anybody answered (487)."""
    ANSWERED = "answered"
    """It was answered, and hung up at once: it costs money (200)."""
    BUSY = "busy"
    """486, 600; Q.850 17."""
    REJECTED = "rejected"
    """The user, or somebody for him, said no: 603, 403; Q.850 21."""
    NO_ANSWER = "no_answer"
    """480, 408; Q.850 18, 19, 31."""
    NOBODY = "nobody"
    """The number is nobody's, or changed, or no number at all: 404, 410, 604, 484; Q.850 1, 22, 28."""
    BLOCKED = "blocked"
    """The operator lets no such call through: 403 with Q.850 55, 607, 608."""
    CONGESTED = "congested"
    """The network cannot for now: 503, 500, 502, 504; Q.850 27, 34, 38, 41, 42, 47, 102, 127."""
    FAILED = "failed"
    """Anything else."""


@frozen
class CallReport:
    """Something happened to an outgoing call. Of the fates only RINGING and DIVERTED leave it under way."""

    call: str
    fate: CallFate
    status: int
    """The SIP status."""
    cause: int | None = None
    """The Q.850 cause, if the network told one."""
    billable_seconds: int = 0
    """How long it was answered, begun seconds counted whole; real time."""


class Trust(StrEnum):
    """How sure it is that a call or an SMS comes from the number that it shows. The order is from best to worst."""

    ASSERTED = "asserted"
    """The originating network vouches: P-Asserted-Identity from a trusted trunk, deliver_sm on the operator's bind."""
    UNVERIFIED = "unverified"
    """The caller says so himself, and nobody vouches."""
    SPOOF_SUSPECTED = "spoof_suspected"
    """What the caller says and what the network says differ, or the signature over the number failed."""


@frozen
class InboundCall:
    """A user's call to an access number."""

    call: str
    caller: str | None
    """The caller's number in international form; None if it was withheld or is no number."""
    access_number: str
    """The number that was called, in international form."""
    trust: Trust


@frozen
class InboundSms:
    """A user's SMS to a short code."""

    sender: str | None
    """The sender's number in international form; None if it is no number."""
    short_code: str
    text: str
    trust: Trust
    message_id: str | None = None
    """The SMSC's id, if it tells one (TLV receipted_message_id)."""


class ReceiptState(StrEnum):
    """What a delivery receipt says for good of an SMS."""

    DELIVERED = "DELIVRD"
    UNDELIVERABLE = "UNDELIV"
    REJECTED = "REJECTD"
    EXPIRED = "EXPIRED"
    DELETED = "DELETED"
    UNKNOWN = "UNKNOWN"


@frozen
class SmsReceipt:
    """A final delivery receipt."""

    message_id: str
    state: ReceiptState
    error: str
    """The receipt's `err`."""
