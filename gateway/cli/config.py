"""`confirmlab config`: look at a configuration without starting anything."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import read_settings

app = typer.Typer(help="Check a configuration.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Check a configuration."""


@app.command()
def check(file: Annotated[Path, typer.Argument(help="The YAML file; the environment is left out.")]) -> None:
    """Read FILE and tell each wrong key and value by its line and column."""
    settings = read_settings(file, {}, {})
    counts = (
        f"{len(found)} {name}"
        for name, found in (
            ("services", settings.services),
            ("operators", settings.operators),
            ("subscribers", settings.subscribers),
            ("ESME accounts", settings.smsc.accounts),
        )
    )
    typer.echo(f"{file}: right; {', '.join(counts)}")
