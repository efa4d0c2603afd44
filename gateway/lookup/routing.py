"""Which operator to ask about a number. Pure: the numbering plan is a table, ported numbers come before it.

A number that was ported belongs to its new operator (profile key resolve_by: current_operator); any other belongs to
the holder of its range. Where ranges overlap the narrowest one wins, so that a block given away out of a larger one
needs no cutting of the larger; of two of one width, the one that ends first.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class NumberRange:
    """A block of numbers, both ends included, as integers without the `+`."""

    first: int
    last: int
    operator_id: str

    @property
    def width(self) -> int:
        """How many numbers the block has."""
        return self.last - self.first + 1


class NumberingPlan:
    """The ranges, cut at construction into pieces that do not overlap, so that a look-up is one bisection."""

    def __init__(self, ranges: Iterable[NumberRange]) -> None:
        self._starts: list[int] = []
        self._holders: list[str | None] = []
        for start, holder in _pieces(sorted(ranges)):
            self._starts.append(start)
            self._holders.append(holder)

    def holder(self, phone_number: str) -> str | None:
        """Return the operator that holds the number's range, or None."""
        piece = bisect_right(self._starts, int(phone_number)) - 1
        return self._holders[piece] if piece >= 0 else None

    def route(self, phone_number: str, ported_to: str | None) -> str | None:
        """Return the operator to ask: `ported_to` if the number was ported, else its range's holder.

        None means that the number is unroutable.
        """
        return ported_to or self.holder(phone_number)


def _pieces(ranges: list[NumberRange]) -> Iterable[tuple[int, str | None]]:
    """Sweep over all ends of `ranges` (sorted) and yield where each piece starts and who holds it."""
    ends = sorted({end for block in ranges for end in (block.first, block.last + 1)})
    open_blocks: list[tuple[int, int, str]] = []  # narrowest first: (width, last, operator)
    opening = iter(ranges)
    following = next(opening, None)
    for start in ends:
        while following is not None and following.first == start:
            heapq.heappush(open_blocks, (following.width, following.last, following.operator_id))
            following = next(opening, None)
        while open_blocks and open_blocks[0][1] < start:
            heapq.heappop(open_blocks)
        yield start, open_blocks[0][2] if open_blocks else None
