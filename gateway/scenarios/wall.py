"""The machine's wall clock, as this process reads it: a scenario may have it jump, as an administrator or NTP would."""

import time

from smsc_emulator.base.durations import SECOND


class WallClock:
    """Wall time that jumps. `put_back` has to be called, since the whole process reads it."""

    def __init__(self) -> None:
        self._real = time.time, time.time_ns
        self._ahead = 0

    def jump(self, by: int) -> None:
        """Put the clock on, or back, by `by` milliseconds; monotonic time is not touched."""
        self._ahead += by
        real_time, real_ns = self._real
        time.time = lambda: real_time() + self._ahead / SECOND
        time.time_ns = lambda: real_ns() + self._ahead * 1_000_000

    def put_back(self) -> None:
        """Have it tell the real time again."""
        time.time, time.time_ns = self._real
