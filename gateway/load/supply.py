"""What a session may send now: as much as its window has room for, or what the pace says is due."""

from dataclasses import dataclass
from itertools import repeat
from typing import Protocol

from gateway.load.pace import Pace, grown

GROWTH = 50_000
"""How often a window that grows is looked at, in microseconds."""

Instants = list[int]


@dataclass(slots=True)
class Budget:
    """What all sessions may send together: so many messages, and none after an instant (microseconds)."""

    left: int
    until: int

    def take(self, wanted: int, now: int) -> int:
        """Take up to `wanted` of what is left."""
        if now >= self.until:
            self.left = 0
        taken = max(0, min(wanted, self.left))
        self.left -= taken
        return taken


class Supply(Protocol):
    """Gives out messages as the instants that they are meant to go out at."""

    def take(self, open_now: int, now: int) -> Instants:
        """Return the instants of those that may go out now, `open_now` being unanswered."""

    def wanted(self, open_now: int, now: int) -> int | None:
        """Return when to ask again without an answer having come; None if only an answer makes a difference."""

    def unsent(self) -> int:
        """How many were meant to go out and have not."""

    def stop(self, now: int) -> None:
        """Plan nothing for later than now."""

    def ended(self, now: int) -> bool:
        """Whether nothing is planned for later than now."""


class Windowed:
    """As many unanswered requests as the window takes: the next goes out when an answer comes."""

    def __init__(self, budget: Budget, window: int, ramp: int = 0) -> None:
        self._budget = budget
        self._window = window
        self._ramp = ramp

    def take(self, open_now: int, now: int) -> Instants:
        """See Supply."""
        window = self._window if now >= self._ramp else grown(self._window, self._ramp, now)
        room = window - open_now
        return list(repeat(now, self._budget.take(room, now))) if room > 0 else []

    def wanted(self, open_now: int, now: int) -> int | None:
        """See Supply."""
        return now + GROWTH if now < self._ramp and self._budget.left else None

    def unsent(self) -> int:
        """See Supply."""
        return 0

    def stop(self, now: int) -> None:
        """See Supply."""
        self._budget.left = 0

    def ended(self, now: int) -> bool:
        """See Supply."""
        return not self._budget.left


class Paced:
    """Each `step`-th message of a pace from `first` on, each at its instant or as soon after it as the window allows.

    What was due before `until` or among the first `count` messages goes out even later than that, so that a stall at
    the end is seen too.
    """

    def __init__(self, pace: Pace, window: int, first: int, step: int, count: int, until: int) -> None:
        self._pace = pace
        self._window = window
        self._next = first
        self._step = step
        self._end = min(count, pace.due(until / 1e6))

    def take(self, open_now: int, now: int) -> Instants:
        """See Supply."""
        due = min(self._pace.due(now / 1e6), self._end)
        last = min(due, self._next + (self._window - open_now) * self._step)
        if self._next >= last:
            return []
        instant = self._pace.instant
        instants = [int(instant(number) * 1e6) for number in range(self._next, last, self._step)]
        self._next += len(instants) * self._step
        return instants

    def wanted(self, open_now: int, now: int) -> int | None:
        """See Supply."""
        if open_now >= self._window:
            return None
        return int(self._pace.instant(self._next) * 1e6) + 1 if self._next < self._end else None

    def unsent(self) -> int:
        """See Supply."""
        return len(range(self._next, self._end, self._step))

    def stop(self, now: int) -> None:
        """See Supply."""
        self._end = min(self._end, self._pace.due(now / 1e6))

    def ended(self, now: int) -> bool:
        """See Supply."""
        return self._pace.due(now / 1e6) >= self._end
