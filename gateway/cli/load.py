"""`confirmlab load`: a measured load on an SMSC, or on a gateway."""

import typer

from gateway.cli.load_identify import identify
from gateway.cli.load_smpp import smpp

EXIT_CODES = (
    "Exit codes: 0 done, 1 failed (no connection, more failures than --tolerate, a p99 above --p99), "
    "2 wrong usage, or a target that nobody owns up to."
)

app = typer.Typer(help="Put a measured load on an SMSC or a gateway.", no_args_is_help=True)
app.command(epilog=EXIT_CODES)(smpp)
app.command(epilog=EXIT_CODES)(identify)
