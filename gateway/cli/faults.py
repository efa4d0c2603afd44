"""`confirmlab faults`: what a running lab's SMSC does wrong on purpose."""

import json as jsons
from typing import Annotated, Any

import typer

from gateway.cli.options import Data, Json, Url, print_json, run
from gateway.cli.tables import print_table

app = typer.Typer(help="List, add and take away faults of the SMSC.", no_args_is_help=True)


@app.command(name="list")
def list_them(url: Url = None, data: Data = None, json: Json = False) -> None:
    """List the faults in force and how often each fired."""
    found = _call("GET", "/lab/faults", None, url, data)
    if json:
        print_json(found)
        return
    rows = [(each["id"], f"{each['fired']} of {each['fitted']}", *_told(each)) for each in found["faults"]]
    print_table(("id", "fired", "fault", "keys"), rows, nothing="no fault is in force")


@app.command()
def add(
    fault: Annotated[str, typer.Argument(help="The fault's name, such as status; docs/faults.md has them all.")],
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="Its keys and conditions: status=ESME_RTHROTTLED when.destination=+7000 when.every=3"),
    ] = None,
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Put a fault in force."""
    shown = _call("POST", "/lab/faults", rule(fault, keys or []), url, data)
    print_json(shown) if json else typer.echo(_line(shown))


@app.command()
def remove(
    fault_id: Annotated[str, typer.Argument(help="The id that `list` shows.")],
    url: Url = None,
    data: Data = None,
) -> None:
    """Take one fault out of force."""
    _call("DELETE", f"/lab/faults/{fault_id}", None, url, data)


@app.command()
def clear(url: Url = None, data: Data = None) -> None:
    """Take all faults out of force; counts and chance start anew."""
    _call("DELETE", "/lab/faults", None, url, data)


TEXTS = frozenset(
    ("source", "destination", "text", "account", "command", "service_type", "message_id", "status", "response", "at")
)
"""Keys whose values are texts even where they look like numbers."""


def rule(fault: str, keys: list[str]) -> dict[str, Any]:
    """Return the rule that a command line means; numbers, true and false are read as JSON, all else as text."""
    made: dict[str, Any] = {"fault": fault}
    for key in keys:
        name, equals, value = key.partition("=")
        if not equals:
            raise typer.BadParameter(f"write {key!r} as KEY=VALUE, such as when.every=3")
        *above, last = name.split(".")
        place = made
        for part in above:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise typer.BadParameter(f"{part!r} has a value already, and cannot have keys below it")
        place[last] = value if last in TEXTS else _value(value)
    return made


def _value(text: str) -> Any:
    try:
        return jsons.loads(text)
    except ValueError:
        return text


def _line(shown: dict[str, Any]) -> str:
    return f"{shown['id']}  fired {shown['fired']} of {shown['fitted']}  {' '.join(_told(shown)).rstrip()}"


def _told(shown: dict[str, Any]) -> tuple[str, str]:
    """Return a fault's name, and its keys where they are not the defaults."""
    keys = dict(shown["rule"])
    name, when = keys.pop("fault"), keys.pop("when")
    defaults = {"every": 1, "probability": 1.0}
    told = [f"{key}={value}" for key, value in keys.items() if value is not None]
    told += [f"when.{key}={value}" for key, value in when.items() if value not in (None, defaults.get(key))]
    return name, " ".join(told)


def _call(method: str, path: str, body: Any, url: str | None, data: Any) -> Any:
    from gateway.client import LabClient, find

    async def ask() -> Any:
        async with LabClient(find(url, data)) as lab:
            if method == "DELETE":
                return await lab.delete(path)
            return await (lab.get(path) if method == "GET" else lab.post(path, body))

    return run(ask())
