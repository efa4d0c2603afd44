"""The GSM 7-bit alphabet (3GPP TS 23.038 clause 6.2.1), unpacked and packed, with the national language tables.

Over SMPP each septet normally travels in an octet of its own; some operators pack eight septets into seven octets, as
the radio side does (clause 6.1.2.1). `encode` and `decode` know characters and septets, `pack` and `unpack` know
septets and octets; the two steps are independent.
"""

from functools import cache
from typing import Final

from smsc_emulator.smpp.national import LOCKING, SINGLE, Shift

ESCAPE: Final = 0x1B
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

DEFAULT: Final = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
"""The characters of the septets 0x00 to 0x7F; 0x1B is the escape to the extension table and no character."""

EXTENSION: Final = {
    0x0A: "\f",
    0x14: "^",
    0x1B: " ",  # escape to a further table that nobody has defined: shown as a space
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
"""What a septet means after an escape; one that is missing here means the same as in the default table."""

NO_SHIFT: Final = Shift()

_ASCII: Final = bytes(at for at, character in enumerate(DEFAULT) if ord(character) == at != ESCAPE)
"""The septets that stand for the same character as in ASCII: most texts have no others."""


@cache
def _septets(shift: Shift) -> dict[str, bytes]:
    """Return the septets of each character; one that both tables have is written by the shorter way."""
    table, extension = _tables(shift)
    escaped = {character: bytes([ESCAPE, septet]) for septet, character in extension.items()}
    plain = {character: bytes([septet]) for septet, character in enumerate(table) if septet != ESCAPE}
    return escaped | plain | {" ": b" "}  # a national table shows its empty places, too, as spaces


@cache
def _tables(shift: Shift) -> tuple[str, dict[int, str]]:
    return LOCKING.get(shift.locking, DEFAULT), SINGLE.get(shift.single, EXTENSION)


def encode(text: str, shift: Shift = NO_SHIFT) -> bytes:
    """Return the septets of `text`, one in each octet; a character of the extension table takes two.

    Raises UnicodeEncodeError at the first character that the tables do not have.
    """
    septets = _septets(shift)
    try:
        return b"".join([septets[character] for character in text])
    except KeyError:
        at = next(index for index, character in enumerate(text) if character not in septets)
        raise UnicodeEncodeError("gsm03.38", text, at, at + 1, "not in the alphabet") from None


def septet_count(text: str, shift: Shift = NO_SHIFT) -> int:
    """Return how many septets `text` takes; raises UnicodeEncodeError as `encode` does."""
    return len(encode(text, shift))


def decode(septets: bytes, shift: Shift = NO_SHIFT) -> str:
    """Return the text of unpacked septets; a language that has no table is read by the default one.

    Octets above 0x7F and an escape with nothing after it become U+FFFD.
    """
    if shift == NO_SHIFT and not septets.translate(None, _ASCII):
        return septets.decode("ascii")
    table, extension = _tables(shift)
    characters = []
    following = iter(septets)
    for septet in following:
        character = None
        if septet == ESCAPE:
            septet = next(following, 0x80)  # noqa: PLW2901 - the escape and what follows it are one character
            character = extension.get(septet) or (" " if septet == ESCAPE else None)
        characters.append(character or (table[septet] if septet < 0x80 else REPLACEMENT))
    return "".join(characters)


def fill_bits(header_octets: int) -> int:
    """Return how many bits stand between a user data header of so many octets and the first packed septet.

    The text begins on a septet boundary counted from the first bit of the header (TS 23.040 clause 9.2.3.24).
    """
    return -header_octets * 8 % 7


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Return the octets that hold `septets` packed, after `fill` zero bits; the bits left over at the end are zero."""
    packed = b"".join(_join(septets[at : at + 8]) for at in range(0, len(septets), 8))
    length = (len(septets) * 7 + fill + 7) // 8
    return (int.from_bytes(packed, "little") << fill).to_bytes(length + 1, "little")[:length]


def unpack(octets: bytes, fill: int = 0, count: int | None = None) -> bytes:
    """Return the septets packed in `octets` after `fill` bits, one in each octet; `count` of them if it is given.

    Without a count, seven zero bits at the very end may be spare or one `@`; they are taken for spare, since a text
    of 8n-1 septets is more common than one of 8n that ends in `@`.
    """
    aligned = (int.from_bytes(octets, "little") >> fill).to_bytes(len(octets), "little")
    septets = b"".join(_part(aligned[at : at + 7]) for at in range(0, len(aligned), 7))
    whole, spare = divmod(max(len(octets) * 8 - fill, 0), 7)
    if count is not None:
        return septets[: min(count, whole)]
    septets = septets[:whole]
    return septets[:-1] if spare == 0 and septets.endswith(b"\0") else septets


def _join(eight: bytes) -> bytes:
    value = sum((septet & 0x7F) << 7 * place for place, septet in enumerate(eight))
    return value.to_bytes(7, "little")


def _part(seven: bytes) -> bytes:
    value = int.from_bytes(seven, "little")
    return bytes(value >> shift & 0x7F for shift in range(0, 56, 7))
