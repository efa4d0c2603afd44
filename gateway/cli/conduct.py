"""`confirmlab conduct`: what an ESME does wrong, as a running lab's SMSC has seen it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from gateway.cli.options import FAILED, Data, Json, Url, fail, run


class Format(StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def conduct(
    account: Annotated[str, typer.Argument(help="The system_id that the ESME binds with.")],
    format_: Annotated[Format, typer.Option("--format", help="How the report is written.")] = Format.TEXT,
    output: Annotated[Path | None, typer.Option("--output", help="A file to write it to.")] = None,
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Report the mistakes of an ESME; ends with 1 if one of them is an error."""
    from gateway.client import LabClient, find

    format_ = Format.JSON if json else format_
    path = f"/lab/accounts/{quote(account, safe='')}/conduct"

    async def ask() -> tuple[int, str]:
        async with LabClient(find(url, data)) as lab:
            report = await lab.get_text(path, format=format_.value)
            return int((await lab.get(path))["errors"]), report

    errors, report = run(ask())
    if output is None:
        typer.echo(report.rstrip("\n"))
    else:
        try:
            output.write_text(report, encoding="utf-8")
        except OSError as error:
            fail(f"{output} cannot be written: {error.strerror}")
    if errors:
        raise typer.Exit(FAILED)
