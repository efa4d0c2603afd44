"""Secrets that are derived, never stored: codes, tokens and choices from a key, a confirmation and a generation.

The same code can so be sent again though only its HMAC is kept, and a seeded lab, whose key comes from its seed,
repeats its codes. Each draw is as likely as the others: what does not divide evenly is drawn again.
"""

import hashlib
import hmac
from itertools import count

TOKEN_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # noqa: S105 - an alphabet, not a password
"""Digits and letters without 0, 1, I, L and O, which people mistake for each other."""


def derive(key: bytes, confirmation_id: str, generation: int, digits: int) -> str:
    """Return the code of `digits` decimal digits of one generation of a confirmation."""
    return f"{_below(10**digits, key, 'code', confirmation_id, generation):0{digits}d}"


def derive_index(key: bytes, confirmation_id: str, generation: int, size: int) -> int:
    """Return a number from 0 up to, not including, `size`, which must not be 0: a place in a pool."""
    return _below(size, key, "index", confirmation_id, generation)


def derive_token(key: bytes, confirmation_id: str, generation: int, length: int) -> str:
    """Return the token of `length` characters of TOKEN_ALPHABET."""
    whole = _below(len(TOKEN_ALPHABET) ** length, key, "token", confirmation_id, generation)
    letters = []
    for _ in range(length):
        whole, place = divmod(whole, len(TOKEN_ALPHABET))
        letters.append(TOKEN_ALPHABET[place])
    return "".join(letters)


def mac(key: bytes, *parts: object) -> str:
    """Return HMAC-SHA256 of `parts` under `key` in hexadecimal."""
    return _digest(key, *parts).hex()


def _below(limit: int, key: bytes, *parts: object) -> int:
    fair = (1 << 256) // limit * limit
    for draw in count():
        value = int.from_bytes(_digest(key, *parts, draw), "big")
        if value < fair:
            return value % limit
    raise AssertionError("count() does not end")


def _digest(key: bytes, *parts: object) -> bytes:
    return hmac.new(key, "\0".join(map(str, parts)).encode(), hashlib.sha256).digest()
