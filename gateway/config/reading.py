"""The whole reading: sources, models, subscribers' CSV files, checks between the sections."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from gateway.config import personalities
from gateway.config.checks import findings
from gateway.config.document import Document
from gateway.config.mistakes import ConfigError, Mistake, Path, expected, nearest, own_errors, show, unreadable
from gateway.config.sources import Sources
from gateway.lookup import numbering
from gateway.settings import Settings
from smsc_emulator.base.config import WRITTEN
from smsc_emulator.core import mobile_plans
from smsc_emulator.operator.settings import SubscriberSettings

COLUMNS = tuple(SubscriberSettings.model_fields)
"""The columns of a file of subscribers, in any order; the first two are needed."""


def read(
    file: FilePath | None = None, environ: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    """Return the settings of `file`, overlaid by CONFIRMLAB_* variables of `environ`, overlaid by `flags`.

    A list in the file replaces the default one, also when it is empty. `flags` has the names of `names.FLAGS`, with
    None for a flag that was not given. The subscribers of CSV files are among the settings' subscribers. Raises
    ConfigError with all mistakes at once.
    """
    sources = Sources(Document("the default configuration", "") if file is None else Document.of(file))
    sources.overlay_environment(environ or {})
    sources.overlay_flags(flags or {})
    settings, broken = _validate(sources)
    folder = file.parent if file else FilePath()
    settings = _anchored(settings, folder)
    listed = len(settings.subscribers)
    rows, csv_mistakes = _read_files(settings.subscriber_files, folder)
    if csv_mistakes:
        broken |= {"subscribers"}
    subscribers = settings.subscribers + [row for row, _, _ in rows]
    settings = settings.model_copy(update={"subscribers": subscribers})
    mistakes = sources.mistakes + csv_mistakes + personalities.own_mistakes(settings)
    mistakes += _plan_mistakes(settings.smsc.mobile_originated_files)
    mistakes += _registry_mistakes(settings.numbering_files)
    for path, sentence in findings(settings, broken):
        if path[0] == "subscribers" and isinstance(path[1], int) and path[1] >= listed:
            _, source, line = rows[path[1] - listed]
            mistakes.append(Mistake(source, line, 0, str(path[2]), sentence))
        else:
            mistakes.append(sources.mistake(path, sentence))
    if mistakes:
        raise ConfigError(sorted(set(mistakes)))
    return settings


def _validate(sources: Sources) -> tuple[Settings, frozenset[str]]:
    """Return the settings, with defaults in place of broken sections, and the names of these."""
    try:
        return Settings.model_validate(sources.data, context=WRITTEN), frozenset()
    except ValidationError as error:
        sources.refuse(error)
        broken = frozenset(str(item["loc"][0]) for item in own_errors(error) if item["loc"])
    if not isinstance(sources.data, dict):
        raise ConfigError(sources.mistakes)
    sound = {key: value for key, value in sources.data.items() if str(key) not in broken}
    return Settings.model_validate(sound, context=WRITTEN), broken


def _anchored(settings: Settings, folder: FilePath) -> Settings:
    """Return the settings with the paths of the SMSC's section, and of the registry, seen from the file."""
    smsc = settings.smsc
    tls = {name: folder / path for name in ("certificate", "key", "client_ca") if (path := getattr(smsc.tls, name))}
    own = smsc.personality_folder and folder / smsc.personality_folder
    plans = [folder / file for file in smsc.mobile_originated_files]
    changed = smsc.model_copy(
        update={
            "tls": smsc.tls.model_copy(update=tls),
            "personality_folder": own,
            "mobile_originated_files": plans,
        }
    )
    registry = [folder / file for file in settings.numbering_files]
    return settings.model_copy(update={"smsc": changed, "numbering_files": registry})


Row = tuple[SubscriberSettings, str, int]
"""A subscriber with the file and the line that he stands in."""


def _plan_mistakes(files: list[FilePath]) -> list[Mistake]:
    """Return what is wrong with the files of messages from handsets."""
    mistakes = []
    for file in files:
        try:
            mobile_plans.read_file(file)
        except (OSError, UnicodeDecodeError) as error:
            mistakes.append(unreadable(file, error))
        except ValueError as error:
            mistakes.append(Mistake(str(file), 0, 0, "", str(error)))
    return mistakes


def _registry_mistakes(files: list[FilePath]) -> list[Mistake]:
    """Return what is wrong with the files of the registry of numbers."""
    mistakes = []
    for file in files:
        try:
            numbering.read(file)
        except numbering.NumberingFileError as error:
            mistakes += [Mistake(str(file), each.line, 0, "", each.sentence) for each in error.mistakes]
    return mistakes


def _read_files(files: list[FilePath], folder: FilePath) -> tuple[list[Row], list[Mistake]]:
    rows: list[Row] = []
    mistakes: list[Mistake] = []
    for file in files:
        for read_row in _read_file(folder / file):
            if isinstance(read_row, Mistake):
                mistakes.append(read_row)
            else:
                rows.append(read_row)
    return rows, mistakes


def _read_file(file: FilePath) -> Iterator[Row | Mistake]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines, strict=True)
            wrong = list(_wrong_columns(str(file), reader.fieldnames or []))
            yield from wrong
            if not wrong:
                for cells in reader:
                    yield from _read_row(str(file), reader.line_num, cells)
    except (OSError, UnicodeDecodeError) as error:
        yield unreadable(file, error)
    except csv.Error as error:
        yield Mistake(str(file), reader.line_num, 0, "", f"not CSV: {error}")


def _wrong_columns(source: str, names: Any) -> Iterator[Mistake]:
    for name in names:
        if name not in COLUMNS:
            yield Mistake(source, 1, 0, name, "unknown column" + nearest(name, COLUMNS, "column"))
    for name in ("phone_number", "operator_id"):
        if name not in names:
            yield Mistake(source, 1, 0, name, "this column is needed in the first line")


def _read_row(source: str, line: int, cells: dict[Any, Any]) -> Iterator[Row | Mistake]:
    if None in cells or None in cells.values():
        yield Mistake(source, line, 0, "", "this line has another number of columns than the first line")
        return
    filled = {name: text.strip() for name, text in cells.items() if text.strip()}
    try:
        yield SubscriberSettings.model_validate(filled, context=WRITTEN), source, line
    except ValidationError as error:
        for item in error.errors(include_url=False):
            path: Path = tuple(item["loc"])
            yield Mistake(source, line, 0, str(path[0]), expected(item, path, show(item["input"])))
