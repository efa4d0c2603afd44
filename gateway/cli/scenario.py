"""`confirmlab scenario`: play files that say what is given, what happens and what is to be seen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import FAILED, WRONG_USAGE, Json, fail, print_json, run
from gateway.cli.tables import progress

if TYPE_CHECKING:
    from gateway.scenarios.playing import Result
    from gateway.scenarios.reading import Play

app = typer.Typer(help="Play scenarios.", no_args_is_help=True)

Where = Annotated[
    Path | None,
    typer.Argument(help="A YAML file, or a folder of them; by default those that ship with the program."),
]


@app.callback()
def _group() -> None:
    """Play scenarios."""


@app.command("run")
def play_them(
    where: Where = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="A file to write JUnit XML to.")] = None,
    seed: Annotated[str | None, typer.Option("--seed", help="Another word gives other codes and ids.")] = None,
    json: Json = False,
) -> None:
    """Play each scenario on a lab of its own; ends with 1 if one fails."""
    from gateway import logs
    from gateway.scenarios import telling
    from gateway.settings import LogSettings

    logs.configure(LogSettings(level="error"))
    results: list[Result] = []
    for one in progress(_plays(where), "playing"):
        results.append(run(_played(one, seed)))
        for line in [] if json else telling.lines(results[-1]):
            typer.echo(line)
    failed = sum(result.failure is not None for result in results)
    if json:
        print_json({"runs": [telling.plain(result) for result in results], "failed": failed})
    else:
        typer.echo(f"{len(results) - failed} of {len(results)} runs went as expected")
    if junit is not None:
        try:
            junit.write_bytes(telling.junit(results))
        except OSError as error:
            fail(f"{junit} cannot be written: {error.strerror}")
    if failed:
        raise typer.Exit(FAILED)


@app.command()
def check(where: Where = None, json: Json = False) -> None:
    """Read scenarios without playing them, and tell each wrong key and value by its line and column."""
    plays = _plays(where)
    scenarios = len({one.document.source for one in plays})
    if json:
        print_json({"scenarios": scenarios, "runs": len(plays)})
    else:
        typer.echo(f"{scenarios} scenarios, {len(plays)} runs: right")


def _plays(where: Path | None) -> "list[Play]":
    """Return all runs; mistakes end the command with a line for each and code 2."""
    from gateway.config import ConfigError
    from gateway.resources import config_path
    from gateway.scenarios import reading

    found = reading.files(where or config_path("scenarios"))
    if not found:
        fail(f"there is no scenario in {where}: no file whose name ends in .yaml", WRONG_USAGE)
    plays: list[Play] = []
    wrong = 0
    for file in found:
        try:
            plays += reading.read(file)
        except ConfigError as error:
            wrong += len(error.mistakes)
            for mistake in error.mistakes:
                typer.echo(str(mistake), err=True)
    if wrong:
        fail(f"{wrong} mistake{'s' * (wrong > 1)} in the scenarios; nothing was played", WRONG_USAGE)
    return plays


async def _played(one: "Play", seed: str | None) -> "Result":
    from gateway.scenarios.playing import play

    return await play(one, seed)
