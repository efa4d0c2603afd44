"""What is to happen at instants of the lab clock. The calls that it is about do not outlive a restart, nor does it."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

SLACK = 1_000
"""How many alarms there are at least before those that were called off are swept out."""


@dataclass(slots=True, eq=False)
class Alarm:
    """Something to do at an instant, unless it is called off before."""

    due: int
    do: Callable[[int], None] | None
    """None: it is called off."""

    def call_off(self) -> None:
        """Let nothing happen; what it was about is let go at once, however far off it was."""
        self.do = None


class Agenda:
    """The alarms, earliest first; of two at one instant the one that was set first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Alarm]] = []
        self._numbers = count()
        self._sweep_at = SLACK

    def set(self, due: int, do: Callable[[int], None]) -> Alarm:
        """Have `do` called with the lab's instant when the clock has reached `due`."""
        if len(self._heap) >= self._sweep_at:  # while the clock stands still none of them comes to the top
            self._heap = [waiting for waiting in self._heap if waiting[2].do is not None]
            heapq.heapify(self._heap)
            self._sweep_at = 2 * len(self._heap) + SLACK
        alarm = Alarm(due, do)
        heapq.heappush(self._heap, (due, next(self._numbers), alarm))
        return alarm

    def next_due(self) -> int | None:
        """Return the instant of the earliest alarm that still holds, or None."""
        while self._heap and self._heap[0][2].do is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def fire(self, now: int) -> None:
        """Do what is due at or before `now`, and what that sets in turn if it is due as well."""
        while (due := self.next_due()) is not None and due <= now:
            do = heapq.heappop(self._heap)[2].do
            if do is not None:
                do(now)
