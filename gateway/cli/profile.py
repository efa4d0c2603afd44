"""`confirmlab profile`: the sets of identification rules, and what their sources leave open."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import WRONG_USAGE, Json, fail, print_json
from gateway.cli.tables import print_table

if TYPE_CHECKING:
    from gateway.identification.profiles import Profile

app = typer.Typer(help="Show the sets of identification rules.", no_args_is_help=True)


class Standing(StrEnum):
    """What a key's value rests on."""

    SETTLED = "settled"
    UNSPECIFIED = "unspecified"
    """The sources are silent or contradict each other: the value is the lab's choice."""


@app.callback()
def _group() -> None:
    """Show the sets of identification rules."""


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the profiles with the times in which they may be in force."""
    found = _read()
    if as_json:
        print_json([_head(profile) for profile in found.values()])
        return
    rows = [(profile.name, _when(profile), profile.title) for profile in found.values()]
    print_table(("name", "may be in force", "title"), rows, nothing="there is no profile")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The profile's name, or a YAML file.")],
    as_json: Json = False,
) -> None:
    """Show each key of a profile with its value, and whether a source settles it."""
    profile = _named(name)
    keys = _keys(profile)
    if as_json:
        told = [{"key": key, "value": value, "standing": standing.value} for key, value, standing in keys]
        print_json({**_head(profile), "keys": told})
        return
    typer.echo(f"{profile.name}: {profile.title}\nmay be in force: {_when(profile)}\nsources:")
    for source in profile.sources:
        typer.echo(f"  {source}")
    typer.echo("keys:")
    for key, value, standing in keys:
        mark = "" if standing is Standing.SETTLED else f"  ({standing.value})"
        typer.echo(f"  {key}: {_spell(value)}{mark}")


def _named(name: str) -> "Profile":
    from gateway.identification import profiles

    if name.endswith((".yaml", ".yml")):
        try:
            return profiles.load(Path(name))
        except profiles.ProfileError as error:
            fail(str(error), WRONG_USAGE)
    found = _read()
    if name not in found:
        fail(f"there is no profile {name!r}; known profiles: {', '.join(found)}", WRONG_USAGE)
    return found[name]


def _read() -> dict[str, "Profile"]:
    from gateway.identification import profiles
    from gateway.resources import config_path

    return profiles.load_all(config_path("profiles"))


def _keys(profile: "Profile") -> list[tuple[str, Any, Standing]]:
    """Return each rule with its value as plain JSON and its standing, in the order of the model."""
    from gateway.identification import profiles

    unsettled = profile.open_questions
    rows = []
    for key, value in profile.model_dump(mode="json", exclude=set(profiles.DESCRIPTION)).items():
        standing = Standing.UNSPECIFIED if key in unsettled else Standing.SETTLED
        rows.append((key, value, standing))
    return rows


def _head(profile: "Profile") -> dict[str, Any]:
    return profile.model_dump(mode="json", include={"name", "title", "sources", "valid_from", "valid_to"})


def _when(profile: "Profile") -> str:
    first = "" if profile.valid_from is None else profile.valid_from.date().isoformat()
    end = "" if profile.valid_to is None else profile.valid_to.date().isoformat()
    return f"{first or 'ever'} to before {end}" if end else f"from {first}" if first else "always"


def _spell(value: Any) -> str:
    """Return a value in one line, as it may be written in a profile's file."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(_spell, value))}]"
        case dict():
            return f"{{{', '.join(f'{key}: {_spell(one)}' for key, one in value.items() if one is not None)}}}"
    return str(value)
