"""`confirmlab config`: look at a configuration without starting anything."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import Json, print_json, read_settings

app = typer.Typer(help="Check a configuration.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Check a configuration."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The YAML file; the environment is left out.")], json: Json = False
) -> None:
    """Read FILE and tell each wrong key and value by its line and column."""
    settings = read_settings(file, {}, {})
    counts = {
        "services": len(settings.services),
        "operators": len(settings.operators),
        "subscribers": len(settings.subscribers),
        "ESME accounts": len(settings.smsc.accounts),
    }
    if json:
        print_json({"file": str(file), **{name.replace(" ", "_").lower(): count for name, count in counts.items()}})
    else:
        typer.echo(f"{file}: right; {', '.join(f'{count} {name}' for name, count in counts.items())}")
