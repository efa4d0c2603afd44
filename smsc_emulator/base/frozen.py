"""Frozen dataclasses, of which each change makes another one."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")


def replace(one: T, **changes: Any) -> T:
    """Return `one` with some members changed, as `dataclasses.replace` does, in less than half of its time.

    For classes with two members or more, all of which their constructor takes in their order. Raises KeyError for a
    member that there is not.
    """
    kind: Any = type(one)
    pick, places = _members(kind)
    values = list(pick(one))
    for name, value in changes.items():
        values[places[name]] = value
    made: T = kind(*values)
    return made


@cache
def _members(kind: type) -> tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]:
    names = [field.name for field in fields(kind)]
    return attrgetter(*names), {name: place for place, name in enumerate(names)}
