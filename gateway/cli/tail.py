"""`confirmlab tail`: the journal of a running lab, live."""

import json as jsons
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import Data, Json, Url, run

if TYPE_CHECKING:
    from gateway.cli.following import Event

COLOURS = {
    "http": "blue",
    "confirmation": "green",
    "identification": "bright_green",
    "smpp": "cyan",
    "message": "cyan",
    "receipt": "cyan",
    "handset": "magenta",
    "call": "yellow",
    "webhook": "bright_blue",
    "fault": "red",
}
"""The colour of an event by what its type begins with."""


def tail(
    type_: Annotated[str, typer.Option("--type", help="Only types that begin so: smpp., confirmation.confirmed")] = "",
    subject: Annotated[str, typer.Option("--subject", help="Only what happens to this id, number or account.")] = "",
    service: Annotated[str, typer.Option("--service", help="Only what concerns this service.")] = "",
    after: Annotated[
        int | None,
        typer.Option("--after", min=0, help="Go on after this number; 0: all that the lab remembers. Default: now on."),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="End after so many events.")] = None,
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the journal as it grows, until Ctrl-C; a lab that restarts is waited for. Numbers are shown in clear."""
    from contextlib import suppress

    from gateway.cli.following import events

    wanted = {name: value for name, value in (("type", type_), ("subject", subject)) if value}

    async def follow() -> None:
        shown = 0
        async with events(url, data, after, **wanted) as journal:
            async for event in journal:
                if service and not concerns(event, service):
                    continue
                typer.echo(jsons.dumps(event, ensure_ascii=False)) if json else _show(event)
                shown += 1
                if shown == limit:
                    return

    with suppress(KeyboardInterrupt):
        run(follow())


def concerns(event: "Event", service: str) -> bool:
    """Return whether an event names a service."""
    return service in (event["subject"], event["data"].get("service_id"))


def _show(event: "Event") -> None:
    from rich.text import Text

    from gateway.cli.tables import console

    kind = str(event["type"])
    line = Text()
    line.append(f"{event['seq']}  ", style="dim")
    line.append(f"{event['at']}  ")
    line.append(f"{kind:<28} ", style=COLOURS.get(kind.partition(".")[0], "white"))
    line.append(f"{event['subject']}  ", style="bold")
    line.append(details(event["data"]), style="dim")
    console().print(line)


def details(data: dict[str, Any]) -> str:
    """Return the plain members of an event's data, and of the thing that it tells of where that stands."""
    told = []
    for name, value in data.items():
        if isinstance(value, dict):
            told += [f"{key}={value[key]}" for key in ("state", "method", "reason") if value.get(key) is not None]
        elif value is not None and value != []:
            told.append(f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}")
    return " ".join(told)
