"""An account's response latency: requests wait before they are acted on, while their link is read on."""

import asyncio
from collections import deque
from collections.abc import Callable

from smsc_emulator.smpp.pdus import Pdu


class Delay:
    """The requests of one link that wait, in the order they came, with one timer for all of them.

    `act` gets those whose time has come, together. What waits when the link goes has been neither accepted nor
    answered.
    """

    def __init__(self, seconds: float, act: Callable[[list[Pdu]], None]) -> None:
        self._seconds = seconds
        self._act = act
        self._waiting: deque[tuple[float, Pdu]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, pdu: Pdu) -> None:
        """Have a request wait."""
        due = asyncio.get_running_loop().time() + self._seconds
        self._waiting.append((due, pdu))
        if self._timer is None:
            self._start(due)

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self, due: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(due, self._fire)

    def _fire(self) -> None:
        assert self._timer is not None
        # Never before the timer's own instant, which the loop may meet a little early.
        now = max(asyncio.get_running_loop().time(), self._timer.when())
        due = []
        while self._waiting and self._waiting[0][0] <= now:
            due.append(self._waiting.popleft()[1])
        self._timer = None
        if self._waiting:
            self._start(self._waiting[0][0])
        self._act(due)
