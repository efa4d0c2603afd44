"""A rate limit as a token bucket; `now` is real monotonic time in seconds, since peers' speed is real."""


class TokenBucket:
    """Lets `rate` messages a second through, and `burst` at once after a pause.

    The rate may be a fraction: 0.5 lets a message through every two seconds.
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int = 1) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = self._burst
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Whether one more message may pass now; one that may not costs nothing."""
        if self._at is None:
            self._at = now
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1 - _SLACK:
            return False
        self._tokens -= 1
        return True


_SLACK = 1e-9
"""What sums of fractions may lack: at ten a second, ten tenths of a second must make a whole message."""
