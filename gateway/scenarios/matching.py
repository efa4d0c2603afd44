"""Whether what is seen is what was expected, and where not.

A mapping matches if each member that it names does; others do not matter. A list matches item by item, and has as many.
Anything else has to be equal. In place of a value there may be a mapping of these words alone: {at_least: 2},
{at_most: 2}, {not: null}, {one_of: [a, b]}, {like: "a regular expression"}.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

WORDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": lambda wanted, got: got is not None and got >= wanted,
    "at_most": lambda wanted, got: got is not None and got <= wanted,
    "not": lambda wanted, got: got != wanted,
    "one_of": lambda wanted, got: got in wanted,
    "like": lambda wanted, got: isinstance(got, str) and re.search(wanted, got) is not None,
}


def differences(expected: Any, got: Any, at: str = "") -> Iterator[str]:
    """Yield a line for each place where `got` is not as expected."""
    if isinstance(expected, Mapping) and expected and set(expected) <= set(WORDS):
        if not all(WORDS[word](wanted, got) for word, wanted in expected.items()):
            yield _line(at, expected, got)
    elif isinstance(expected, Mapping) and isinstance(got, Mapping):
        for name, wanted in expected.items():
            here = f"{at}.{name}" if at else str(name)
            if name in got:
                yield from differences(wanted, got[name], here)
            else:
                yield f"{here}: expected {wanted!r}, got nothing; there are {', '.join(map(str, got)) or 'no members'}"
    elif _is_list(expected) and _is_list(got) and len(expected) == len(got):
        for place, (wanted, item) in enumerate(zip(expected, got, strict=True)):
            yield from differences(wanted, item, f"{at}[{place}]")
    elif expected != got or isinstance(expected, bool) is not isinstance(got, bool):
        yield _line(at, expected, got)


def matches(expected: Any, got: Any) -> bool:
    """Return whether `got` is as expected."""
    return next(differences(expected, got), None) is None


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _line(at: str, expected: Any, got: Any) -> str:
    return f"{at or 'it'}: expected {expected!r}, got {got!r}"
