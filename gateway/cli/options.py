"""Options that several commands share, and the ways a command ends."""

import json
import os
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

T = TypeVar("T")

FAILED = 1
WRONG_USAGE = 2

Url = Annotated[
    str | None,
    typer.Option("--url", envvar="CONFIRMLAB_URL", help="The lab's HTTP address; otherwise --data tells it."),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="CONFIRMLAB_DATA",
        help="The folder whose ports.json tells the lab's ports; otherwise .confirmlab, or the default ports.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Key = Annotated[str, typer.Option("--key", envvar="CONFIRMLAB_KEY", help="The API key of the service demo.")]

DEFAULT_KEY = "lab-demo-key"


def fail(sentence: str, code: int = FAILED) -> NoReturn:
    """End the command with a sentence on standard error."""
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


@contextmanager
def lab_errors() -> Iterator[None]:
    """Let a lab that is not there or refuses end the command with one sentence and code 1."""
    from gateway.client import LabError

    try:
        yield
    except LabError as error:
        fail(str(error))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work`; a lab that is not there or refuses ends the command with one sentence and code 1."""
    import asyncio

    with lab_errors():
        return asyncio.run(work)


def smsc_at(host: str | None, port: int | None, data: Path | None) -> tuple[str, int]:
    """Return where the SMSC is: as given, else that of the lab of a folder; if there is none, the command ends."""
    from gateway.client import find

    if host and port:
        return host, port
    with lab_errors():
        lab = find(None, data)
        return host or lab.host, port or lab.port("smpp")


def millis(text: str) -> int:
    """Return the milliseconds of a duration that an option or argument gives."""
    from smsc_emulator.base import durations

    try:
        return durations.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def print_json(data: Any) -> None:
    """Print `data` as JSON for programs."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


def read_settings(file: Path | None, environ: Mapping[str, str], flags: Mapping[str, Any]) -> Any:
    """Return the settings; mistakes end the command with a line for each and code 2."""
    from gateway.config import ConfigError, read

    try:
        return read(file, environ, flags)
    except ConfigError as error:
        for mistake in error.mistakes:
            typer.echo(str(mistake), err=True)
        count = len(error.mistakes)
        fail(f"{count} mistake{'s' * (count > 1)} in the configuration; nothing was started", WRONG_USAGE)


def environment() -> Mapping[str, str]:
    """Return the process's environment."""
    return os.environ
