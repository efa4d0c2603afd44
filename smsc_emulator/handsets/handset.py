"""A virtual handset: a number with a state, an inbox of decoded texts, and habits of its own."""

from collections import deque
from typing import NamedTuple

from smsc_emulator.frozen import frozen
from smsc_emulator.handsets.script import Script
from smsc_emulator.handsets.states import FULL, OUTCOMES, TAKEN, HandsetState, Outcome
from smsc_emulator.smpp import segments
from smsc_emulator.smpp.constants import MessageState, Tag
from smsc_emulator.smpp.part_report import PartReport, pending_reports
from smsc_emulator.smpp.pdus import SubmitSm
from smsc_emulator.smpp.text import coding, decode

INBOX = 1_000
"""How many messages a handset keeps; the oldest go first."""

PARTS_KEPT = 24 * 60 * 60 * 1000
"""Lab time after which the parts of a long text that never became whole are thrown away."""

REPLACING = range(0x41, 0x48)
"""protocol_id of a message that takes the place of an older one with the same protocol_id from the same sender: Replace
Short Message Type 1 to 7 (3GPP TS 23.040, 9.2.3.9)."""

FLASH = 0
"""The message class that is shown at once, without being stored (3GPP TS 23.038, 4)."""

_ON = HandsetState.ON
_DISPLAY = b"\x01"  # dest_addr_subunit: the display (SMPP 3.4, 5.3.2.1), the other way to ask for flash


class InboxMessage(NamedTuple):
    """A text as a person would read it on the handset's screen."""

    id: int
    """The SMSC's number of the message, which grows; of a long text, that of the part that completed it."""
    sender: str
    to: str
    octets: bytes
    """The text as it came, without a header; of a text in several parts, that of the last one."""
    data_coding: int
    received_at: int
    """Lab time in milliseconds."""
    message_class: int | None = None
    """0 is flash; None is no class."""
    protocol_id: int = 0
    replaces: int | None = None
    """The id of the message whose place it took."""
    parts: int = 1
    """How many places of the memory it fills, if it is stored."""
    whole: str | None = None
    """The text, where the octets do not tell it alone."""

    @property
    def text(self) -> str:
        """What can be read. It is decoded when somebody reads: most texts of a load are never looked at."""
        return decode(self.octets, self.data_coding) if self.whole is None else self.whole


@frozen
class Changed:
    """What a handset is to be like from now on."""

    state: HandsetState = HandsetState.ON
    memory: int | None = None
    script: Script | None = None

    def apply(self, handset: "Handset") -> None:
        """Change `handset`."""
        handset.state = self.state
        handset.set_memory(self.memory)
        handset.script = self.script


class Handset:
    """One number's handset. Without a memory size its memory never fills: the oldest messages make room."""

    __slots__ = ("_inbox", "_parts", "_used", "memory", "number", "script", "state")

    def __init__(self, number: str) -> None:
        self.number = number
        self.state = HandsetState.ON
        self.memory: int | None = None
        """How many short messages it stores, each part of a long one counted; None is any number."""
        self.script: Script | None = None
        self._used = 0
        # Most handsets of a large lab never get a message: what one costs while it waits is little more than a number.
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

    @property
    def unfinished(self) -> list[PartReport]:
        """What is known of the long texts that still lack parts, oldest first."""
        return [] if self._parts is None else pending_reports(self._parts)

    @property
    def used(self) -> int:
        """How many places of its memory are taken, as far as there is a memory size."""
        return self._used

    def set_memory(self, memory: int | None) -> None:
        """Give the handset a memory size; what it holds already stays, even if it is more."""
        self.memory = memory
        self._used = 0
        if memory is not None:
            waiting = self._parts.pending().values() if self._parts is not None else ()
            stored = (message for message in self.inbox if message.message_class != FLASH)
            self._used = sum(m.parts for m in stored) + sum(len(assembly.parts) for assembly in waiting)

    def outcome(self, pdu: SubmitSm) -> Outcome:
        """Return what comes of bringing a short message here now."""
        if self.state is _ON and self.memory is None:
            return TAKEN
        outcome = OUTCOMES[self.state]
        if self.memory is not None and self._used >= self.memory and outcome.state == MessageState.DELIVERED:
            outcome = FULL
        if outcome is FULL and not self._is_stored(pdu):
            return TAKEN
        return outcome

    def reserve(self, pdu: SubmitSm) -> None:
        """Set a place of the memory aside for a message that is about to be received."""
        if self.memory is not None and self._is_stored(pdu):
            self._used += 1

    def receive(self, message_id: int, pdu: SubmitSm, now: int) -> InboxMessage | None:
        """Take a short message; return the text that it completes, or None if parts of it have still to come."""
        octets, text, parts = pdu.short_message, None, 1
        if not segments.is_plain(pdu.esm_class, pdu.tlvs):
            part = segments.read_part(octets, pdu.esm_class, pdu.data_coding, pdu.tlvs)
            octets = part.data
            if part.concatenation is not None:
                parts = part.concatenation.total
                text = self._assemble(pdu, part, now)
                if text is None:
                    return None
            elif part.elements:
                text = segments.join([part])
        replaced = self._replaced(pdu) if pdu.protocol_id else None
        coded = message_class(pdu) if pdu.data_coding or pdu.tlvs else None
        replaces = None if replaced is None else replaced.id
        fields = message_id, pdu.source_addr, self.number, octets, pdu.data_coding, now, coded, pdu.protocol_id
        # In half the time of InboxMessage(...), which is one of Python's functions.
        received = tuple.__new__(InboxMessage, (*fields, replaces, parts, text))
        if self._inbox is None:
            self._inbox = deque(maxlen=INBOX)
        if replaced is not None:
            self._inbox.remove(replaced)
        self._inbox.append(received)
        return received

    def delete(self, message_id: int) -> InboxMessage | None:
        """Throw a text away and return it; None if there is none with this id."""
        message = next((each for each in self._inbox or () if each.id == message_id), None)
        if message is not None and self._inbox is not None:
            self._inbox.remove(message)
            if self.memory is not None and message.message_class != FLASH:
                self._used = max(0, self._used - message.parts)
        return message

    def _is_stored(self, pdu: SubmitSm) -> bool:
        """Whether a message needs a free place of the memory."""
        return message_class(pdu) != FLASH and self._replaced(pdu) is None

    def _replaced(self, pdu: SubmitSm) -> InboxMessage | None:
        """Return the message whose place this one takes."""
        if pdu.protocol_id not in REPLACING:
            return None
        same = (m for m in self._inbox or () if (m.protocol_id, m.sender) == (pdu.protocol_id, pdu.source_addr))
        return next(same, None)

    def _assemble(self, pdu: SubmitSm, part: segments.Part, now: int) -> str | None:
        if self._parts is None:
            self._parts = segments.Reassembler()
        self._parts.forget(now - PARTS_KEPT)
        return self._parts.add(pdu.source_addr, self.number, part, now).text


def message_class(pdu: SubmitSm) -> int | None:
    """Return the class of a message by its data_coding, or flash if it is meant for the display; None is no class."""
    if pdu.tlvs and pdu.tlv(Tag.DEST_ADDR_SUBUNIT) == _DISPLAY:
        return FLASH
    return coding(pdu.data_coding).message_class if pdu.data_coding >= 0x10 else None
