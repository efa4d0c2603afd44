"""Waiting, and what is told when it was in vain."""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from gateway.scenarios.matching import differences

T = TypeVar("T")

TIMEOUT = 5.0
"""Real seconds that a wait lasts if the test does not say otherwise."""
AT_ONCE = 1.0
"""Real seconds that one request waits for the lab at most; then it is seen whether anybody still waits for it."""
NEAREST = 3
"""How many near misses are told."""


class ExpectationError(AssertionError):
    """The lab, or what is tested with it, did not do what the test expects; the message tells what it did instead."""


def hidden(error: Any) -> bool:
    """Return whether pytest is to leave the plugin's frames out: of an ExpectationError the test's own line counts.

    Modules name it as `__tracebackhide__`; `error` is pytest's ExceptionInfo.
    """
    return isinstance(error.value, ExpectationError)


__tracebackhide__ = hidden


_abandoned: ContextVar[threading.Event | None] = ContextVar("_abandoned", default=None)


def abandoned_by(event: threading.Event) -> None:
    """Have the waits of this thread end soon after `event` is set: nobody waits for what they would return."""
    _abandoned.set(event)


def is_abandoned() -> bool:
    """Return whether nobody waits any more for what this thread waits for."""
    event = _abandoned.get()
    return event is not None and event.is_set()


def until(look: Callable[[str], T | None], timeout: float) -> T | None:
    """Return what `look` gives as soon as it gives something, or None when `timeout` real seconds are over.

    `look` is told how long it may have the lab wait, and has to wait for something new each time.
    """
    deadline = time.monotonic() + timeout
    while True:
        left = max(0.0, deadline - time.monotonic())
        found = look(f"{int(min(left, AT_ONCE) * 1000)}ms")
        if found is not None or not left or is_abandoned():
            return found


def wanted(value: Any) -> Any:
    """Return an expected value in the words of the matching: a compiled pattern is searched for."""
    if isinstance(value, re.Pattern):
        return {"like": value}
    if isinstance(value, Mapping):
        return {name: wanted(inner) for name, inner in value.items()}
    return value


def misses(expected: Mapping[str, Any], got: Mapping[str, Any]) -> list[str]:
    """Return a line for each member of `got` that is not as expected."""
    return list(differences(wanted(expected), got))


def unmet(what: str, timeout: float, expected: Mapping[str, Any], others: Sequence[tuple[str, list[str]]]) -> str:
    """Return the message about something that has not come; `others` are what came, each with what is wrong with it."""
    sought = [f"  {name} = {spelt(value)}" for name, value in expected.items()]
    lines = [f"no {what} came in {timeout:g} s" + (" with" if sought else ""), *sought]
    if not others:
        return "\n".join([*lines, "nothing of the kind came at all"])
    nearest = sorted(others, key=lambda other: len(other[1]))[:NEAREST]
    lines.append(f"{len(others)} came that were not it" + (", the nearest:" if len(others) > NEAREST else ":"))
    for title, wrong in nearest:
        lines += [f"  {title}", *(f"    {line}" for line in wrong)]
    return "\n".join(lines)


def spelt(value: Any) -> str:
    """Return a value as it is told: a pattern as the expression that it is."""
    return f"/{value.pattern}/" if isinstance(value, re.Pattern) else repr(value)


def given(**members: Any) -> dict[str, Any]:
    """Return the members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


class Arrivals(Generic[T]):
    """What has come so far; a wait returns each once. `members` tells what is compared, `title` what is told."""

    def __init__(self, members: Callable[[T], Mapping[str, Any]], title: Callable[[T], str]) -> None:
        self._members = members
        self._title = title
        self._fresh: list[T] = []
        self.all: list[T] = []
        """All of them, in the order they came."""

    def add(self, one: T) -> None:
        """Take one more."""
        self.all.append(one)
        self._fresh.append(one)

    def first(self, expected: Mapping[str, Any]) -> T | None:
        """Return the first one that is as expected and was not returned before."""
        for place, one in enumerate(self._fresh):
            if not misses(expected, self._members(one)):
                return self._fresh.pop(place)
        return None

    def others(self, expected: Mapping[str, Any], *, near: Sequence[str] = ()) -> list[tuple[str, list[str]]]:
        """Return those that were not returned, each with what is wrong with it; the members `near` have to be right."""
        close = {name: expected[name] for name in near}
        candidates = [one for one in self._fresh if not misses(close, self._members(one))]
        return [(self._title(one), misses(expected, self._members(one))) for one in candidates]
