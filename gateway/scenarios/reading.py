"""Reading a scenario's file: each mistake is told by its line and column, and nothing is played before all is right."""

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from gateway.config.checks import findings
from gateway.config.document import Document
from gateway.config.mistakes import ConfigError, Mistake, Path, expected, nearest, own_errors, spell
from gateway.config.names import siblings
from gateway.identification import profiles
from gateway.identification.profiles import Profile
from gateway.resources import config_path
from gateway.scenarios.filling import UnknownNameError, filled
from gateway.scenarios.script import RULES, Script
from gateway.settings import Settings
from smsc_emulator.base.config import WRITTEN, Section
from smsc_emulator.frozen import frozen

_OWN = ("server", "lab", "logs", "subscriber_files")
"""Sections that are the player's own, or need a file beside this one."""


@frozen
class Play:
    """One run of a scenario, ready to be played."""

    document: Document
    script: Script
    run: str
    """The name of the run; empty where there is but one."""
    settings: Settings
    rules: Mapping[str, Profile]

    @property
    def title(self) -> str:
        """What the run is called."""
        file = FilePath(self.document.source).stem
        return f"{file} [{self.run}]" if self.run else file

    def place(self, *path: str | int) -> str:
        """Return file:line:column of a part of the scenario."""
        return ":".join(map(str, (self.document.source, *self.document.place(path))))


def read(file: FilePath) -> list[Play]:
    """Return the runs of a file. Raises ConfigError with all mistakes at once."""
    document = Document.of(file)
    runs = list(_runs(document))
    mistakes = sorted({mistake for found in runs if isinstance(found, list) for mistake in found})
    if mistakes:
        raise ConfigError(mistakes)
    return [found for found in runs if isinstance(found, Play)]


def files(where: FilePath) -> list[FilePath]:
    """Return a file itself, or the scenarios of a folder in the order of their names."""
    return sorted(where.glob("*.yaml")) if where.is_dir() else [where]


def _runs(document: Document) -> Iterator[Play | list[Mistake]]:
    """Yield each run, or its mistakes. What is wrong with `runs` itself is seen in the one that has no values."""
    named = document.data.get("runs") if isinstance(document.data, dict) else None
    runs = named if isinstance(named, dict) and all(isinstance(each, dict) for each in named.values()) else {}
    for name, values in (runs or {"": {}}).items():
        reading = _Reading(document, values)
        found = reading.script()
        play = None if found is None else reading.play(found, str(name))
        yield reading.mistakes if play is None or reading.mistakes else play


class _Reading:
    """One run's reading."""

    def __init__(self, document: Document, values: Mapping[str, Any]) -> None:
        self._document = document
        self._values = values
        self.mistakes: list[Mistake] = []

    def script(self) -> Script | None:
        """Return the scenario as it is for this run, or None."""
        try:
            data = filled(self._document.data, self._values, strict=False)
            return Script.model_validate(data, context=WRITTEN)
        except UnknownNameError as error:
            self._refuse(("runs",), str(error))
        except ValidationError as error:
            for item in own_errors(error):
                self._tell(item, (), Script)
        return None

    def play(self, script: Script, run: str) -> Play | None:
        """Return what is to be played, or None."""
        for index, step in enumerate(script.steps):
            for name in step.only or ():
                if name not in script.runs:
                    known = nearest(name, list(script.runs), "run")
                    self._refuse(("steps", index, "only"), f"there is no run {name!r}{known}")
        for name in _OWN:
            if name in script.given:
                self._refuse(("given", name), "a scenario cannot say this")
        settings = self._settings(script)
        rules = None if settings is None else self._rules(script, settings)
        return None if rules is None or settings is None else Play(self._document, script, run, settings, rules)

    def _settings(self, script: Script) -> Settings | None:
        given = {key: value for key, value in script.given.items() if key not in (RULES, *_OWN)}
        try:
            settings = Settings.model_validate(given, context=WRITTEN)
        except ValidationError as error:
            for item in own_errors(error):
                self._tell(item, ("given",), Settings)
            return None
        for path, sentence in findings(settings):
            self._refuse(("given", *path), sentence)
        return None if self.mistakes else settings

    def _rules(self, script: Script, settings: Settings) -> dict[str, Profile] | None:
        """Return all profiles, those in force with the keys that differ here."""
        known = profiles.load_all(config_path("profiles"))
        changed = script.given.get(RULES) or {}
        for name in {step.name for step in settings.profile} if changed else ():
            try:
                told = known[name].model_dump(exclude_unset=True) | changed
                known[name] = Profile.model_validate(told, context=WRITTEN)
            except ValidationError as error:
                for item in own_errors(error):
                    self._tell(item, ("given", RULES), Profile)
                return None
        return known

    def _tell(self, error: Mapping[str, Any], above: Path, root: type[Section]) -> None:
        inner = tuple(error["loc"])
        path = (*above, *inner)
        if error["type"] == "extra_forbidden":
            sentence = "unknown key" + nearest(str(path[-1]), siblings(inner, root))
            self.mistakes.append(
                Mistake(self._document.source, *self._document.place(path, of_key=True), spell(path), sentence)
            )
        else:
            self._refuse(path, expected(error, path, self._document.written(path, error["input"])))

    def _refuse(self, path: Path, sentence: str) -> None:
        self.mistakes.append(Mistake(self._document.source, *self._document.place(path), spell(path), sentence))
