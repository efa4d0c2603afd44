"""Reads the operators' personalities: one YAML file each, its mistakes told by place as the configuration's are."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from gateway.config.document import Document, text_of
from gateway.config.mistakes import ConfigError, Mistake
from gateway.config.sources import Sources
from gateway.resources import config_path
from gateway.settings import Settings
from smsc_emulator.base.config import WRITTEN
from smsc_emulator.core.personality_settings import PersonalitySettings

_SOMETHING_ELSE = (
    "this is no personality, which has a name and other keys of configs/operators/standard.yaml; "
    "keep other files out of smsc.personality_folder"
)


def shipped() -> Path:
    """Return the folder of the personalities that ship with the project."""
    return config_path("operators")


def read_file(file: Path) -> PersonalitySettings:
    """Return the personality in a file. Raises ConfigError with all its mistakes at once.

    A file of something else has one mistake, that it lies here, and not one for each of its keys.
    """
    return _read(file, text_of(file))


@lru_cache(maxsize=64)
def _read(file: Path, text: str) -> PersonalitySettings:
    """Return the personality of a text. One text is read once, since the reading takes long and each start needs it."""
    sources = Sources(Document(str(file), text), PersonalitySettings)
    if not isinstance(sources.data, dict) or sources.data.keys().isdisjoint(PersonalitySettings.model_fields):
        raise ConfigError([sources.mistake((), _SOMETHING_ELSE)])
    try:
        personality = PersonalitySettings.model_validate(sources.data, context=WRITTEN)
    except ValidationError as error:
        sources.refuse(error)
        raise ConfigError(sorted(set(sources.mistakes))) from None
    if personality.name != file.stem:
        sentence = f"expected {file.stem}, as the file is called (got {personality.name})"
        raise ConfigError([sources.mistake(("name",), sentence)])
    return personality


def read_files(files: Iterable[Path]) -> tuple[dict[str, PersonalitySettings], list[Mistake]]:
    """Return the personalities in `files` by name, and the mistakes; a file that has any gives no personality."""
    found: dict[str, PersonalitySettings] = {}
    mistakes: list[Mistake] = []
    for file in files:
        try:
            found[file.stem] = read_file(file)
        except ConfigError as error:
            mistakes += error.mistakes
    return found, mistakes


def folders(settings: Settings) -> list[Path]:
    """Return the folders of the personalities that the settings' accounts can name."""
    own = settings.smsc.personality_folder
    return [shipped()] if own is None else [shipped(), own]


def own_mistakes(settings: Settings) -> list[Mistake]:
    """Return the mistakes in the settings' own folder of personalities."""
    own = settings.smsc.personality_folder
    if own is None:
        return []
    if not own.is_dir():
        return [Mistake(str(own), 0, 0, "", "this is no folder")]
    return read_files(sorted(own.glob("*.yaml")))[1]


def named(settings: Settings) -> frozenset[str]:
    """Return the names of the personalities that the settings' accounts have."""
    smsc = settings.smsc
    return frozenset({smsc.personality, *(account.personality or smsc.personality for account in smsc.accounts)})


def known(settings: Settings) -> dict[str, Path]:
    """Return the file of each personality that the settings' accounts can name: one's own in place of a shipped one."""
    return {file.stem: file for folder in folders(settings) for file in sorted(folder.glob("*.yaml"))}


def of(settings: Settings) -> Mapping[str, PersonalitySettings]:
    """Return the personalities that the settings' accounts have, by name. Raises ConfigError.

    The others are not read: each takes as long as a few messages, and a start would wait for all of them.
    """
    files = known(settings)
    return {name: read_file(files[name]) for name in sorted(named(settings) & files.keys())}
