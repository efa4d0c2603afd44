"""A virtual handset: a number with an inbox of decoded texts, long ones put together from their parts."""

from collections import deque
from dataclasses import dataclass

from smsc_emulator.smpp import segments
from smsc_emulator.smpp.pdus import SubmitSm

INBOX = 1_000
"""How many messages a handset keeps; the oldest go first."""

PARTS_KEPT = 24 * 60 * 60 * 1000
"""Lab time after which the parts of a long text that never became whole are thrown away."""


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A text as a person would read it on the handset's screen."""

    id: int
    """The SMSC's number of the message, which grows; of a long text, that of the part that completed it."""
    sender: str
    to: str
    text: str
    received_at: int
    """Lab time in milliseconds."""


class Handset:
    """One number's handset. It is always on, and its memory never fills: the oldest messages make room."""

    __slots__ = ("_inbox", "_parts", "number")

    def __init__(self, number: str) -> None:
        self.number = number
        # Most handsets of a large lab never get a message: what one costs while it waits is its number.
        self._inbox: deque[InboxMessage] | None = None
        self._parts: segments.Reassembler | None = None

    @property
    def inbox(self) -> list[InboxMessage]:
        """The texts that are whole, oldest first."""
        return list(self._inbox or ())

    @property
    def received(self) -> int:
        """How many texts the inbox holds."""
        return len(self._inbox or ())

    def receive(self, message_id: int, pdu: SubmitSm, now: int) -> InboxMessage | None:
        """Take a short message; return the text that it completes, or None if parts of it have still to come."""
        part = segments.read_part(pdu.short_message, pdu.esm_class, pdu.data_coding, pdu.tlvs)
        text = segments.join([part]) if part.concatenation is None else self._assemble(pdu, part, now)
        if text is None:
            return None
        received = InboxMessage(message_id, pdu.source_addr, self.number, text, now)
        if self._inbox is None:
            self._inbox = deque(maxlen=INBOX)
        self._inbox.append(received)
        return received

    def _assemble(self, pdu: SubmitSm, part: segments.Part, now: int) -> str | None:
        if self._parts is None:
            self._parts = segments.Reassembler()
        self._parts.forget(now - PARTS_KEPT)
        return self._parts.add(pdu.source_addr, self.number, part, now).text
