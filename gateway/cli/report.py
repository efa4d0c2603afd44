"""`confirmlab report`: what a running lab's journal says of the rules, what it cost, and what a breach may cost."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import FAILED, Data, Json, Url, fail, run

app = typer.Typer(help="Report on the rules, on cost and use, and on exposure.", no_args_is_help=True)


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


class PlainFormat(StrEnum):
    """How a report that has no page is written."""

    TEXT = "text"
    JSON = "json"


Output = Annotated[Path | None, typer.Option("--output", help="A file to write it to.")]
Plain = Annotated[PlainFormat, typer.Option("--format", help="How the report is written.")]


@app.callback()
def _group() -> None:
    """Report on the rules, on cost and use, and on exposure."""


@app.command()
def conformance(
    format_: Annotated[Format, typer.Option("--format", help="How the report is written.")] = Format.TEXT,
    output: Output = None,
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Tell each rule with pass, fail or not exercised; ends with 1 if a rule fails."""
    from gateway.client import LabClient, find

    async def ask() -> tuple[int, str]:
        async with LabClient(find(url, data)) as lab:
            wanted = Format.JSON if json else format_
            report = await lab.get_text("/lab/reports/conformance", format=wanted.value)
            return int((await lab.get("/lab/reports/conformance"))["failed"]), report

    failed, report = run(ask())
    _write(report, output)
    if failed:
        raise typer.Exit(FAILED)


@app.command()
def use(
    format_: Plain = PlainFormat.TEXT,
    output: Output = None,
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Tell what identifying costs and how it is used, as aggregates without small cells."""
    _write(_text("use", PlainFormat.JSON if json else format_, url, data), output)


@app.command()
def exposure(
    format_: Plain = PlainFormat.TEXT,
    output: Output = None,
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Tell what findings against services may cost, from the profile's table of fines."""
    _write(_text("exposure", PlainFormat.JSON if json else format_, url, data), output)


def _text(name: str, format_: PlainFormat, url: str | None, data: Path | None) -> str:
    from gateway.client import LabClient, find

    async def ask() -> str:
        async with LabClient(find(url, data)) as lab:
            return await lab.get_text(f"/lab/reports/{name}", format=format_.value)

    return run(ask())


def _write(report: str, output: Path | None) -> None:
    if output is None:
        typer.echo(report.rstrip("\n"))
        return
    try:
        output.write_text(report, encoding="utf-8")
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}")
