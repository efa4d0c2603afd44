"""Long texts: cutting them into segments, reading what a segment says of itself, and putting segments together.

A segment tells its place either by a user data header in front of its text (UDH, 3GPP TS 23.040 clause 9.2.3.24) with
a reference of 8 or 16 bits, or by three TLVs (SAR, SMPP 3.4 clauses 5.3.2.22 to 5.3.2.24). A telephone holds 140
octets of a segment, header included; in the default alphabet these are 160 packed septets.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple

from smsc_emulator.frozen import frozen
from smsc_emulator.smpp import gsm0338
from smsc_emulator.smpp.constants import EsmClass, Tag
from smsc_emulator.smpp.gsm0338 import NO_SHIFT
from smsc_emulator.smpp.national import Shift
from smsc_emulator.smpp.text import DATA_CODING, Alphabet, choose, coding, decode, octets

_USER_DATA_OCTETS: Final = 140
_UDHI: Final = int(EsmClass.UDHI)  # the arithmetic of plain integers is many times quicker than that of flags
_MAX_SEGMENTS: Final = 255


class Scheme(StrEnum):
    """How the segments of a long text tell their place."""

    UDH8 = "udh8"
    UDH16 = "udh16"
    SAR = "sar"


_HEADER_OCTETS: Final = {Scheme.UDH8: 6, Scheme.UDH16: 7, Scheme.SAR: 7}
"""What each scheme costs on the radio side, where the TLVs of SAR, too, become a header with a 16-bit reference."""

_CONCATENATION: Final = {0x00: struct.Struct(">BBB"), 0x08: struct.Struct(">HBB")}
"""The information elements that hold reference, total and sequence, by identifier."""


_SINGLE_SHIFT: Final = 0x24
_LOCKING_SHIFT: Final = 0x25
"""The information elements that hold a national language identifier."""


@frozen
class Segment:
    """The members of submit_sm or deliver_sm that carry one segment; `tlvs` are pairs of tag and value."""

    short_message: bytes
    data_coding: int
    esm_class: int = 0
    tlvs: tuple[tuple[int, bytes], ...] = ()


def split(
    text: str,
    reference: int = 0,
    scheme: Scheme = Scheme.UDH8,
    alphabets: Iterable[Alphabet] = (Alphabet.GSM, Alphabet.UCS2),
    *,
    packed: bool = False,
    shift: Shift = NO_SHIFT,
) -> list[Segment]:
    """Return the segments of `text` in the first alphabet that fits; one without any header if it fits into one.

    No segment ends inside a surrogate pair or an escape sequence. Of `reference` as many bits are used as the scheme
    has (8 or 16). `packed` packs the septets of the default alphabet. `shift` chooses national language tables for
    them, which the header of each segment then names. Raises ValueError if no alphabet has all characters, or if more
    than 255 segments are needed, or if SAR TLVs would stand beside a header, which clause 5.2.12 forbids.
    """
    alphabet = choose(text, alphabets, shift)
    if alphabet is not Alphabet.GSM:
        packed, shift = False, NO_SHIFT
    national = _national(shift)
    whole = octets(text, alphabet, shift)
    if len(whole) <= capacity(alphabet, len(national) + 1 if national else 0):
        return [_segment(whole, national, (), alphabet, packed)]
    if national and scheme is Scheme.SAR:
        raise ValueError("the tables are named in a header, beside which no SAR TLVs may stand")
    parts = _cut(text, alphabet, capacity(alphabet, _HEADER_OCTETS[scheme] + len(national)), shift)
    if len(parts) > _MAX_SEGMENTS:
        raise ValueError(f"the text takes {len(parts)} segments; {_MAX_SEGMENTS} is the most that can be told apart")
    segments = []
    for sequence, part in enumerate(parts, 1):
        place, tlvs = _mark(scheme, reference, len(parts), sequence)
        segments.append(_segment(part, place + national, tlvs, alphabet, packed))
    return segments


def _national(shift: Shift) -> bytes:
    """Return the information elements that name the tables of `shift`."""
    elements = ((_LOCKING_SHIFT, shift.locking), (_SINGLE_SHIFT, shift.single))
    return b"".join(bytes([identifier, 1, language]) for identifier, language in elements if language)


def _segment(
    text: bytes, elements: bytes, tlvs: tuple[tuple[int, bytes], ...], alphabet: Alphabet, packed: bool
) -> Segment:
    header = bytes([len(elements)]) + elements if elements else b""
    body = gsm0338.pack(text, gsm0338.fill_bits(len(header))) if packed else text
    return Segment(header + body, DATA_CODING[alphabet], EsmClass.UDHI if header else 0, tlvs)


def capacity(alphabet: Alphabet, header_octets: int = 0) -> int:
    """Return how many octets of text, septets unpacked, fit into a segment behind a header of so many octets."""
    room = _USER_DATA_OCTETS - header_octets
    return room * 8 // 7 if alphabet is Alphabet.GSM else room


def _cut(text: str, alphabet: Alphabet, room: int, shift: Shift) -> list[bytes]:
    parts = [bytearray()]
    for character in text:
        unit = octets(character, alphabet, shift)
        if len(parts[-1]) + len(unit) > room:
            parts.append(bytearray())
        parts[-1] += unit
    return [bytes(part) for part in parts]


def _mark(scheme: Scheme, reference: int, total: int, sequence: int) -> tuple[bytes, tuple[tuple[int, bytes], ...]]:
    """Return the information element or the TLVs that place one segment."""
    if scheme is Scheme.UDH8:
        return bytes([0x00, 3, reference & 0xFF, total, sequence]), ()
    wide = (reference & 0xFFFF).to_bytes(2)
    if scheme is Scheme.UDH16:
        return bytes([0x08, 4, *wide, total, sequence]), ()
    tlvs = (
        (Tag.SAR_MSG_REF_NUM, wide),
        (Tag.SAR_TOTAL_SEGMENTS, bytes([total])),
        (Tag.SAR_SEGMENT_SEQNUM, bytes([sequence])),
    )
    return b"", tlvs


@frozen
class Header:
    """A user data header as it was read: `octets` long with its length octet, information elements in order."""

    elements: tuple[tuple[int, bytes], ...] = ()
    octets: int = 0
    problems: tuple[str, ...] = ()


@frozen
class Concatenation:
    """The place of a segment: number `sequence`, from 1, of the `total` segments of message `reference`."""

    reference: int
    total: int
    sequence: int


@frozen
class Part:
    """What one PDU carries: a whole short message or one segment of a long one."""

    data: bytes
    """The text without its header, in the alphabet of `data_coding`, septets unpacked."""
    data_coding: int
    concatenation: Concatenation | None = None
    elements: tuple[tuple[int, bytes], ...] = ()
    """All information elements of the header, as identifier and value."""
    problems: tuple[str, ...] = ()
    """The sender's mistakes, as sentences; the part is as readable as they allow."""

    @property
    def shift(self) -> Shift:
        """The national language tables that the header names; of several elements of a kind the last counts."""
        if not self.elements:
            return NO_SHIFT
        named = {identifier: value[0] for identifier, value in self.elements if len(value) == 1}
        return Shift(named.get(_LOCKING_SHIFT, 0), named.get(_SINGLE_SHIFT, 0)) if named else NO_SHIFT


def is_plain(esm_class: int, tlvs: Sequence[object]) -> bool:
    """Whether a message has neither a header nor optional parameters, so that its octets are its text."""
    return not tlvs and not esm_class & _UDHI


def read_header(data: bytes) -> Header:
    """Read the user data header at the beginning of `data`; never raises, but tells what is wrong with it."""
    if not data:
        return Header(problems=("UDHI is set on an empty message",))
    end = 1 + data[0]
    if end > len(data):
        return Header(problems=(f"UDHL {data[0]} reaches beyond the {len(data) - 1} octets that follow it",))
    elements = []
    at = 1
    while at + 2 <= end and at + 2 + data[at + 1] <= end:
        after = at + 2 + data[at + 1]
        elements.append((data[at], data[at + 2 : after]))
        at = after
    problems = () if at == end else (f"the information element at octet {at} reaches beyond UDHL {data[0]}",)
    return Header(tuple(elements), end, problems)


def read_part(
    short_message: bytes,
    esm_class: int,
    data_coding: int,
    tlvs: Iterable[tuple[int, bytes]] = (),
    *,
    packed: bool = False,
) -> Part:
    """Return what the members of a submit_sm, deliver_sm or data_sm carry; never raises.

    A message_payload takes the place of short_message, header included. A header that cannot be read is left in the
    text. `packed` says that septets of the default alphabet come packed. Where header and SAR TLVs are both present,
    which clause 5.2.12 forbids, the header counts.
    """
    values = dict(tlvs)
    data = values.get(Tag.MESSAGE_PAYLOAD, short_message)
    header = read_header(data) if esm_class & _UDHI else Header()
    by_header, header_problems = _from_elements(header.elements)
    by_tlvs, tlv_problems = _from_tlvs(values)
    problems = header.problems + header_problems + tlv_problems
    if esm_class & _UDHI and by_tlvs:
        problems += ("UDHI and SAR TLVs exclude each other",)
    body = data[header.octets :]
    if packed and coding(data_coding).alphabet is Alphabet.GSM:
        body = gsm0338.unpack(body, gsm0338.fill_bits(header.octets))
    return Part(body, data_coding, by_header or by_tlvs, header.elements, problems)


def _from_elements(elements: Iterable[tuple[int, bytes]]) -> tuple[Concatenation | None, tuple[str, ...]]:
    """Return the place that the header tells; of several the last counts (TS 23.040 clause 9.2.3.24)."""
    found = None
    problems: tuple[str, ...] = ()
    for identifier, value in elements:
        layout = _CONCATENATION.get(identifier)
        if layout is None:
            continue
        place = _place(*layout.unpack(value)) if len(value) == layout.size else None
        if place is None:
            problems += (f"information element 0x{identifier:02X} has the impossible value {value.hex() or 'nothing'}",)
        found = place or found
    return found, problems


def _from_tlvs(values: dict[int, bytes]) -> tuple[Concatenation | None, tuple[str, ...]]:
    sar = [values.get(tag) for tag in (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)]
    present = [value for value in sar if value is not None]
    if not present:
        return None, ()
    if [len(value) for value in present] != [2, 1, 1]:
        return None, ("the three SAR TLVs must come together, of 2, 1 and 1 octets",)
    reference, total, sequence = (int.from_bytes(value) for value in present)
    place = _place(reference, total, sequence)
    return place, () if place else (f"SAR TLVs tell the impossible place {sequence} of {total}",)


def _place(reference: int, total: int, sequence: int) -> Concatenation | None:
    return Concatenation(reference, total, sequence) if 1 <= sequence <= total else None


def join(parts: Sequence[Part]) -> str:
    """Return the text of parts in their order.

    Octets of neighbours with the same data_coding and tables are joined before they are decoded, since some senders
    cut surrogate pairs and escape sequences in two.
    """
    if len(parts) == 1:
        return decode(parts[0].data, parts[0].data_coding, parts[0].shift)
    runs = groupby(parts, key=lambda part: (part.data_coding, part.shift))
    return "".join(decode(b"".join(part.data for part in run), *how) for how, run in runs)


@dataclass(slots=True)
class Assembly:
    """The parts of one message that have come so far."""

    total: int = 1
    parts: dict[int, Part] = field(default_factory=dict)
    """By sequence, in the order of their first arrival; of several with one sequence the newest is kept."""
    duplicates: set[int] = field(default_factory=set)
    """Sequences that came again with the same content."""
    conflicts: set[int] = field(default_factory=set)
    """Sequences that came again with other content: the sender has used a reference twice."""
    touched_at: int = 0
    """When the newest part came, as the caller tells time."""

    def add(self, part: Part, now: int = 0) -> None:
        """Take one part of this message."""
        sequence = part.concatenation.sequence if part.concatenation else 1
        known = self.parts.get(sequence)
        if known is not None:
            (self.duplicates if known == part else self.conflicts).add(sequence)
        self.parts[sequence] = part
        self.touched_at = now

    @property
    def missing(self) -> list[int]:
        """The sequences that have not come yet."""
        return [sequence for sequence in range(1, self.total + 1) if sequence not in self.parts]

    @property
    def out_of_order(self) -> bool:
        """Whether a later segment came before an earlier one."""
        return list(self.parts) != sorted(self.parts)

    @property
    def text(self) -> str | None:
        """The whole text, or None while parts are missing."""
        return None if self.missing else self.readable

    @property
    def readable(self) -> str:
        """The text of the parts that are here; what is missing is left out."""
        return join([self.parts[sequence] for sequence in sorted(self.parts)])


class Key(NamedTuple):
    """What the parts of one message have in common; the bind that carried them is no part of it."""

    source: str
    destination: str
    reference: int
    total: int


class Reassembler:
    """Puts parts together, whatever their order and the binds they came by.

    A message is forgotten as a place to put parts when it is complete, so that its reference may be used again; its
    parts are remembered only to recognise late duplicates. Both memories end with `forget`.
    """

    def __init__(self) -> None:
        self._pending: dict[Key, Assembly] = {}
        self._completed: dict[Key, Assembly] = {}

    def add(self, source: str, destination: str, part: Part, now: int = 0) -> Assembly:
        """Take a part at the instant `now`; the assembly that comes back has a `text` if this part completed it."""
        place = part.concatenation
        if place is None:
            whole = Assembly()
            whole.add(part, now)
            return whole
        key = Key(source, destination, place.reference, place.total)
        assembly = self._pending.setdefault(key, Assembly(place.total))
        assembly.add(part, now)
        if self._came_before(key, place.sequence, part):
            assembly.duplicates.add(place.sequence)
        if not assembly.missing:
            self._completed[key] = self._pending.pop(key)
        return assembly

    def pending(self) -> dict[Key, Assembly]:
        """Return the messages that lack parts; late duplicates of a complete message alone are none."""
        return {
            key: assembly
            for key, assembly in self._pending.items()
            if not all(self._came_before(key, sequence, part) for sequence, part in assembly.parts.items())
        }

    def forget(self, before: int) -> dict[Key, Assembly]:
        """Forget what was last touched before the instant `before`; return the messages given up for lack of parts."""
        given_up = {key: assembly for key, assembly in self.pending().items() if assembly.touched_at < before}
        self._pending = {key: each for key, each in self._pending.items() if each.touched_at >= before}
        self._completed = {key: each for key, each in self._completed.items() if each.touched_at >= before}
        return given_up

    def _came_before(self, key: Key, sequence: int, part: Part) -> bool:
        completed = self._completed.get(key)
        return completed is not None and completed.parts[sequence] == part
