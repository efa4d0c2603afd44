"""What the commands under `confirmlab load` share: options, how a load is driven, and how its result is told."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol, TypeVar

import typer

from gateway.cli.options import WRONG_USAGE, fail, millis
from smsc_emulator.frozen import frozen

if TYPE_CHECKING:
    from gateway.load.pace import Shape
    from gateway.load.record import Record

DEFAULT_DURATION: Final = "10s"
ENDINGS: Final = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C, and what `timeout` and CI send."""
DEFAULT_NUMBERS: Final = "+70000000001..+70000000020"
"""The default lab's subscribers."""

Rate = Annotated[
    float | None,
    typer.Option("--rate", min=0.001, max=1_000_000, help="How many begin in a second; otherwise as many as go."),
]
Ramp = Annotated[str, typer.Option("--ramp", help="The time until the full rate, or all that go at once, is reached.")]
Duration = Annotated[
    str | None, typer.Option("--duration", help=f"How long; by default {DEFAULT_DURATION}, or until --count.")
]
Count = Annotated[int | None, typer.Option("--count", min=1, help="How many at the most.")]
Numbers = Annotated[
    list[str] | None,
    typer.Option("--to", help=f"A number or FIRST..LAST; may be repeated; by default {DEFAULT_NUMBERS}."),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="A file for the result as JSON; - is standard output.")]
Html = Annotated[Path | None, typer.Option("--html", help="A file for the result as a page with charts.")]
Tolerate = Annotated[str, typer.Option("--tolerate", help="The share of failures that does not end it with 1.")]
P99 = Annotated[str | None, typer.Option("--p99", help="The p99 latency above which it ends with 1, such as 50ms.")]
Owned = Annotated[
    bool, typer.Option("--i-own-this-target", help="Let a load go to another machine than this; it can harm.")
]

T = TypeVar("T")


class Load(Protocol):
    """A run, as the commands see it."""

    record: "Record"

    def stop(self) -> None:
        """End it early."""

    async def run(self, progress: Callable[[], None]) -> "Record":
        """Do it."""


AnyLoad = TypeVar("AnyLoad", bound=Load)


@frozen
class Telling:
    """Where the result goes, and what of it ends the command with 1."""

    json: Path | None
    html: Path | None
    tolerate: float
    p99: float | None

    @classmethod
    def read(cls, json: Path | None, html: Path | None, tolerate: str, p99: str | None) -> "Telling":
        """Read the options; a mistake in them ends the command before any load."""
        for file in (json, html):
            if file is None or (file is json and str(file) == "-"):
                continue
            if not file.parent.is_dir():
                fail(f"{file} cannot be written: there is no folder {file.parent}", WRONG_USAGE)
            if file.is_dir():
                fail(f"{file} cannot be written: it is a folder", WRONG_USAGE)
        return cls(json, html, _share(tolerate), None if p99 is None else float(millis(p99)))


def _share(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise typer.BadParameter(f"{text!r} is no share; write one such as 0.5%")
    return share


def shape(rate: float | None, ramp: str, duration: str | None, count: int | None) -> "Shape":
    """Return how the run goes: until the duration, the count, or else for DEFAULT_DURATION."""
    from gateway.load.pace import COUNTLESS, FOR_EVER, Shape

    if duration is None and count is None:
        duration = DEFAULT_DURATION
    lasts = FOR_EVER if duration is None else millis(duration) / 1000
    return Shape(rate, millis(ramp) / 1000, lasts, count or COUNTLESS)


@contextmanager
def rightly() -> Iterator[None]:
    """Make a ValueError of what is read a mistake of usage."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def permit(host: str, *, owned: bool) -> None:
    """End the command if the load would go to another machine and nobody has said that it may."""
    from gateway.load import targets

    try:
        targets.permit(host, owned=owned)
    except targets.NotOursError as error:
        fail(str(error), WRONG_USAGE)


def drive(make: Callable[[], AnyLoad], connections: int) -> AnyLoad:
    """Run a load to its end, or until Ctrl-C or SIGTERM, and show on standard error how it goes.

    The second signal breaks it off. If nobody reads standard error any longer, the load ends early too.
    """
    import asyncio

    from gateway.load.loop import loop_for
    from gateway.load.progress import shown

    async def work() -> AnyLoad:
        load, loop = make(), asyncio.get_running_loop()

        def stop() -> None:
            for ending in ENDINGS:
                loop.remove_signal_handler(ending)
            load.stop()

        for ending in ENDINGS:
            loop.add_signal_handler(ending, stop)
        with shown(load.record, sys.stderr) as tell:

            def progress() -> None:
                try:
                    tell()
                except OSError:
                    load.stop()

            await load.run(progress)
        return load

    with asyncio.Runner(loop_factory=loop_for(connections)) as runner:
        return runner.run(work())


def tell(result: dict[str, Any], telling: Telling) -> None:
    """Write the files, print the table, and end with 1 if the run was not as wished.

    The files come first, since a pipe that is closed (`| head`) ends the command.
    """
    from gateway.load.page import page
    from gateway.load.result import faults
    from gateway.load.table import lines

    on_stdout = str(telling.json) == "-"
    told = json.dumps(result, ensure_ascii=False, indent=2) + "\n"
    found: list[str] = []
    if telling.json is not None and not on_stdout:
        found += _write(telling.json, told)
    if telling.html is not None:
        found += _write(telling.html, page(result))
    for line in lines(result):
        typer.echo(line, err=on_stdout)
    if on_stdout:
        typer.echo(told, nl=False)
    found += faults(result, tolerate=telling.tolerate, p99=telling.p99)
    if found:
        fail("; ".join(found))


def _write(file: Path, text: str) -> list[str]:
    """Write a file; return what was in the way, as a sentence."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        return [f"{file} cannot be written: {error.strerror}"]
    return []
