"""The names of the settings: the keys of each section, the environment variables, the flags."""

from collections.abc import Iterator
from types import NoneType
from typing import Any, get_args, get_origin

from gateway.config.mistakes import Path
from gateway.settings import Settings
from smsc_emulator.base.config import Section

PREFIX = "CONFIRMLAB_"
"""Environment variables that begin so are ours, and must be known."""

FLAGS: dict[str, Path] = {
    "--data": ("server", "data"),
    "--host": ("server", "host"),
    "--smpp-port": ("server", "smpp_port"),
    "--http-port": ("server", "http_port"),
    "--sip-port": ("server", "sip_port"),
    "--paused-clock": ("lab", "paused_clock"),
    "--pcap": ("server", "pcap"),
}
"""The flags of `confirmlab serve`; each has a short environment variable too, such as CONFIRMLAB_HTTP_PORT."""

OTHER_VARIABLES: dict[str, Path] = {f"{PREFIX}DATABASE_URL": ("server", "database")}
"""Short variables of settings that have no flag, since a command line is seen by all and a URL holds a password."""

COMMAND_VARIABLES = (f"{PREFIX}CONFIG", f"{PREFIX}URL", f"{PREFIX}KEY")
"""Variables that stand for options of the command line and hold no setting."""


def keys(section: type[Section]) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a section with the annotation of each."""
    for name, field in section.model_fields.items():
        yield name, field.annotation


def section_of(annotation: Any) -> type[Section] | None:
    """Return the section that a value, or each item of a list, of this annotation is; None for plain values."""
    some = [arm for arm in get_args(annotation) if arm is not NoneType]
    inner = (
        some[0] if get_origin(annotation) is list or (len(some) == 1 and annotation == some[0] | None) else annotation
    )
    return inner if isinstance(inner, type) and issubclass(inner, Section) else None


def leaves(section: type[Section] = Settings, above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each setting that has a value of its own, with its annotation; a list is one value."""
    for name, annotation in keys(section):
        below = section_of(annotation)
        if below is not None and get_origin(annotation) is not list:
            yield from leaves(below, (*above, name))
        else:
            yield (*above, name), annotation


def variables() -> dict[str, tuple[Path, Any]]:
    """Return the path and the annotation of the setting behind each environment variable."""
    by_path = dict(leaves())
    long = {PREFIX + "__".join(map(str, path)).upper(): path for path in by_path}
    short = {PREFIX + flag.removeprefix("--").replace("-", "_").upper(): path for flag, path in FLAGS.items()}
    return {name: (path, by_path[path]) for name, path in (long | short | OTHER_VARIABLES).items()}


def siblings(path: Path, root: type[Section] = Settings) -> list[str]:
    """Return the keys that may stand where the last part of `path`, seen from `root`, stands."""
    section: type[Section] | None = root
    for part in path[:-1]:
        if isinstance(part, str):
            section = section_of(dict(keys(section))[part]) if section else None
    return [name for name, _ in keys(section)] if section else []
