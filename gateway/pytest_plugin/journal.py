"""The lab's journal: what a test waits for in it, and the trace that a failed test prints."""

from collections.abc import Mapping
from typing import Any

from gateway.pytest_plugin.waits import Arrivals, ExpectationError, given, hidden, unmet, until
from gateway.pytest_plugin.wire import Wire

__tracebackhide__ = hidden

Event = Mapping[str, Any]

FOR_PROGRAMS = {"received_at", "first_seq", "seconds", "delivery_id", "endpoint_id"}
"""What a line leaves out, since it would hide the rest; `events` have it."""

TRACE = 200
"""How many events a trace has at most: the last ones."""


class Journal:
    """The events of one lab, which are those of one test."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._got: Arrivals[Event] = Arrivals(lambda event: event, line)

    def events(self) -> list[Event]:
        """Return all events, oldest first, each with seq, at, type, subject and data."""
        while self._read("0ms"):
            pass
        return list(self._got.all)

    def expect(self, kind: str, subject: str | None, data: Mapping[str, Any], timeout: float) -> Event:
        """Return the first such event that was not returned before. Raises ExpectationError."""
        expected = given(type=kind, subject=subject, data=data or None)

        def look(wait: str) -> Event | None:
            self._read(wait)
            return self._got.first(expected)

        found = self._got.first(expected) or until(look, timeout)
        if found is None:
            raise ExpectationError(unmet("event", timeout, expected, self._got.others(expected, near=["type"])))
        return found

    def trace(self) -> str:
        """Return the latest events as lines, the time counted from the first one."""
        events = self.events()
        return "\n".join(map(line, events[-TRACE:]))

    def _read(self, wait: str) -> bool:
        after = self._got.all[-1]["seq"] if self._got.all else 0
        found = self._wire.get("/lab/journal", after=after, wait=wait)["events"]
        for event in found:
            self._got.add(event)
        return bool(found)


def line(event: Event) -> str:
    """Return an event as a line: the lab's time of day, its type, its subject, its data."""
    data = " ".join(f"{name}={value}" for name, value in event["data"].items() if _short(name, value))
    return f"{event['at'][11:23]} {event['type']:<28} {event['subject']} {data}".rstrip()


def _short(name: str, value: Any) -> bool:
    return name not in FOR_PROGRAMS and value is not None and not isinstance(value, dict | list)
