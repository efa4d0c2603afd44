"""The command line. Commands import what they need when they run, asyncio too, so that `confirmlab --help` is quick."""

import errno
import sys
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli import (
    capture,
    clock,
    conduct,
    config,
    demo,
    doctor,
    faults,
    handset,
    load,
    profile,
    readyz,
    report,
    scenario,
    send,
    serve,
    tail,
    trace,
)

UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What is wrong where a file or a terminal does not take what is written to it."""

EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration."

app = typer.Typer(
    name="confirmlab",
    help="A confirmation gateway with the mobile operator behind it, emulated over real protocols.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"confirmlab {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """A confirmation gateway with the mobile operator behind it, emulated over real protocols."""


app.command(epilog=EXIT_CODES)(serve.serve)
app.command(epilog=EXIT_CODES)(readyz.readyz)
app.command(epilog=EXIT_CODES)(demo.demo)
app.command(epilog=EXIT_CODES)(send.send)
app.command(epilog=EXIT_CODES)(doctor.doctor)
app.command(epilog=EXIT_CODES)(conduct.conduct)
app.command(epilog=EXIT_CODES)(tail.tail)
app.command(epilog=EXIT_CODES)(trace.trace)
app.command(epilog=EXIT_CODES)(handset.handset)
app.add_typer(capture.app, name="capture", epilog=EXIT_CODES)
app.add_typer(clock.app, name="clock", epilog=EXIT_CODES)
app.add_typer(config.app, name="config", epilog=EXIT_CODES)
app.add_typer(faults.app, name="faults", epilog=EXIT_CODES)
app.add_typer(load.app, name="load", epilog=EXIT_CODES)
app.add_typer(scenario.app, name="scenario", epilog=EXIT_CODES)
app.add_typer(profile.app, name="profile", epilog=EXIT_CODES)
app.add_typer(report.app, name="report", epilog=EXIT_CODES)


def main() -> None:
    """Run the command line of this process. Who has stopped reading the output ends it with 1, and is told nothing."""
    try:
        app()
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        sys.exit(f"the output cannot be written: {error.strerror}")
