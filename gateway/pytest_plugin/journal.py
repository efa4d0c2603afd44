"""The lab's journal: what a test waits for in it, and the trace that a failed test prints."""

from collections.abc import Mapping
from typing import Any

from gateway.pytest_plugin.waits import ExpectationError, given, hidden, misses, unmet, until
from gateway.pytest_plugin.wire import Wire

__tracebackhide__ = hidden

Event = Mapping[str, Any]

TRACE = 200
"""How many events a trace has at most: the last ones."""


class Journal:
    """The events of one lab, which are those of one test."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._got: list[Event] = []
        self._returned: set[int] = set()

    def events(self) -> list[Event]:
        """Return all events, oldest first, each with seq, at, type, subject and data."""
        while self._read("0ms"):
            pass
        return list(self._got)

    def expect(self, kind: str, subject: str | None, data: Mapping[str, Any], timeout: float) -> Event:
        """Return the first such event that was not returned before. Raises ExpectationError."""
        expected = given(type=kind, subject=subject, data=data or None)

        def first() -> Event | None:
            fresh = (event for event in self._got if event["seq"] not in self._returned)
            return next((event for event in fresh if not misses(expected, event)), None)

        def look(wait: str) -> Event | None:
            self._read(wait)
            return first()

        found = first() or until(look, timeout)
        if found is None:
            others = [(line(event), misses(expected, event)) for event in self._got if event["type"] == kind]
            raise ExpectationError(unmet(f"event {kind}", timeout, expected, others))
        self._returned.add(found["seq"])
        return found

    def trace(self) -> str:
        """Return the latest events as lines, the time counted from the first one."""
        events = self.events()
        return "\n".join(map(line, events[-TRACE:]))

    def _read(self, wait: str) -> bool:
        after = self._got[-1]["seq"] if self._got else 0
        found = self._wire.get("/lab/journal", after=after, wait=wait)["events"]
        self._got += found
        return bool(found)


def line(event: Event) -> str:
    """Return an event as a line: the lab's time of day, its type, its subject, its data."""
    data = " ".join(f"{name}={value}" for name, value in event["data"].items() if _short(value))
    return f"{event['at'][11:23]} {event['type']:<28} {event['subject']} {data}".rstrip()


def _short(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)
