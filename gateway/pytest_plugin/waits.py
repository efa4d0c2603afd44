"""Waiting, and what is told when it was in vain."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from gateway.scenarios.matching import differences

T = TypeVar("T")

TIMEOUT = 5.0
"""Real seconds that a wait lasts if the test does not say otherwise."""
AT_ONCE = 30.0
"""Real seconds that one request waits for the lab at most."""
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


def until(look: Callable[[str], T | None], timeout: float) -> T | None:
    """Return what `look` gives as soon as it gives something, or None when `timeout` real seconds are over.

    `look` is told how long it may have the lab wait, and has to wait for something new each time.
    """
    deadline = time.monotonic() + timeout
    while True:
        left = max(0.0, deadline - time.monotonic())
        found = look(f"{int(min(left, AT_ONCE) * 1000)}ms")
        if found is not None or not left:
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


def indented(lines: Iterable[str]) -> str:
    """Return lines as one text, each a little to the right."""
    return "\n".join(f"  {line}" for line in lines)
