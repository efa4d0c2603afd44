"""The caller numbers of flash calls as a pool that is never written out, and how hard its codes are to guess. Pure.

A pattern such as `+7000100XXXX` stands for ten thousand numbers, and its last digits are one span of codes: 0000 to
9999. A number is found by its place, by its last digits, or as a member, at a cost that depends on how many patterns
there are and not on how many numbers. No pattern holds another; the settings see to that.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import log10

from smsc_emulator.frozen import frozen


class Pool:
    """Single numbers and patterns whose last X's are any digit. Its numbers have places, from 0, in their order."""

    def __init__(self, callers: Sequence[str]) -> None:
        self._patterns = [(caller.rstrip("X"), caller.count("X")) for caller in callers]
        self._ends = list(accumulate(10**free for _, free in self._patterns))

    def __len__(self) -> int:
        """Return how many numbers there are."""
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, place: int) -> str:
        """Return the number at `place`. Raises IndexError."""
        if not 0 <= place < len(self):
            raise IndexError(f"the pool has no number {place}")
        pattern = bisect_right(self._ends, place)
        fixed, free = self._patterns[pattern]
        within = place - (self._ends[pattern - 1] if pattern else 0)
        return f"{fixed}{within:0{free}d}" if free else fixed

    def __contains__(self, number: object) -> bool:
        return isinstance(number, str) and any(_holds(fixed, free, number) for fixed, free in self._patterns)

    def ending_in(self, code: str) -> Iterator[str]:
        """Yield the numbers whose last digits are `code`."""
        for fixed, free in self._patterns:
            between = free - len(code)
            if between > 0:
                yield from (f"{fixed}{filling:0{between}d}{code}" for filling in range(10**between))
                continue
            number = (fixed + "X" * free)[: -len(code)] + code
            if _holds(fixed, free, number):
                yield number


@frozen
class Entropy:
    """How hard the codes of a pool are to guess."""

    values: int
    """How many different codes there are."""
    digits: float
    """How many digits a random code has that is as hard to guess: by the likeliest code of the pool."""
    weak: bool
    """Whether these are fewer than are wanted."""


def of_pool(callers: Sequence[str], digits: int, wanted: int = 6) -> Entropy:
    """Return how hard the last `digits` digits are of a number drawn at random from the pool.

    Where the spans of several patterns lie over each other, these codes are drawn more often than others. NIST SP
    800-63B asks for six `wanted` digits.
    """
    # Walks along the codes: at each end of a span, the number of callers that each of the next codes has changes.
    changes: Counter[int] = Counter()
    for caller in callers:
        first, last, times = _span(caller, digits)
        changes[first] += times
        changes[last + 1] -= times
    values = likeliest = here = since = 0
    for code, change in sorted(changes.items()):
        values += code - since if here else 0
        since, here = code, here + change
        likeliest = max(likeliest, here)
    numbers = len(Pool(callers))
    strength = log10(numbers / likeliest) if likeliest else 0.0
    return Entropy(values, round(strength, 2), numbers < likeliest * 10**wanted)


def _span(caller: str, digits: int) -> tuple[int, int, int]:
    """Return the first and the last code of a pattern's numbers, and how many of these end in each."""
    fixed = caller.rstrip("X")
    free = len(caller) - len(fixed)
    if free >= digits:
        return 0, 10**digits - 1, 10 ** (free - digits)
    first = int(fixed.removeprefix("+")[free - digits :]) * 10**free
    return first, first + 10**free - 1, 1


def _holds(fixed: str, free: int, number: str) -> bool:
    rest = number.removeprefix(fixed)
    return number.startswith(fixed) and len(rest) == free and (not free or (rest.isascii() and rest.isdecimal()))
