"""The one source of chance. It is passed in, so that a lab that asks for a seed replays the same codes and ids."""

import os
import random
import secrets
from typing import Protocol

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Digits and letters of ids: Crockford's base 32, which has no letter that reads as another."""


_LETTERS = (ALPHABET * 8).encode()
"""A letter for each octet, each as often as the others."""


class Randomness(Protocol):
    """Draws that the lab needs."""

    def digits(self, count: int) -> str:
        """Return `count` decimal digits, each as likely as the others."""

    def token(self, length: int) -> str:
        """Return an opaque text of `length` characters of ALPHABET."""

    def fraction(self) -> float:
        """Return a number from 0 up to, not including, 1."""


class SecretRandomness:
    """Draws from the operating system, for codes that nobody may guess."""

    def digits(self, count: int) -> str:
        """Return `count` unpredictable digits."""
        return f"{secrets.randbelow(10**count):0{count}d}"

    def token(self, length: int) -> str:
        """Return `length` unpredictable characters."""
        return os.urandom(length).translate(_LETTERS).decode()

    def fraction(self) -> float:
        """Return an unpredictable fraction."""
        return secrets.randbelow(1 << 53) / (1 << 53)


class SeededRandomness:
    """Draws that repeat with their seed. For labs that must replay, never for real codes."""

    def __init__(self, seed: str) -> None:
        # Not for secrets by its very purpose: the lab's configuration asked for predictable draws.
        self._random = random.Random(seed)  # noqa: S311

    def digits(self, count: int) -> str:
        """Return the next `count` digits of the sequence."""
        return f"{self._random.randrange(10**count):0{count}d}"

    def token(self, length: int) -> str:
        """Return the next `length` characters of the sequence."""
        return "".join(self._random.choice(ALPHABET) for _ in range(length))

    def fraction(self) -> float:
        """Return the next fraction of the sequence."""
        return self._random.random()
