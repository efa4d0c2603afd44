"""`confirmlab capture`: captures of all SMPP and SIP of a running lab, for Wireshark."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.options import Data, Json, Url, fail, millis, print_json, run

app = typer.Typer(help="Capture SMPP and SIP for Wireshark.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The id that `list` shows.")]


@app.command()
def start(
    max_time: Annotated[str, typer.Option("--max-time", help="Real time after which it ends by itself.")] = "10m",
    max_size: Annotated[int, typer.Option("--max-size", min=4096, help="Octets at which it ends.")] = 32 << 20,
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Begin a capture. Its file holds texts and codes in clear."""
    millis(max_time)
    _print([_call("POST", "", url, data, {"max_time": max_time, "max_size": max_size})], json, one=True)


@app.command("list")
def list_them(url: Url = None, data: Data = None, json: Json = False) -> None:
    """List the captures of this run of the lab."""
    _print(_call("GET", "", url, data)["captures"], json)


@app.command()
def stop(id_: Id, url: Url = None, data: Data = None, json: Json = False) -> None:
    """End a capture; its file stays."""
    _print([_call("POST", f"/{id_}/stop", url, data)], json, one=True)


@app.command()
def save(
    id_: Id,
    file: Annotated[Path, typer.Argument(help="Where to write it; it is readable by its owner alone.")],
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Download a capture, also while it runs."""
    from gateway.client import LabClient, find

    async def ask() -> bytes:
        async with LabClient(find(url, data)) as lab:
            return await lab.get_bytes(f"/lab/captures/{id_}/file")

    octets = run(ask())
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(octets)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")
    if json:
        print_json({"file": str(file), "size": len(octets)})
    else:
        typer.echo(f"{file}: {len(octets)} octets")


@app.command()
def remove(id_: Id, url: Url = None, data: Data = None) -> None:
    """End a capture and delete its file."""
    _call("DELETE", f"/{id_}", url, data)


def _call(method: str, path: str, url: str | None, data: Path | None, body: Any = None) -> Any:
    from gateway.client import LabClient, find

    async def ask() -> Any:
        async with LabClient(find(url, data)) as lab:
            where = f"/lab/captures{path}"
            if method == "DELETE":
                return await lab.delete(where)
            return await (lab.get(where) if method == "GET" else lab.post(where, body))

    return run(ask())


def _print(captures: list[dict[str, Any]], as_json: bool, *, one: bool = False) -> None:
    from gateway.cli.tables import print_table

    if as_json:
        print_json(captures[0] if one else {"captures": captures})
        return
    rows = [
        (
            *(each["id"], each["state"], each["ended_by"] or "", each["started_at"]),
            *(each["packets"], each["lost"], each["size"]),
        )
        for each in captures
    ]
    print_table(
        ("id", "state", "ended by", "started", "packets", "lost", "octets"), rows, nothing="no capture was made"
    )
