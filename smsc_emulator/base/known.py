"""What units of work know of the database without asking it.

What a unit reads or writes it remembers, and so do the units after it, as long as its own has not failed: `Known` lies
over what the batch has brought so far, and that over `Memory`, which is what is committed. Where other nodes may
write too, nothing outlives the unit. What is remembered is never changed in place: who writes remembers another object.
"""

from collections.abc import Hashable, Mapping
from itertools import islice
from typing import Any, Final, TypeAlias

Key: TypeAlias = tuple[Hashable, ...]
"""A kind of thing, and what tells one of them from the others."""

MOST: Final = 20_000
"""How many things a memory holds; the oldest half goes when there are more."""


class UnknownError(Exception):
    """A unit that only reads asked for something that is not in memory."""


class Memory(dict[Key, Any]):
    """What is committed, as far as it was read or written lately. Changed on the loop, between two batches."""

    def take(self, changes: Mapping[Key, Any]) -> None:
        """Remember what a batch has brought; None stands for what is not known any more."""
        self.update(changes)
        if len(self) > MOST:
            for key in list(islice(self, MOST // 2)):
                del self[key]


class Known:
    """What one unit knows: its own, over the layers below, of which the first that has a key is right."""

    __slots__ = ("_below", "own")

    def __init__(self, *below: Mapping[Key, Any]) -> None:
        self._below = below
        self.own: dict[Key, Any] = {}
        """What this unit has read, written (or, None, made unknown) itself."""

    def get(self, key: Key) -> Any:
        """Return what is known, or None."""
        if key in self.own:
            return self.own[key]
        for layer in self._below:
            if key in layer:
                return layer[key]
        return None

    def __setitem__(self, key: Key, value: Any) -> None:
        """Remember something, which must not be None."""
        self.own[key] = value

    def forget(self, key: Key) -> None:
        """Know it no more."""
        self.own[key] = None

    def forget_kind(self, kind: Hashable) -> None:
        """Know no more of all things of a kind. It looks at all that is known."""
        for layer in (*self._below, self.own):
            self.own.update((key, None) for key in list(layer) if key[0] == kind)
