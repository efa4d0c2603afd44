"""The whole reading: sources, models, subscribers' CSV files, checks between the sections."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from gateway.config.checks import findings
from gateway.config.document import Document
from gateway.config.mistakes import ConfigError, Mistake, Path, expected, nearest, own_errors, show
from gateway.config.sources import Sources
from gateway.settings import Settings
from smsc_emulator.base.config import WRITTEN
from smsc_emulator.operator.settings import SubscriberSettings

COLUMNS = tuple(SubscriberSettings.model_fields)
"""The columns of a file of subscribers, in any order; imsi may be absent."""


def read(
    file: FilePath | None = None, environ: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    """Return the settings of `file`, overlaid by CONFIRMLAB_* variables of `environ`, overlaid by `flags`.

    A list in the file replaces the default one, also when it is empty. `flags` has the names of `names.FLAGS`, with
    None for a flag that was not given. The subscribers of CSV files are among the settings' subscribers. Raises
    ConfigError with all mistakes at once.
    """
    sources = Sources(_document(file))
    sources.overlay_environment(environ or {})
    sources.overlay_flags(flags or {})
    settings, broken = _validate(sources)
    listed = len(settings.subscribers)
    rows, csv_mistakes = _read_files(settings.subscriber_files, file.parent if file else FilePath())
    if csv_mistakes:
        broken |= {"subscribers"}
    subscribers = settings.subscribers + [row for row, _, _ in rows]
    settings = settings.model_copy(update={"subscribers": subscribers})
    mistakes = sources.mistakes + csv_mistakes
    for path, sentence in findings(settings, broken):
        if path[0] == "subscribers" and isinstance(path[1], int) and path[1] >= listed:
            _, source, line = rows[path[1] - listed]
            mistakes.append(Mistake(source, line, 0, str(path[2]), sentence))
        else:
            mistakes.append(sources.mistake(path, sentence))
    if mistakes:
        raise ConfigError(sorted(set(mistakes)))
    return settings


def _document(file: FilePath | None) -> Document:
    if file is None:
        return Document("the default configuration", "")
    try:
        return Document(str(file), file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([_unreadable(file, error)]) from None


def _unreadable(file: FilePath, error: OSError | UnicodeDecodeError) -> Mistake:
    reason = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
    return Mistake(str(file), 0, 0, "", f"cannot be read: {reason}")


def _validate(sources: Sources) -> tuple[Settings, frozenset[str]]:
    """Return the settings, with defaults in place of broken sections, and the names of these."""
    try:
        return Settings.model_validate(sources.data, context=WRITTEN), frozenset()
    except ValidationError as error:
        told: set[tuple[str, int, int, str]] = set()
        for item in own_errors(error):
            mistake = sources.refused(item)
            place = (mistake.source, mistake.line, mistake.column, mistake.key)
            if place not in told:  # A union has an error for each of its members.
                sources.mistakes.append(mistake)
            told.add(place)
        broken = frozenset(str(item["loc"][0]) for item in own_errors(error) if item["loc"])
    if not isinstance(sources.data, dict):
        raise ConfigError(sources.mistakes)
    sound = {key: value for key, value in sources.data.items() if str(key) not in broken}
    return Settings.model_validate(sound, context=WRITTEN), broken


Row = tuple[SubscriberSettings, str, int]
"""A subscriber with the file and the line that he stands in."""


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
        yield _unreadable(file, error)
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
