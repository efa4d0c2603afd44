"""Which messages are the parts of one long text: to the SMSC each is a message, and a trace joins them.

They are found as a handset finds them (smsc_emulator/smpp/segments.py): by who sends, to whom, and the reference in the
header or the SAR TLVs. A reference is used again sooner or later, so that only messages that came near count.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from smsc_emulator.base.journal import Event
from smsc_emulator.smpp.pdus import SubmitSm
from smsc_emulator.smpp.segments import Assembly, Part, Reassembler, is_plain, read_part

NEAR: Final = 600
"""How many messages of a sender to an address are looked at before and after a part: others come between the parts."""


def is_part(pdu: SubmitSm) -> bool:
    """Return whether a message is one of several parts."""
    place = _read(pdu).concatenation
    return place is not None and place.total > 1


def near(events: Iterable[Event], ids: AbstractSet[str]) -> list[Sequence[str]]:
    """Return the messages of the same senders to the same addresses as those in `ids`, in the order of their coming.

    Each sender and address is a sequence of its own.
    """
    ways: dict[tuple[object, object], list[str]] = {}
    for event in events:
        if event.type == "message.accepted":
            way = event.data.get("account") or event.data.get("from"), event.data.get("to")
            ways.setdefault(way, []).append(event.subject)
    return [around for messages in ways.values() if (around := _around(messages, ids))]


def _around(messages: Sequence[str], ids: AbstractSet[str]) -> Sequence[str]:
    """Return those of a way that are near to the ones in `ids`; of many, those near to the first."""
    places = [place for place, message_id in enumerate(messages) if message_id in ids]
    if not places:
        return ()
    return messages[max(0, places[0] - NEAR) : min(places[-1], places[0] + 10 * NEAR) + NEAR + 1]


def texts(messages: Iterable[str], kept: Mapping[str, SubmitSm]) -> list[frozenset[str]]:
    """Return the messages that make up each long text; `kept` has their submit_sm, as far as there are any."""
    reassembler = Reassembler()
    found: list[tuple[Assembly, set[str]]] = []
    for message_id in messages:
        pdu = kept.get(message_id)
        if pdu is None or not is_part(pdu):
            continue
        assembly = reassembler.add(pdu.source_addr, pdu.destination_addr, _read(pdu))
        known = next((ids for each, ids in reversed(found) if each is assembly), None)
        if known is None:
            found.append((assembly, {message_id}))
        else:
            known.add(message_id)
    return [frozenset(ids) for _, ids in found]


def _read(pdu: SubmitSm) -> Part:
    if is_plain(pdu.esm_class, pdu.tlvs):
        return Part(b"", pdu.data_coding)
    return read_part(pdu.short_message, pdu.esm_class, pdu.data_coding, pdu.tlvs)
