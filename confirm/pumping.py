"""Signals of artificially inflated traffic (pumping), without storage: what is seen, and what is done about it.

Whoever earns on the SMS and calls that a service sends makes it send many: to numbers of one range that follow each
other, whose owners never type a code, asked for from few addresses.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from confirm.settings import Decision
from smsc_emulator.frozen import frozen

SignalName = Literal["sequential", "low_conversion", "concentration"]

GAP = 2
"""The largest step between numbers that follow each other."""

_SEVERITY: Sequence[Decision] = ("allow", "challenge", "shadow", "deny")
"""Of several decisions the last in this order is taken."""


@frozen
class Signal:
    """One sign that a start is pumping."""

    name: SignalName
    decision: Decision
    """What the configuration says to do about it."""
    measured: float
    """Numbers that follow each other, the share of the prefix that was confirmed, or numbers of the client address.

    Numbers are counted no further than the setting asks."""


@frozen
class Refusal:
    """A start that was refused for its signals; its unit of work is undone, so another one has to record it."""

    service_id: str
    phone_number: str
    client_address: str | None
    challenge_passed: bool
    signals: tuple[Signal, ...]


def reach(phone_number: str, sequential: int) -> tuple[str, str]:
    """Return the lowest and the highest number that a row of `sequential` numbers with this one in it can have."""
    digits = phone_number.removeprefix("+")
    furthest = GAP * (sequential - 1)
    lowest = max(int(digits) - furthest, 0)
    highest = min(int(digits) + furthest, 10 ** len(digits) - 1)
    return f"+{lowest:0{len(digits)}d}", f"+{highest:0{len(digits)}d}"


def in_a_row(phone_number: str, others: Iterable[str]) -> int:
    """Return how many different numbers, this one among them, follow each other without larger steps than GAP.

    `others` may hold any numbers; those of another length follow none.
    """
    present = {int(other) for other in others if len(other) == len(phone_number)}
    return 1 + sum(_steps(int(phone_number), present, way) for way in (1, -1))


def _steps(start: int, present: set[int], way: int) -> int:
    found, at = 0, start
    while (
        beside := next((at + way * step for step in range(1, GAP + 1) if at + way * step in present), None)
    ) is not None:
        found, at = found + 1, beside
    return found


def decide(signals: Iterable[Signal], *, challenge_passed: bool) -> Decision:
    """Return what is done with a start: the severest of its signals' decisions; a challenge that was passed is none."""
    decisions = {signal.decision for signal in signals} - ({"challenge"} if challenge_passed else set())
    return max(decisions, key=_SEVERITY.index, default="allow")
