"""National language tables of the GSM 7-bit alphabet (3GPP TS 23.038, Annex A).

A locking shift table takes the place of the default alphabet; a single shift table takes the place of the extension
table, whose characters come after an escape. The user data header names the language of each, by information element
0x25 and 0x24 (TS 23.040, 9.2.3.24.15 and 9.2.3.24.16). The two are independent of each other.

The nine Brahmic scripts of Unicode share one order, and so do their tables: what is said here of a language are the
places of that order that its script leaves empty, and the letters that stand outside of it.
"""

from enum import IntEnum
from typing import Final, NamedTuple


class Language(IntEnum):
    """National language identifiers (TS 23.038, table 6.2.1.2.4)."""

    DEFAULT = 0x00
    TURKISH = 0x01
    SPANISH = 0x02
    """Has a single shift table only."""
    PORTUGUESE = 0x03
    BENGALI = 0x04
    GUJARATI = 0x05
    HINDI = 0x06
    KANNADA = 0x07
    MALAYALAM = 0x08
    ORIYA = 0x09
    PUNJABI = 0x0A
    TAMIL = 0x0B
    TELUGU = 0x0C
    URDU = 0x0D


class Shift(NamedTuple):
    """The tables that a text is written with, by national language identifier; 0 is the default."""

    locking: int = 0
    single: int = 0


class _Script(NamedTuple):
    """How one script fills the common order."""

    block: int
    """The code point that its Unicode block begins with."""
    empty: bytes
    """Offsets into the block that the locking table leaves blank."""
    tail: bytes
    """Offsets of the letters at 0x60 and 0x7B to 0x7F of the locking table."""
    dandas: str
    """What stands before the digits of the single shift table."""
    more: bytes
    """Offsets of the letters behind the digits, in the order of `_PLACES`."""


_DIGITS: Final = 0x66
_DANDAS: Final = "\u0964\u0965"
_NONE: Final = "\0\0"
_hex = bytes.fromhex
_SCRIPTS: Final = {
    Language.BENGALI: _Script(
        0x0980,
        _hex("0d 0e 11 12 29 31 33 34 35 45 46 49 4a"),
        _hex("4e 57 5c 5d 70 71"),
        "",
        _hex("5f 60 61 62 63 72 73 74 75 76 77 78 79 7a"),
    ),
    Language.GUJARATI: _Script(0x0A80, _hex("0e 12 29 31 34 46 4a"), _hex("50 60 61 62 63 71"), _DANDAS, b""),
    Language.HINDI: _Script(
        0x0900,
        b"",
        _hex("50 72 7b 7c 7e 7f"),
        _DANDAS,
        _hex("51 52 53 54 58 59 5a 5b 5c 5d 5e 5f 60 61 62 63 70 71"),
    ),
    Language.KANNADA: _Script(
        0x0C80, _hex("01 0d 11 29 34 45 49"), _hex("55 56 60 61 62 63"), _DANDAS, _hex("5e 71 72")
    ),
    Language.MALAYALAM: _Script(
        0x0D00,
        _hex("01 0d 11 29 3c 45 49"),
        _hex("57 60 61 62 63 79"),
        _DANDAS,
        _hex("70 71 72 73 74 75 7a 7b 7c 7d 7e 7f"),
    ),
    Language.ORIYA: _Script(
        0x0B00,
        _hex("0d 0e 11 12 29 31 34 45 46 49 4a"),
        _hex("56 57 60 61 62 63"),
        _DANDAS,
        _hex("5c 5d 5f 70 71"),
    ),
    Language.PUNJABI: _Script(
        0x0A00,
        _hex("0b 0c 0d 0e 11 12 29 31 34 37 3d 43 44 45 46 49 4a"),
        _hex("51 70 71 72 73 74"),
        _DANDAS,
        _hex("59 5a 5b 5c 5e 75"),
    ),
    Language.TAMIL: _Script(
        0x0B80,
        _hex("01 0b 0c 0d 11 16 17 18 1b 1d 20 21 22 25 26 27 2b 2c 2d 3c 3d 43 44 45 49"),
        _hex("50 57 70 71 72 79"),
        _DANDAS,
        _hex("73 74 75 76 77 78 7a"),
    ),
    Language.TELUGU: _Script(
        0x0C00,
        _hex("0d 11 29 34 3c 45 49"),
        _hex("55 56 60 61 62 63"),
        _NONE,
        _hex("58 59 78 79 7a 7b 7c 7d 7e 7f"),
    ),
}

_COMMON: Final = (
    b"\x01\x02\x03\x05\x06\x07\x08\x09\x0a\x0b~\x0c\x0d~\x0e\x0f"
    b"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a~\x1b\x1c\x1d\x1e"
    b"~~\x1f\x20\x21\x22\x23\x24~~\x25\x26~\x27~\x28"
    b"~~~~~~~~~~~~\x29\x2a\x2b~"
    b"\x2c\x2d\x2e\x2f\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\x3c\x3d"
    b"\x3e\x3f\x40\x41\x42\x43\x44\x45\x46\x47\x48\x49\x4a\x4b\x4c\x4d"
)
"""The offsets that the locking tables of all scripts have at 0x00 to 0x5F; `~` is what they share with Urdu."""

_URDU: Final = (
    "\u0627\u0622\u0628\u067b\u0680\u067e\u06a6\u062a\u06c2\u067f\n\u0679\u067d\r\u067a\u067c"
    "\u062b\u062c\u0681\u0684\u0683\u0685\u0686\u0687\u062d\u062e\u062f\x1b\u068c\u0688\u0689\u068a"
    " !\u068f\u068d\u0630\u0631\u0691\u0693)(\u0699\u0632,\u0696.\u0698"
    "0123456789:;\u069a\u0633\u0634?"
    "\u0635\u0636\u0637\u0638\u0639\u0641\u0642\u06a9\u06aa\u06ab\u06af\u06b3\u06b1\u0644\u0645\u0646"
    "\u06ba\u06bb\u06bc\u0648\u06c4\u06d5\u06c1\u06be\u0621\u06cc\u06d0\u06d2\u064d\u0650\u064f\u0657"
    "\u0654abcdefghijklmno"
    "pqrstuvwxyz\u0655\u0651\u0653\u0656\u0670"
)


def _locking(script: _Script) -> str:
    """Return the 128 characters of a script's locking shift table; blank places are spaces."""
    ordered = [
        shared if offset == ord("~") else " " if offset in script.empty else chr(script.block + offset)
        for offset, shared in zip(_COMMON, _URDU, strict=False)
    ]
    tail = [chr(script.block + offset) for offset in script.tail]
    return "".join([*ordered, tail[0], *_URDU[0x61:0x7B], *tail[1:]])


LOCKING: Final[dict[int, str]] = {
    Language.TURKISH: (
        "@£$¥€éùıòÇ\nĞğ\rÅå"
        "Δ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ"
        " !\"#¤%&'()*+,-./"
        "0123456789:;<=>?"
        "İABCDEFGHIJKLMNO"
        "PQRSTUVWXYZÄÖÑÜ§"
        "çabcdefghijklmno"
        "pqrstuvwxyzäöñüà"
    ),
    Language.PORTUGUESE: (
        "@£$¥êéúíóç\nÔô\rÁá"
        "Δ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ"
        " !\"#º%&'()*+,-./"
        "0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNO"
        "PQRSTUVWXYZÃÕÚÜ§"
        "~abcdefghijklmno"
        "pqrstuvwxyzãõ`üà"
    ),
    **{language: _locking(script) for language, script in _SCRIPTS.items()},
    Language.URDU: _URDU,
}
"""A.3: the characters of the septets 0x00 to 0x7F by language; 0x1B is the escape."""

_BASIC: Final = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_INDIAN: Final = (
    _BASIC
    | dict(enumerate("@£$¥¿\"¤%&'\f*+"))
    | dict(enumerate("-/<=>¡^¡_#*", 0x0E))
    | dict(enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0x41))
)
"""What the single shift tables of the Indian languages have in common."""

_PLACES: Final = [place for place in range(0x19, 0x3C) if place not in (0x1B, 0x28, 0x29, 0x2F)]
"""The places of dandas, digits and letters in those tables."""


def _single(letters: str) -> dict[int, str]:
    return _INDIAN | {place: letter for place, letter in zip(_PLACES, letters, strict=False) if letter != "\0"}


def _letters(script: _Script) -> str:
    offsets = [*range(_DIGITS, _DIGITS + 10), *script.more]
    return script.dandas + "".join(chr(script.block + offset) for offset in offsets)


SINGLE: Final[dict[int, dict[int, str]]] = {
    Language.TURKISH: _BASIC | {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"},  # noqa: RUF001
    Language.SPANISH: _BASIC
    | {0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú"},
    Language.PORTUGUESE: _BASIC
    | {0x05: "ê", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á", 0x0F: "á"}
    | {0x12: "Φ", 0x13: "Γ", 0x15: "Ω", 0x16: "Π", 0x17: "Ψ", 0x18: "Σ", 0x19: "Θ", 0x1F: "Ê"}
    | {0x41: "À", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x5B: "Ã", 0x5C: "Õ"}
    | {0x61: "Â", 0x69: "í", 0x6F: "ó", 0x75: "ú", 0x7B: "ã", 0x7C: "õ", 0x7F: "â"},
    **{language: _single(_letters(script)) for language, script in _SCRIPTS.items()},
    Language.URDU: _single(
        "\u0600\u0601\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9\u060c\u060d\u060e\u060f\u0610\u0611"
        "\u0612\u0613\u0614\u061b\u061f\u0640\u0652\u0658\u066b\u066c\u0672\u0673\u06cd"
    )
    | {0x3F: "\u06d4"},
}
"""A.2: what a septet means after an escape, by language; one that is missing means the same as in the locking table."""
