"""The lab's handsets by their numbers."""

from collections.abc import Iterable

from smsc_emulator.base import msisdn
from smsc_emulator.handsets.handset import Handset


class Handsets(dict[str, Handset]):
    """Every handset by its number in international form, in the order they were added."""

    def __init__(self, numbers: Iterable[str] = ()) -> None:
        super().__init__()
        for number in numbers:
            self.add(number)

    def add(self, number: str) -> Handset:
        """Give `number` a handset, if it has none yet, and return it."""
        number = msisdn.from_address(number)
        return self.setdefault(number, Handset(number))

    def remove(self, number: str) -> None:
        """Take the handset of `number` away, with its inbox; a number without one is left alone."""
        self.pop(msisdn.from_address(number), None)
