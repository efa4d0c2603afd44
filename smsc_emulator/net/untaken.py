"""Requests that are written, of which the kernel has not taken all octets yet: these die with the process."""

from smsc_emulator.smpp.codec import HEADER
from smsc_emulator.smpp.constants import RESPONSE_BIT


class Untaken:
    """The requests at the end of one write, of which `left` octets wait for the kernel.

    Octets that a later write adds, and those that encryption adds, make it take more for untaken than is; never less.
    """

    def __init__(self, data: bytes, left: int) -> None:
        self._waiting: list[tuple[int, int]] = []
        at = 0
        while at < len(data):
            length, command_id, _, number = HEADER.unpack_from(data, at)
            at += length
            if len(data) - at < left and not command_id & RESPONSE_BIT:
                self._waiting.append((len(data) - at, number))

    @property
    def numbers(self) -> list[int]:
        """The sequence_numbers of the requests that the kernel has not taken whole, in the order of sending."""
        return [number for _, number in self._waiting]

    def take(self, left: int) -> list[int]:
        """Return the numbers of those that it has taken since the last look, now that `left` octets wait."""
        taken = [number for behind, number in self._waiting if left <= behind]
        self._waiting = self._waiting[len(taken) :]
        return taken
