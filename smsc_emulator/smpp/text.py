"""What the octets of a message say: data_coding, alphabets, and the way between text and octets.

Two standards share the octet data_coding. SMPP 3.4 clause 5.2.19 names the values 0x00 to 0x0F; above them the groups
of 3GPP TS 23.038 clause 4 hold, whose low bits mean other things (message class, waiting indication). Masking with
0x0F is therefore wrong: 0x11 is the default alphabet of class 1, not ASCII.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from smsc_emulator.frozen import frozen
from smsc_emulator.smpp import gsm0338
from smsc_emulator.smpp.gsm0338 import NO_SHIFT
from smsc_emulator.smpp.national import Shift


class Alphabet(StrEnum):
    """How octets stand for characters; the value is the name of Python's codec, except for the first two."""

    GSM = "gsm03.38"
    BINARY = "binary"
    ASCII = "ascii"
    LATIN1 = "latin-1"
    CYRILLIC = "iso8859-5"
    HEBREW = "iso8859-8"
    UCS2 = "utf-16-be"
    """With surrogate pairs, as all telephones send and show them, although UCS-2 itself has none."""
    JIS = "shift_jis"
    MUSIC = "iso2022_jp"
    KANJI = "euc_jp"
    KOREAN = "euc_kr"


@frozen
class Coding:
    """What one value of data_coding means."""

    alphabet: Alphabet
    message_class: int | None = None
    """0 is flash (shown at once), 1 to the device, 2 to the SIM card, 3 to other equipment; None is no class."""
    compressed: bool = False
    """Compressed by TS 23.042, which is shown as octets."""


_NAMED: Final = {
    0x00: Alphabet.GSM,
    0x01: Alphabet.ASCII,
    0x02: Alphabet.BINARY,
    0x03: Alphabet.LATIN1,
    0x04: Alphabet.BINARY,
    0x05: Alphabet.JIS,
    0x06: Alphabet.CYRILLIC,
    0x07: Alphabet.HEBREW,
    0x08: Alphabet.UCS2,
    0x09: Alphabet.BINARY,  # pictograms, of which no table is public
    0x0A: Alphabet.MUSIC,
    0x0D: Alphabet.KANJI,
    0x0E: Alphabet.KOREAN,
}
_GENERAL: Final = (Alphabet.GSM, Alphabet.BINARY, Alphabet.UCS2, Alphabet.GSM)
"""The alphabets by bits 3 and 2 of the general group."""

DATA_CODING: Final = {alphabet: value for value, alphabet in reversed(_NAMED.items())}
"""The plain value of data_coding, without a class, for each alphabet."""


def coding(data_coding: int) -> Coding:
    """Return what `data_coding` (one octet) means; reserved values mean the default alphabet (TS 23.038 clause 4)."""
    group, low = divmod(data_coding & 0xFF, 0x10)
    if group == 0x0:
        return Coding(_NAMED.get(low, Alphabet.GSM))
    if group < 0x8:  # 00xx general, 01xx the same, marked for automatic deletion
        message_class = low & 0b11 if group & 0b01 else None
        compressed = bool(group & 0b10)
        return Coding(Alphabet.BINARY if compressed else _GENERAL[low >> 2], message_class, compressed)
    if group == 0xE:  # message waiting, stored, in UCS-2
        return Coding(Alphabet.UCS2)
    if group == 0xF:
        return Coding(Alphabet.BINARY if low & 0b100 else Alphabet.GSM, low & 0b11)
    return Coding(Alphabet.GSM)  # 0xC and 0xD: message waiting; 0x8 to 0xB: reserved


def decode(data: bytes, data_coding: int, shift: Shift = NO_SHIFT) -> str:
    """Return the text of a message without its user data header, whose `shift` it is; septets are unpacked.

    Never raises: what has no meaning becomes U+FFFD. Binary data is shown as hexadecimal octets: `0a ff`.
    """
    alphabet = coding(data_coding).alphabet
    if alphabet is Alphabet.GSM:
        return gsm0338.decode(data, shift)
    if alphabet is Alphabet.BINARY:
        return data.hex(" ")
    return data.decode(alphabet, "replace")


def octets(text: str, alphabet: Alphabet, shift: Shift = NO_SHIFT) -> bytes:
    """Return `text` in one alphabet, the GSM one with the tables of `shift`; septets come unpacked.

    Raises UnicodeEncodeError if the alphabet lacks a character, ValueError for BINARY, which has none. A lone
    surrogate is no character and goes out as `?`.
    """
    if alphabet is Alphabet.BINARY:
        raise ValueError("binary data has no characters to encode a text with")
    if alphabet is Alphabet.GSM:
        return gsm0338.encode(text, shift)
    return text.encode(alphabet, "replace" if alphabet is Alphabet.UCS2 else "strict")


def choose(
    text: str, alphabets: Iterable[Alphabet] = (Alphabet.GSM, Alphabet.UCS2), shift: Shift = NO_SHIFT
) -> Alphabet:
    """Return the first of `alphabets` that has every character of `text`; raises ValueError if none has."""
    for alphabet in alphabets:
        try:
            octets(text, alphabet, shift)
        except ValueError:
            continue
        return alphabet
    raise ValueError("none of the alphabets has every character of the text")


def encode(text: str, alphabets: Iterable[Alphabet] = (Alphabet.GSM, Alphabet.UCS2)) -> tuple[int, bytes]:
    """Return data_coding and octets of `text` in the first alphabet that has all its characters.

    Pass (Alphabet.LATIN1, Alphabet.UCS2) to prefer Latin-1. Raises ValueError if no alphabet fits; UCS2 always does.
    """
    alphabet = choose(text, alphabets)
    return DATA_CODING[alphabet], octets(text, alphabet)


def with_class(data_coding: int, message_class: int) -> int:
    """Return the data_coding of the same alphabet with a message class: 0 is flash.

    Only the GSM alphabet, 8-bit data and UCS2 can have one (TS 23.038 clause 4); ValueError for the others.
    """
    group = {Alphabet.GSM: 0x10, Alphabet.BINARY: 0x14, Alphabet.UCS2: 0x18}.get(coding(data_coding).alphabet)
    if group is None or not 0 <= message_class <= 3:
        raise ValueError(f"data_coding 0x{data_coding:02X} cannot have the message class {message_class}")
    return group | message_class


def best_shift(text: str, languages: Iterable[int]) -> Shift:
    """Return the tables of `languages` that write `text` in the fewest septets, its header included.

    The default tables are always among those tried. Raises ValueError if no pair has all characters.
    """
    known = [0, *languages]
    sizes = {}
    for shift in (Shift(locking, single) for locking in known for single in known):
        try:
            sizes[shift] = gsm0338.septet_count(text, shift) + header_septets(shift)
        except UnicodeEncodeError:
            continue
    if not sizes:
        raise ValueError("none of the languages' tables has every character of the text")
    return min(sizes, key=lambda shift: sizes[shift])


def header_septets(shift: Shift) -> int:
    """Return how many septets a header takes that names these tables and nothing else."""
    named = sum(1 for language in shift if language)
    return -(-(1 + 3 * named) * 8 // 7) if named else 0
