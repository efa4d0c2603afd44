"""The timers of RFC 3261 (table 4), in seconds of real time, and a plan of what is due when."""

import heapq
from itertools import count
from typing import Generic, TypeVar

from smsc_emulator.frozen import frozen


@frozen
class Timers:
    """The three times that all timers of SIP are made of."""

    t1: float = 0.5
    """The estimated round trip."""
    t2: float = 4.0
    """The longest time between two retransmissions, except those of an INVITE."""
    t4: float = 5.0
    """The longest time that a message stays in the network."""
    keep_alive: float = 60.0
    """How often the last provisional response of a call that is not answered is repeated (RFC 3261, 13.3.1.1)."""

    @property
    def patience(self) -> float:
        """How long is waited for an answer or an ACK: timers B, F, H, J, L and M."""
        return 64 * self.t1

    @property
    def absorb(self) -> float:
        """Timer D: how long retransmitted final responses to an INVITE are acknowledged again."""
        return max(32.0, self.patience) if self.t1 >= 0.5 else self.patience


SLACK = 1_000
"""How many forgotten instants a plan keeps at least before it is tidied."""

Item = TypeVar("Item")


class Schedule(Generic[Item]):
    """Which item is due next. An item is due once at a time; what was set before is forgotten."""

    def __init__(self) -> None:
        self._due: dict[Item, float] = {}
        self._heap: list[tuple[float, int, Item]] = []
        self._order = count()

    def set(self, item: Item, due: float | None) -> None:
        """Make `item` due at `due`, or never."""
        if due is None:
            self._due.pop(item, None)
        elif self._due.get(item) != due:
            self._due[item] = due
            heapq.heappush(self._heap, (due, next(self._order), item))
        if len(self._heap) > 2 * len(self._due) + SLACK:
            self._tidy()

    def next(self) -> float | None:
        """Return when the next item is due, or None."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _tidy(self) -> None:
        """Let go of what is due no more: a timer of an hour would keep a call of a second for that hour."""
        self._heap = [(due, next(self._order), item) for item, due in self._due.items()]
        heapq.heapify(self._heap)

    def pop(self, now: float) -> Item | None:
        """Take the first item that is due at `now`, or None."""
        due = self.next()
        if due is None or due > now:
            return None
        item = heapq.heappop(self._heap)[2]
        del self._due[item]
        return item
