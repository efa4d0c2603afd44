"""What can be noted of octets on a link: the message_id of each PDU, the Call-ID of each SIP message.

A submit_sm has no message_id yet. Its note waits for the response, which is on the same link a moment later; whoever
writes packets down a little late has it by then.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass

from smsc_emulator.smpp import receipts
from smsc_emulator.smpp.codec import decode
from smsc_emulator.smpp.constants import RESPONSE_BIT, EsmClass, Tag
from smsc_emulator.smpp.errors import DecodeError
from smsc_emulator.smpp.pdus import DataSm, DeliverSm, Pdu

LARGEST_PDU = 1 << 17
"""A PDU that says it is longer is garbage, and so is what follows it."""

WAITING = 1_000
"""How many requests of one link may wait for their message_id."""

_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Note:
    """What a packet is about: an SMPP message_id or a SIP Call-ID; empty while it is not known."""

    kind: str
    id: str = ""


class SmppNotes:
    """Listens to both directions of one SMPP link."""

    def __init__(self) -> None:
        self._rest = {True: bytearray(), False: bytearray()}
        self._deaf = {True: False, False: False}
        self._waiting: OrderedDict[tuple[bool, int], Note] = OrderedDict()

    def hear(self, octets: bytes, *, outbound: bool) -> list[Note]:
        """Return a note for each PDU that ends in `octets` and concerns a message."""
        rest, notes = self._rest[outbound], []
        if self._deaf[outbound]:
            return []
        rest += octets
        while len(rest) >= 4:
            length = int.from_bytes(rest[:4])
            if not 16 <= length <= LARGEST_PDU:
                self._deaf[outbound] = True
                rest.clear()
                break
            if len(rest) < length:
                break
            note = self._note(bytes(rest[:length]), outbound)
            del rest[:length]
            if note is not None:
                notes.append(note)
        return notes

    def _note(self, frame: bytes, outbound: bool) -> Note | None:
        try:
            pdu = decode(frame)
        except DecodeError:
            return None
        if pdu.command_id & RESPONSE_BIT:
            # A response belongs to the request that came from the other side.
            waiting = self._waiting.pop((not outbound, pdu.sequence_number), None)
            if waiting is not None:
                waiting.id = str(getattr(pdu, "message_id", "")) or waiting.id
            return waiting
        note = Note("message_id", _message_id(pdu))
        self._waiting[outbound, pdu.sequence_number] = note
        if len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)
        return note


def _message_id(pdu: Pdu) -> str:
    """Return the id of the message that a request is about, as far as the request tells it."""
    told = getattr(pdu, "message_id", "")
    if told or not isinstance(pdu, DeliverSm | DataSm):
        return str(told)
    if (value := pdu.tlv(Tag.RECEIPTED_MESSAGE_ID)) is not None:
        return value.split(b"\0", 1)[0].decode("latin-1")
    if isinstance(pdu, DeliverSm) and pdu.esm_class & EsmClass.DELIVERY_RECEIPT:
        return receipts.parse(pdu.short_message.decode("latin-1"), []).message_id or ""
    return ""


def sip_notes(octets: bytes) -> list[Note]:
    """Return a note for each Call-ID in SIP messages."""
    return [Note("Call-ID", found.decode("latin-1")) for found in dict.fromkeys(_CALL_ID.findall(octets))]
