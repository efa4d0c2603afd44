"""The lab clock: the time of every business deadline.

Two kinds of time live in a lab. Codes, answers, validity and retries run on the lab clock, which tests pause and turn.
Link timers (enquire_link, responses, HTTP time-outs) run on real monotonic time, since the peer lives there.
Lab instants are whole milliseconds since 1970, UTC; pure code gets them as arguments and never reads a clock.
"""

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the lab's time."""

    def now(self) -> int:
        """Return the instant in milliseconds since 1970, UTC."""


def utc_millis() -> int:
    """Return the real time: where a new lab's clock starts."""
    return time.time_ns() // 1_000_000


class LabClock:
    """A clock that runs with real time, stands still, or is turned forward. It never goes back."""

    def __init__(self, position: int, *, running: bool = True, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._position = position
        self._since = monotonic() if running else None

    @property
    def running(self) -> bool:
        """Whether the clock moves by itself."""
        return self._since is not None

    def now(self) -> int:
        """Return the lab's instant in milliseconds since 1970, UTC."""
        if self._since is None:
            return self._position
        return self._position + int((self._monotonic() - self._since) * 1000)

    def pause(self) -> None:
        """Stand still at the present instant; what is already due still happens."""
        self._position, self._since = self.now(), None

    def resume(self) -> None:
        """Run with real time again from where the clock stands."""
        if self._since is None:
            self._since = self._monotonic()

    def move_to(self, instant: int) -> None:
        """Turn the clock forward to `instant`; an instant that has passed leaves it alone."""
        if instant > self.now():
            self._position = instant
            if self._since is not None:
                self._since = self._monotonic()

    def real_seconds_until(self, instant: int) -> float | None:
        """Return the real seconds until `instant`, or None if the clock stands still before it."""
        left = instant - self.now()
        if left <= 0:
            return 0.0
        return left / 1000 if self.running else None
