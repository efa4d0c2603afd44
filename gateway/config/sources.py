"""The three sources of the configuration laid over each other, and the source of each value."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, get_origin

from pydantic import ValidationError

from gateway.config.document import Document
from gateway.config.mistakes import ConfigError, Mistake, Path, expected, nearest, own_errors, show, spell
from gateway.config.names import COMMAND_VARIABLES, FLAGS, PREFIX, siblings, variables
from gateway.settings import Settings
from smsc_emulator.base.config import Section
from smsc_emulator.core.faults.registry import REGISTRY


class Sources:
    """The merged `data`, not yet checked, and where each part of it was written; `root` is what it should become."""

    def __init__(self, document: Document, root: type[Section] = Settings) -> None:
        self._root = root
        self.document = document
        self.data: Any = deepcopy(document.data)
        self.mistakes: list[Mistake] = []
        self._named: dict[Path, str] = {}

    def overlay_environment(self, environ: Mapping[str, str]) -> None:
        """Lay the CONFIRMLAB_* variables over the file; empty ones count as absent."""
        known = variables()
        names = [name for name, text in environ.items() if name.startswith(PREFIX) and text]
        for name in sorted(names):
            if name in known:
                path, annotation = known[name]
                if path in self._named:
                    self.mistakes.append(self.mistake(path, f"{name} sets the same key; leave one of the two"))
                else:
                    self._put(name, path, self._parse(name, environ[name], annotation))
            elif name not in COMMAND_VARIABLES:
                sentence = "no such setting" + nearest(name, list(known), "variable")
                self.mistakes.append(Mistake(name, 0, 0, "", sentence))

    def overlay_flags(self, flags: Mapping[str, Any]) -> None:
        """Lay the flags that were given over the file and the environment."""
        for flag, value in flags.items():
            if value is not None:
                self._put(flag, FLAGS[flag], value)

    def mistake(self, path: Path, sentence: str, *, of_key: bool = False) -> Mistake:
        """Return a mistake at the place where the value (or key) at `path` was written."""
        name = next((name for named, name in self._named.items() if path[: len(named)] == named), None)
        if name is not None:
            return Mistake(name, 0, 0, spell(path), sentence)
        return Mistake(self.document.source, *self.document.place(path, of_key=of_key), spell(path), sentence)

    def refuse(self, error: ValidationError) -> None:
        """Tell what pydantic refused, once for each place: a union has an error for each of its members."""
        told: set[tuple[str, int, int, str]] = set()
        for item in own_errors(error):
            mistake = self.refused(item)
            place = (mistake.source, mistake.line, mistake.column, mistake.key)
            if place not in told:
                self.mistakes.append(mistake)
            told.add(place)

    def refused(self, error: Mapping[str, Any]) -> Mistake:
        """Return the mistake that one of pydantic's errors means."""
        loc = _untagged(error["loc"])
        path = self._existing(loc)
        if error["type"] == "union_tag_invalid":
            key, tag = (str(error["ctx"][name]).strip("'") for name in ("discriminator", "tag"))
            return self.mistake((*path, key), f"there is no {key} {tag!r}" + nearest(tag, list(REGISTRY), key))
        if error["type"] in ("extra_forbidden", "invalid_key"):
            return self.mistake(path, "unknown key" + nearest(str(path[-1]), siblings(path, self._root)), of_key=True)
        named = any(path[: len(name)] == name for name in self._named)
        written = show(error["input"]) if named else self.document.written(path, error["input"])
        if error["type"] == "missing":
            path = loc
        return self.mistake(path, expected(error, path, written))

    def _parse(self, name: str, text: str, annotation: Any) -> Any:
        if get_origin(annotation) is not list:
            return text
        try:
            return Document(name, text).data
        except ConfigError as error:
            self.mistakes += error.mistakes
            return []

    def _put(self, name: str, path: Path, value: Any) -> None:
        data = self.data
        for part in path[:-1]:
            if not isinstance(data, dict):
                return  # What the file says here is no mapping, which is told in its own place.
            data = data.setdefault(part, {})
        if isinstance(data, dict):
            data[path[-1]] = value
            self._named[path] = name

    def _existing(self, location: tuple[str | int, ...]) -> Path:
        """Return the part of pydantic's location that is in the data: it also names the members of a union."""
        data, path = self.data, []
        for part in location:
            inside = (isinstance(data, dict) and part in data) or (isinstance(data, list) and isinstance(part, int))
            if not inside:
                break
            data = data[part]
            path.append(part)
        return tuple(path)


def _untagged(loc: Any) -> Path:
    """Return a path without what pydantic adds to it: the name of the fault whose keys are read, which is no key."""
    is_fault = tuple(loc[:2]) == ("smsc", "faults") and len(loc) > 3 and loc[3] in REGISTRY
    return (*loc[:3], *loc[4:]) if is_fault else tuple(loc)
