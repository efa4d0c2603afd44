"""Latencies in log-linear buckets, as HdrHistogram has them: an error below 1 %, whatever the range, in bounded memory.

Each power of two is cut into 128 buckets of one width, so that no more than a few thousand can ever be in use. Values
are whole microseconds.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

_BITS: Final = 7
_SUB: Final = 1 << _BITS
LARGEST: Final = (1 << 36) - 1
"""The largest value that is told apart, some 19 hours; larger ones count as this."""


def bucket_of(value: int) -> int:
    """Return the number of the bucket that holds a value from 0 to LARGEST."""
    shift = value.bit_length() - _BITS - 1
    return (shift << _BITS) + (value >> shift) if shift > 0 else value


def upper_end(bucket: int) -> int:
    """Return the largest value that a bucket holds."""
    shift = (bucket >> _BITS) - 1
    return ((bucket - (shift << _BITS) + 1) << shift) - 1 if shift > 0 else bucket


class Histogram:
    """Counts values; never forgets one, and never grows beyond its buckets."""

    __slots__ = ("_counts", "count", "largest", "smallest", "total")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0
        self.total = 0
        """The sum of all values, for the mean."""
        self.smallest = LARGEST
        self.largest = 0

    def add(self, value: int, times: int = 1) -> None:
        """Count a value; a negative one counts as 0."""
        value = min(max(value, 0), LARGEST)
        shift = value.bit_length() - _BITS - 1
        bucket = (shift << _BITS) + (value >> shift) if shift > 0 else value
        self._counts[bucket] = self._counts.get(bucket, 0) + times
        self.count += times
        self.total += value * times
        if value > self.largest:
            self.largest = value
        if value < self.smallest:
            self.smallest = value

    def merge(self, other: "Histogram") -> None:
        """Count all that another one has counted."""
        for bucket, times in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + times
        self.count += other.count
        self.total += other.total
        self.largest = max(self.largest, other.largest)
        self.smallest = min(self.smallest, other.smallest)

    def percentile(self, share: float) -> int:
        """Return the value that `share` percent of the values do not exceed; 0 if there are none.

        It is the upper end of that value's bucket, so that nothing is told too small.
        """
        wanted = max(1, math.ceil(round(self.count * share / 100, 6)))
        seen = 0
        for bucket, times in self.buckets():
            seen += times
            if seen >= wanted:
                return min(upper_end(bucket), self.largest)
        return 0

    @property
    def mean(self) -> float:
        """The mean of the values as they were; 0 if there are none."""
        return self.total / self.count if self.count else 0.0

    def buckets(self) -> Iterator[tuple[int, int]]:
        """Yield bucket and count, smallest values first."""
        yield from sorted(self._counts.items())

    def told(self, percentiles: Mapping[str, float]) -> dict[str, Any]:
        """Return count, smallest, mean, the named percentiles and largest, in milliseconds."""
        if not self.count:
            return {"count": 0}
        shown = {name: self.percentile(share) / 1000 for name, share in percentiles.items()}
        return {
            "count": self.count,
            "min": self.smallest / 1000,
            "mean": round(self.mean / 1000, 3),
            **shown,
            "max": self.largest / 1000,
        }
