"""What is submitted: texts in their codings to numbers in turn, encoded before the run."""

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from smsc_emulator.frozen import frozen
from smsc_emulator.smpp import codec, segments, text
from smsc_emulator.smpp.constants import Npi, Ton
from smsc_emulator.smpp.pdus import SubmitSm, Tlv
from smsc_emulator.smpp.text import Alphabet

CODINGS: Final = {
    "gsm": Alphabet.GSM,
    "latin1": Alphabet.LATIN1,
    "cyrillic": Alphabet.CYRILLIC,
    "ucs2": Alphabet.UCS2,
}
"""The codings that a text can be asked for in, by name."""
MOST_FRAMES: Final = 20_000
"""How many submit_sm are encoded beforehand at the most; with more numbers than that, the last ones get nothing."""
REFERENCES: Final = 16
"""How many messages of segments to one number follow each other before a reference comes again."""

_SPEC = re.compile(rf"(?:(?P<weight>[0-9]{{1,4}})\*)?(?:(?P<coding>{'|'.join(CODINGS)}):)?(?P<text>.+)", re.DOTALL)
_RANGE = re.compile(r"(\+?[0-9]{1,20})(?:\.\.(\+?[0-9]{1,20}))?")


Address = tuple[int, int, str]
"""Type of number, numbering plan, and digits or name."""


@frozen
class Wording:
    """A text, the coding that it must have (None: the first that has all its characters), and its share."""

    text: str
    alphabet: Alphabet | None = None
    weight: int = 1

    def parts(self, reference: int) -> list[segments.Segment]:
        """Return its segments. Raises ValueError if the coding lacks a character, or the text is too long."""
        alphabets = (Alphabet.GSM, Alphabet.UCS2) if self.alphabet is None else (self.alphabet,)
        return segments.split(self.text, reference, alphabets=alphabets)


def wording(spec: str) -> Wording:
    """Read `[WEIGHT*][CODING:]TEXT`, such as `3*ucs2:Привет`. Raises ValueError."""
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise ValueError("a text has at least one character")
    coding = match["coding"]
    found = Wording(match["text"], CODINGS[coding] if coding else None, int(match["weight"] or 1))
    if not found.weight:
        raise ValueError(f"{spec!r}: a weight is at least 1")
    if found.alphabet is not None and (lacking := _lacking(found.text, found.alphabet)):
        raise ValueError(f"{spec!r}: {coding} has no {lacking!r}")
    try:
        found.parts(0)
    except ValueError as error:
        raise ValueError(f"{spec[:40]!r}: {error}") from None
    return found


def _lacking(written: str, alphabet: Alphabet) -> str | None:
    """Return the first character that an alphabet lacks."""
    for character in written:
        try:
            text.octets(character, alphabet)
        except UnicodeEncodeError:
            return character
    return None


def numbers(spec: str) -> list[str]:
    """Read a number, or `FIRST..LAST`; a plus sign is kept. Raises ValueError."""
    match = _RANGE.fullmatch(spec)
    if match is None:
        raise ValueError(f"{spec!r} is no number and no range, such as +70000000001..+70000000020")
    first, last = match[1], match[2] or match[1]
    plus = "+" if first.startswith("+") else ""
    low, high, width = int(first), int(last), len(first.removeprefix("+"))
    if not 0 <= high - low < 10_000_000:
        raise ValueError(f"{spec!r}: the range ends before it begins, or has more than ten million numbers")
    return [f"{plus}{number:0{width}d}" for number in range(low, high + 1)]


def all_numbers(specs: Sequence[str]) -> tuple[str, ...]:
    """Read several numbers and ranges. Raises ValueError."""
    return tuple(number for spec in specs for number in numbers(spec))


@frozen
class Frame:
    """A submit_sm around its sequence_number."""

    head: bytes
    tail: bytes


def frames(wordings: Sequence[Wording], to: Sequence[str], sender: str, *, receipts: bool) -> list[Frame]:
    """Return what one session submits, again and again: each number in turn gets the next text of the mix.

    Raises ValueError for an address that is too long.
    """
    mix = [one for one in wordings for _ in range(one.weight)]
    parts = cache(Wording.parts)
    found: list[Frame] = []
    segmented = any(len(parts(one, 0)) > 1 for one in mix)
    for turn in range(math.lcm(len(mix), len(to)) * (REFERENCES if segmented else 1)):
        if len(found) >= MOST_FRAMES:
            break
        # Segments of different messages to one number must not be taken for one another's.
        reference = turn // len(to) % 256
        found += [_frame(part, to[turn % len(to)], sender, receipts) for part in parts(mix[turn % len(mix)], reference)]
    return found


def address(written: str) -> Address:
    """Return an address as it was written. Raises ValueError."""
    digits = written.removeprefix("+")
    if len(digits) > 20:
        raise ValueError(f"{written}: an address has at most 20 characters (SMPP 3.4, 5.2.8)")
    if not (digits.isascii() and digits.isdigit()):
        return Ton.ALPHANUMERIC, Npi.UNKNOWN, written
    return (Ton.INTERNATIONAL if written.startswith("+") else Ton.UNKNOWN), Npi.ISDN, digits


def _frame(part: segments.Segment, to: str, sender: str, receipts: bool) -> Frame:
    octets = codec.encode(submit_sm(part, address(sender), address(to), receipt=receipts))
    return Frame(octets[:12], octets[16:])


def submit_sm(part: segments.Segment, source: Address, destination: Address, *, receipt: bool) -> SubmitSm:
    """Return the submit_sm of one segment."""
    source_ton, source_npi, source_addr = source
    dest_ton, dest_npi, destination_addr = destination
    return SubmitSm(
        source_addr_ton=source_ton,
        source_addr_npi=source_npi,
        source_addr=source_addr,
        dest_addr_ton=dest_ton,
        dest_addr_npi=dest_npi,
        destination_addr=destination_addr,
        esm_class=part.esm_class,
        registered_delivery=int(receipt),
        data_coding=part.data_coding,
        short_message=part.short_message,
        tlvs=[Tlv(*tlv) for tlv in part.tlvs],
    )


def told(wordings: Sequence[Wording]) -> list[str]:
    """Return the mix as a person reads it: share, coding and segments of each text, not the text."""
    whole = sum(one.weight for one in wordings)
    lines = []
    for one in wordings:
        parts = one.parts(0)
        alphabet = text.coding(parts[0].data_coding).alphabet
        name = next((name for name, known in CODINGS.items() if known is alphabet), alphabet.value)
        many = f", {len(parts)} segments" if len(parts) > 1 else ""
        lines.append(f"{round(100 * one.weight / whole)} % {name}, {len(one.text)} characters{many}")
    return lines
