"""Our own requests that wait for their answers, how long, and the numbers they get (2.5.2, 5.1.4, 7.2)."""

from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import NamedTuple

from smsc_emulator.smpp.constants import MAX_SEQUENCE_NUMBER
from smsc_emulator.smpp.errors import EncodeError
from smsc_emulator.smpp.pdus import Pdu


class Pending(NamedTuple):
    """A request that waits for its answer. One that the session sends for itself takes no place in the window."""

    request: Pdu
    sent_at: float
    own: bool


_made = tuple.__new__
"""Makes a named tuple in half the time of its own way, which is one of Python's functions."""


class Window:
    """Requests by sequence number, in the order of sending. Answers may come in any order.

    `timeout` is the response timer in seconds; 0 turns it off.
    """

    __slots__ = ("_next", "_own", "_pending", "size", "timeout")

    def __init__(self, size: int, timeout: float, first_sequence_number: int = 1) -> None:
        self.size = size
        self.timeout = timeout
        self._next = first_sequence_number
        self._own = 0
        self._pending: dict[int, Pending] = {}

    @property
    def free(self) -> int:
        """How many more requests may be sent; never below 0."""
        return max(0, self.size - len(self._pending) + self._own)

    @property
    def deadline(self) -> float | None:
        """When the request that has waited longest times out."""
        if self.timeout:
            for pending in self._pending.values():
                return pending.sent_at + self.timeout
        return None

    def draw(self) -> int:
        """Return the next free sequence number: 1 to 0x7FFFFFFF, then 1 again."""
        number = self._next
        while number in self._pending:
            number = _after(number)
        self._next = _after(number)
        return number

    def add(self, request: Pdu, now: float, *, own: bool = False) -> None:
        """Wait for the answer to `request`."""
        self._pending[request.sequence_number] = Pending(request, now, own)
        self._own += own

    def send_all(self, requests: Iterable[Pdu], write: Callable[[Pdu], None], now: float) -> list[int]:
        """Number requests, have `write` write them, and wait for their answers.

        Returns their numbers, 0 for one for which `write` raised EncodeError.
        """
        pending, numbers = self._pending, []
        for request in requests:
            number = request.sequence_number = self.draw()
            try:
                write(request)
            except EncodeError:
                number = 0
            else:
                pending[number] = _made(Pending, (request, now, False))
            numbers.append(number)
        return numbers

    def get(self, sequence_number: int) -> Pending | None:
        """Return what an answer with this number would answer, or None if nothing waits for it."""
        return self._pending.get(sequence_number)

    def remove(self, pending: Pending) -> None:
        """Stop waiting for one answer."""
        del self._pending[pending.request.sequence_number]
        self._own -= pending.own

    def take_expired(self, now: float) -> list[Pending]:
        """Stop waiting for the answers that are overdue; return what they would have answered, oldest first."""
        if not self.timeout:
            return []
        expired = list(takewhile(lambda pending: pending.sent_at + self.timeout <= now, self._pending.values()))
        for pending in expired:
            self.remove(pending)
        return expired

    def take_all(self) -> list[Pdu]:
        """Stop waiting; return the application's requests that are left without answers, oldest first."""
        requests = [pending.request for pending in self._pending.values() if not pending.own]
        self._pending.clear()
        self._own = 0
        return requests


def _after(number: int) -> int:
    return number + 1 if number < MAX_SEQUENCE_NUMBER else 1
