"""What a run has measured so far: latencies by measure, their course over time, and what went wrong."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from gateway.load.histogram import Histogram

MOST_INTERVALS: Final = 240
"""The course is kept in at most so many intervals; when a run is longer, they become twice as long."""
MOST_NAMES: Final = 50
"""How many names of errors, and of what else was seen, are told apart: a peer may put a new one into each answer."""
OTHERS: Final = "others, with names of their own"


@dataclass(slots=True)
class Interval:
    """What was answered in one stretch of the run."""

    latencies: Histogram = field(default_factory=Histogram)
    failed: int = 0

    def merge(self, other: "Interval") -> None:
        """Take in the stretch that follows."""
        self.latencies.merge(other.latencies)
        self.failed += other.failed


class Course:
    """Intervals of one length since the start; microseconds."""

    __slots__ = ("_last", "intervals", "length")

    def __init__(self, length: int) -> None:
        self.length = length
        self.intervals: list[Interval] = [Interval()]
        self._last = length

    def at(self, elapsed: int) -> Interval:
        """Return the interval of an instant, which is never earlier than the one before."""
        while elapsed >= self._last:
            if len(self.intervals) == MOST_INTERVALS:
                self._halve()
            else:
                self.intervals.append(Interval())
                self._last += self.length
        return self.intervals[-1]

    def _halve(self) -> None:
        pairs = zip(self.intervals[::2], self.intervals[1::2], strict=True)
        self.intervals = []
        for first, second in pairs:
            first.merge(second)
            self.intervals.append(first)
        self.length *= 2
        self._last = len(self.intervals) * self.length


class Record:
    """All that is measured. The main measure has a course; the others are told as a whole.

    Instants are microseconds from the start, latencies microseconds.
    """

    def __init__(self, main: str, others: tuple[str, ...] = (), length: int = 1_000_000) -> None:
        self.main = main
        self.course = Course(length)
        self.others = {name: Histogram() for name in others}
        self.sent = 0
        self.errors: Counter[str] = Counter()
        """What went wrong, by its name."""
        self.notes: Counter[str] = Counter()
        """What else was seen and is worth knowing."""
        self.unsent = 0
        """How many were meant to go out and never did; they are among the errors too."""
        self.active = 0
        """Microseconds from the start to the last answer, or the end of sending if that was later: what rates are told
        by. What is waited for after that in vain would make them look lower."""
        self.elapsed = 0
        """Microseconds from the start to the last answer or error."""
        self.delivered_at = 0
        """Microseconds from the start to the last delivery to us, which for receipts is the end of all work."""

    @property
    def latencies(self) -> Histogram:
        """All latencies of the main measure."""
        whole = Histogram()
        for interval in self.course.intervals:
            whole.merge(interval.latencies)
        return whole

    @property
    def answered(self) -> int:
        """How many were answered as wished."""
        return sum(interval.latencies.count for interval in self.course.intervals)

    @property
    def failed(self) -> int:
        """How many were not."""
        return sum(self.errors.values())

    def took(self, at: int, latency: int, times: int = 1) -> None:
        """Note answers that came at one instant."""
        self.course.at(at).latencies.add(latency, times)
        self.active = max(self.active, at)
        self.elapsed = max(self.elapsed, at)

    def went_wrong(self, at: int, name: str, times: int = 1) -> None:
        """Note what went wrong."""
        self.course.at(at).failed += times
        self.errors[_kept(self.errors, name)] += times
        self.elapsed = max(self.elapsed, at)

    def never_sent(self, at: int, name: str, times: int) -> None:
        """Note what was meant to go out and did not."""
        self.unsent += times
        self.went_wrong(at, name, times)

    def noted(self, name: str) -> None:
        """Note what else was seen, by a name that may come from the peer."""
        self.notes[_kept(self.notes, name)] += 1


def _kept(names: Counter[str], name: str) -> str:
    """Return the name to count by: short and printable, since it may come from the peer, and one of not too many."""
    name = "".join(sign if sign.isprintable() else "?" for sign in name[:100])
    return name if name in names or len(names) < MOST_NAMES else OTHERS
