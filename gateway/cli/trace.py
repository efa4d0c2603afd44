"""`confirmlab trace`: what happened because of one request, over all layers."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.cli.options import Data, Json, Url, print_json, run


def trace(
    id_: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A confirmation, identification, message, request (X-Request-Id), call or webhook event."
        ),
    ],
    reveal: Annotated[bool, typer.Option("--reveal", help="Show numbers in clear; codes are never shown.")] = False,
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show what belongs to an id, from the HTTP request over SMPP or SIP to the webhook."""
    from gateway.client import LabClient, find

    async def ask() -> Any:
        async with LabClient(find(url, data)) as lab:
            return await lab.get(f"/lab/traces/{quote(id_, safe='')}", reveal=str(reveal).lower())

    found = run(ask())
    if json:
        print_json(found)
        return
    _print(found)


def _print(found: dict[str, Any]) -> None:
    from gateway.cli.tables import print_table
    from gateway.cli.tail import details

    began = found["steps"][0]["at"]
    typer.echo(f"{found['id']}, from {began} on; times in ms of lab time")
    rows: list[tuple[Any, ...]] = []
    for step in found["steps"]:
        rows.append((f"+{step['offset_ms']}", step["layer"], step["type"], step["subject"], details(step["told"])))
        # What is zero says little in most fields; --json has it all.
        rows += [("", "", "", f"  {name}", value) for name, value in (step["pdu"] or {}).items() if value]
    print_table(("ms", "layer", "what", "of", "told"), rows, nothing="")
