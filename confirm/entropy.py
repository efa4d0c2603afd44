"""The caller numbers of flash calls as a pool that is never written out, and how hard its codes are to guess.

A pattern such as `+7000100XXXX` stands for ten thousand numbers: each has an index, and numbers are found by index, by
their last digits, or as members, at a cost that depends on how many patterns there are, not on how many numbers.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import log10


@dataclass(frozen=True, slots=True)
class Entropy:
    """How hard the codes of a pool are to guess."""

    values: int
    """How many different codes there are."""
    digits: float
    """How many digits a random code has that is as hard to guess: by the likeliest code of the pool."""
    weak: bool
    """Whether these are fewer than are wanted; NIST SP 800-63B asks for six."""


class Pool:
    """Caller numbers and patterns of them, in their order; what stands in an earlier one is left out of a later one."""

    def __init__(self, callers: Sequence[str]) -> None:
        self._patterns = _without_covered(callers)
        self._ends = list(accumulate(10 ** pattern.count("X") for pattern in self._patterns))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int) -> str:
        """Return the number with this index, from 0."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        place = bisect_right(self._ends, index)
        pattern = self._patterns[place]
        free = pattern.count("X")
        within = index - (self._ends[place - 1] if place else 0)
        return f"{pattern.rstrip('X')}{within:0{free}d}" if free else pattern

    def __contains__(self, number: object) -> bool:
        return isinstance(number, str) and any(_matches(pattern, number) for pattern in self._patterns)

    def ending_in(self, code: str) -> Iterator[str]:
        """Yield the numbers whose last digits are `code`."""
        for pattern in self._patterns:
            fixed = pattern.rstrip("X")
            between = len(pattern) - len(fixed) - len(code)
            if between > 0:
                yield from (f"{fixed}{filling:0{between}d}{code}" for filling in range(10**between))
            elif _matches(pattern, number := pattern[: len(pattern) - len(code)] + code):
                yield number

    def codes(self, digits: int) -> "Counter[tuple[int, int]]":
        """Return how often each span of codes, from its first to its last, is the last `digits` digits of a number."""
        spans: Counter[tuple[int, int]] = Counter()
        for pattern in self._patterns:
            free = pattern.count("X")
            known = pattern.rstrip("X")[1:][-(digits - free) :] if free < digits else ""
            size = 10 ** min(free, digits)
            first = int(known or "0") * size
            spans[first, first + size - 1] += 10 ** max(0, free - digits)
        return spans


def of_pool(callers: Sequence[str], digits: int, wanted: int = 6) -> Entropy:
    """Return how hard the last `digits` digits of a number of the pool are to guess, drawn at random from all of it."""
    pool = Pool(callers)
    steps: Counter[int] = Counter()
    for (first, last), times in pool.codes(digits).items():
        steps[first] += times
        steps[last + 1] -= times
    values = depth = most = since = 0
    for at, step in sorted(steps.items()):
        values += at - since if depth else 0
        since, depth = at, depth + step
        most = max(most, depth)
    strength = log10(len(pool) / most) if most else 0.0
    return Entropy(values, round(strength, 2), strength < wanted - 1e-9)


def _matches(pattern: str, number: str) -> bool:
    fixed = pattern.rstrip("X")
    return (
        len(number) == len(pattern)
        and number.startswith(fixed)
        and number[len(fixed) :].isascii()
        and (number[len(fixed) :].isdecimal() or pattern == fixed)
    )


def _without_covered(callers: Sequence[str]) -> list[str]:
    """Return the patterns that no other one covers. Two of them never overlap in part: only their ends are free."""
    kept: list[str] = []
    for caller in dict.fromkeys(callers):
        fixed = caller.rstrip("X")
        others = (other for other in callers if other != caller and len(other) == len(caller))
        if not any(fixed.startswith(other.rstrip("X")) for other in others):
            kept.append(caller)
    return kept
