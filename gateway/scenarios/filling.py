"""What stands in a scenario for values that are known later: ${name} of a run, ${name.member} of an answer."""

import re
from collections.abc import Mapping
from typing import Any

_PLACE = re.compile(r"\$\{([a-z][a-z0-9_ -]*(?:\.[a-z0-9_]+)*)\}", re.IGNORECASE)


class UnknownNameError(Exception):
    """Nothing is known by a name; the message says which."""


def filled(value: Any, known: Mapping[str, Any], *, strict: bool = True) -> Any:
    """Return `value` with each ${...} replaced: a text that is nothing else becomes the value itself.

    Raises UnknownNameError for a name that is not known; if not `strict`, it is left for later.
    """
    if isinstance(value, Mapping):
        return {filled(key, known, strict=strict): filled(item, known, strict=strict) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, known, strict=strict) for item in value]
    if not isinstance(value, str):
        return value
    whole = _PLACE.fullmatch(value)
    if whole is not None:
        return _of(whole, known, strict)
    return _PLACE.sub(lambda found: str(_of(found, known, strict)), value)


def _of(found: re.Match[str], known: Mapping[str, Any], strict: bool) -> Any:
    first, *members = found[1].split(".")
    if first not in known and not strict:
        return found[0]
    value: Any = known
    for part in (first, *members):
        here = value[int(part)] if isinstance(value, list) and part.isdigit() and int(part) < len(value) else None
        here = value[part] if isinstance(value, Mapping) and part in value else here
        if here is None and not (isinstance(value, Mapping) and part in value):
            raise UnknownNameError(f"nothing is known as {found[0]}")
        value = here
    return value
