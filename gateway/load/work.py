"""How much of a core the tool itself takes: near 1, what is measured is the tool."""

import time
from collections.abc import Callable


class Work:
    """The processor's time of this process, up to the last instant at which something was sent or came.

    What is only waited for at the end of a run would hide that the tool was busy before.
    """

    def __init__(self, now: Callable[[], float] = time.process_time) -> None:
        self._now = now
        self._began = now()
        self._active = 0
        self.busy = 0.0
        """The share of one core."""

    def look(self, active: int) -> None:
        """Take note, `active` being the last instant at which something happened, in microseconds from the start."""
        if active > self._active:
            self._active = active
            self.busy = min(1.0, (self._now() - self._began) * 1e6 / active)
