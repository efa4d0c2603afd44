"""When each message is meant to go out, without a clock: a rate that may rise from nothing, or none at all.

The instants are decided before the run. A peer that stalls does not move them, and latency is counted from them: what
had to wait because of the stall is seen to have waited ("coordinated omission" is what others call the mistake).
"""

import math
from typing import Final

from smsc_emulator.frozen import frozen

FOR_EVER: Final = 1e9
"""Seconds, some thirty years."""
COUNTLESS: Final = 1 << 62


@frozen
class Pace:
    """`rate` messages a second, reached in a straight line over `ramp` seconds. Instants are seconds from the start."""

    rate: float
    ramp: float = 0.0

    def instant(self, number: int) -> float:
        """Return when the message with this number, the first being 0, is meant to go out."""
        risen = self.rate * self.ramp / 2
        if number < risen:
            return math.sqrt(2 * number * self.ramp / self.rate)
        return self.ramp + (number - risen) / self.rate

    def due(self, elapsed: float) -> int:
        """Return how many messages are meant to be out before `elapsed`; the inverse of `instant`."""
        if elapsed <= 0:
            return 0
        if elapsed < self.ramp:
            return math.ceil(self.rate * elapsed**2 / (2 * self.ramp))
        return math.ceil(self.rate * (elapsed - self.ramp / 2))


@frozen
class Shape:
    """How a run goes: a rate (None: as fast as answers come), reached over `ramp`, until a duration or a count.

    Times are seconds.
    """

    rate: float | None = None
    ramp: float = 0.0
    duration: float = FOR_EVER
    count: int = COUNTLESS

    @property
    def pace(self) -> Pace | None:
        """The pace, if there is a rate."""
        return None if self.rate is None else Pace(self.rate, self.ramp)


PLAIN: Final = Shape()
"""As fast as answers come, until it is stopped."""


def grown(window: int, ramp: float, elapsed: float) -> int:
    """Return how much of a window is used while it grows over `ramp` seconds: at least 1, at last all of it."""
    if elapsed >= ramp:
        return window
    return max(1, int(window * elapsed / ramp))
