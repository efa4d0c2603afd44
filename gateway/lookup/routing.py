"""Which operator to ask about a number. Pure: the numbering plan is a table, ported numbers come before it.

A number that was ported belongs to its new operator (profile key resolve_by: current_operator), or still to the holder
of its range (range_holder: the literal reading of the rules); any other belongs to the holder of its range. Where
ranges overlap the narrowest one wins, so that a block given away out of a larger one needs no cutting of the larger;
of two of one width, the one that ends first. Who holds a number and who keeps its subscriber's data may be two: a
virtual operator lives on its host's ranges. The one with the data is asked.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Literal

from gateway.lookup.countries import NumberClass, class_of, country_of
from smsc_emulator.frozen import frozen

ResolveBy = Literal["current_operator", "range_holder"]
"""Whose a ported number is: its present operator's, or the range holder's, who will answer ABSENT."""

RouteFault = Literal["not_assigned", "operator_unknown"]
"""Why nobody can be asked: the number is in nobody's range, or its operator is none that the gateway knows."""


class PortabilityClass(StrEnum):
    """The five cases that a relay of number portability tells apart (3GPP TS 23.066, B.3.1).

    `own` are here the ranges of the operators that the gateway can ask, `foreign` all others.
    """

    OWN_PORTED_OUT = "own_ported_out"
    OWN_NOT_PORTED_OUT = "own_not_ported_out"
    FOREIGN_PORTED_IN = "foreign_ported_in"
    FOREIGN_PORTED_TO_FOREIGN = "foreign_ported_to_foreign"
    FOREIGN_NOT_KNOWN_TO_BE_PORTED = "foreign_not_known_to_be_ported"


@frozen
class Route:
    """Whom to ask about a number, and what kind of number it is."""

    operator_id: str | None
    """The operator to ask; None: nobody can be asked."""
    number_class: NumberClass
    portability_class: PortabilityClass
    reason: RouteFault | None = None
    """Why nobody can be asked; None where somebody can."""
    country: str | None = None
    """The country of the number (ISO 3166-1 alpha-2); None for a number of no country."""


@frozen(order=True)
class NumberRange:
    """A block of numbers, both ends included, as integers without the `+`."""

    first: int
    last: int
    operator_id: str
    """The holder of the block."""
    data_at: str | None = field(default=None, compare=False)
    """The operator that keeps the data of the block's subscribers; None: the holder."""

    @property
    def width(self) -> int:
        """How many numbers the block has."""
        return self.last - self.first + 1


class NumberingPlan:
    """The ranges, cut at construction into pieces that do not overlap, so that a look-up is one bisection.

    `known` are the operators that can be asked; without it, all. `data_at` names, for operators that keep no subscriber
    data of their own, the one that does.
    """

    def __init__(
        self,
        ranges: Iterable[NumberRange],
        *,
        known: Iterable[str] | None = None,
        data_at: Mapping[str, str] | None = None,
    ) -> None:
        self._known = None if known is None else frozenset(known)
        self._data_at = dict(data_at or {})
        self._starts: list[int] = []
        self._blocks: list[NumberRange | None] = []
        for start, block in _pieces(sorted(ranges)):
            self._starts.append(start)
            self._blocks.append(block)

    def holder(self, phone_number: str) -> str | None:
        """Return the operator that holds the number's range, or None."""
        block = self._block(phone_number)
        return None if block is None else block.operator_id

    def route(self, phone_number: str, ported_to: str | None, resolve_by: ResolveBy = "current_operator") -> Route:
        """Return whom to ask: `ported_to` if the number was ported, else its range's holder, as `resolve_by` says."""
        block = self._block(phone_number)
        holder = None if block is None else block.operator_id
        if ported_to == holder:
            ported_to = None
        current = holder if ported_to is None or resolve_by == "range_holder" else ported_to
        asked = None if current is None else self._keeper(current, block)
        return Route(
            asked if self._is_known(asked) else None,
            class_of(phone_number, is_held=holder is not None or ported_to is not None),
            self._portability(holder, ported_to),
            "not_assigned" if asked is None else None if self._is_known(asked) else "operator_unknown",
            country_of(phone_number),
        )

    def _keeper(self, operator_id: str, block: NumberRange | None) -> str:
        """Return who keeps the data of an operator's subscribers: for a number in its own block, the block says."""
        if block is not None and block.operator_id == operator_id and block.data_at is not None:
            return block.data_at
        return self._data_at.get(operator_id, operator_id)

    def _portability(self, holder: str | None, ported_to: str | None) -> PortabilityClass:
        if self._is_known(holder):
            return PortabilityClass.OWN_NOT_PORTED_OUT if ported_to is None else PortabilityClass.OWN_PORTED_OUT
        if ported_to is None:
            return PortabilityClass.FOREIGN_NOT_KNOWN_TO_BE_PORTED
        known = self._is_known(ported_to)
        return PortabilityClass.FOREIGN_PORTED_IN if known else PortabilityClass.FOREIGN_PORTED_TO_FOREIGN

    def _is_known(self, operator_id: str | None) -> bool:
        return operator_id is not None and (self._known is None or operator_id in self._known)

    def _block(self, phone_number: str) -> NumberRange | None:
        piece = bisect_right(self._starts, int(phone_number)) - 1
        return self._blocks[piece] if piece >= 0 else None


def _pieces(ranges: list[NumberRange]) -> Iterable[tuple[int, NumberRange | None]]:
    """Sweep over all ends of `ranges` (sorted) and yield where each piece starts and which block it is of."""
    ends = sorted({end for block in ranges for end in (block.first, block.last + 1)})
    open_blocks: list[tuple[int, int, NumberRange]] = []  # narrowest first: (width, last, block)
    opening = iter(ranges)
    following = next(opening, None)
    for start in ends:
        while following is not None and following.first == start:
            heapq.heappush(open_blocks, (following.width, following.last, following))
            following = next(opening, None)
        while open_blocks and open_blocks[0][1] < start:
            heapq.heappop(open_blocks)
        yield start, open_blocks[0][2] if open_blocks else None
