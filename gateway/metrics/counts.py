"""The counting: plain numbers in dictionaries, one look-up and one addition for an event."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.metrics.table import COUNTED, HTTP_BUCKETS, LAB_BUCKETS, TIMED, Counted, Key, KeyOf, Timed
from smsc_emulator.base.journal import Event
from smsc_emulator.base.web import Answered

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class Histogram:
    """How many values were up to each bound, which is cumulated when it is shown, and their sum."""

    bounds: Sequence[float]
    counts: list[int] = field(default_factory=list)
    sum: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Add a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def buckets(self) -> list[tuple[str, float]]:
        """Return the cumulated counts by their upper bounds, as Prometheus has them."""
        total, shown = 0, []
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            total += count
            shown.append(("+Inf" if bound == float("inf") else str(float(bound)), float(total)))
        return shown


Children = dict[tuple[str, ...], Histogram]


@dataclass(slots=True)
class _Rule:
    """What is done with the events of one type."""

    key_of: KeyOf
    counts: dict[Key, int] = field(default_factory=dict)
    counted: Counted | None = None
    timed: Timed | None = None


class Counts:
    """The numbers of one lab since its start."""

    def __init__(self) -> None:
        self._rules: dict[str, _Rule] = {}
        self.histograms: dict[str, Children] = {timed.name: {} for timed in TIMED}
        self.requests: dict[tuple[str, ...], int] = {}
        self.request_seconds: Children = {}

    def read(self, event: Event) -> None:
        """Count an event. A reader of the journal, which runs for each event of each message."""
        rule = self._rules.get(event.type) or self._new(event.type)
        key = rule.key_of(event.data)
        rule.counts[key] = rule.counts.get(key, 0) + 1
        if rule.timed is not None:
            labels, seconds = rule.timed.read(event)
            _of(self.histograms[rule.timed.name], labels, LAB_BUCKETS).observe(seconds)

    def add(self, kind: str, data: Mapping[str, Any], count: int) -> None:
        """Count events that are alike, without one of them being made."""
        rule = self._rules.get(kind) or self._new(kind)
        key = rule.key_of(data)
        rule.counts[key] = rule.counts.get(key, 0) + count

    def answered(self, answer: Answered) -> None:
        """Count an HTTP request."""
        method = answer.method if answer.method in METHODS else "other"
        labels = method, answer.route, str(answer.status)
        self.requests[labels] = self.requests.get(labels, 0) + 1
        _of(self.request_seconds, (answer.route,), HTTP_BUCKETS).observe(answer.seconds)

    def _new(self, kind: str) -> _Rule:
        rule = self._rules[kind] = _rule(kind)
        return rule

    def events(self) -> Mapping[str, int]:
        """Return how many events of each type there were."""
        return {kind: sum(rule.counts.values()) for kind, rule in self._rules.items()}

    def children(self, counted: Counted) -> Mapping[tuple[str, ...], int]:
        """Return the count of each child of a metric; those that are shown alike are one."""
        shown: dict[tuple[str, ...], int] = {}
        for kind, rule in self._rules.items():
            if rule.counted is counted:
                for key, count in rule.counts.items():
                    labels = counted.shown(kind, key)
                    shown[labels] = shown.get(labels, 0) + count
        return shown


def _of(children: Children, labels: tuple[str, ...], bounds: Sequence[float]) -> Histogram:
    found = children.get(labels)
    if found is None:
        found = children[labels] = Histogram(bounds)
    return found


def _rule(kind: str) -> _Rule:
    counted, timed = _first(COUNTED, kind, lambda each: each.events), _first(TIMED, kind, lambda each: each.events)
    return _Rule(_nothing if counted is None else counted.key_of, {}, counted, timed)


def _first(table: Iterable[Any], kind: str, events: Callable[[Any], tuple[str, ...]]) -> Any:
    """Return the line of a table that takes events of a type, or None."""
    takes = (
        line for line in table for name in events(line) if kind == name or (name[-1] == "." and kind.startswith(name))
    )
    return next(takes, None)


def _nothing(_data: Mapping[str, Any]) -> None:
    return None
