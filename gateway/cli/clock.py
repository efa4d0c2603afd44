"""`confirmlab clock`: see and turn the lab clock of a running lab."""

from typing import Annotated, Any

import typer

from gateway.cli.options import Data, Json, Url, millis, print_json, run

app = typer.Typer(help="See, turn, pause and resume the lab clock.", no_args_is_help=True)


@app.command()
def show(url: Url = None, data: Data = None, json: Json = False) -> None:
    """Show where the lab clock stands."""
    _print(_call("GET", "/lab/clock", None, url, data), json)


@app.command()
def advance(
    by: Annotated[str, typer.Argument(help="How far: 250ms, 10s, 20m, 1h30m, 2d.")],
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Turn the clock forward; each deadline on the way fires at its instant."""
    millis(by)
    _print(_call("POST", "/lab/clock/advance", {"by": by}, url, data), json)


@app.command()
def pause(url: Url = None, data: Data = None, json: Json = False) -> None:
    """Let the clock stand still; what is already due still happens."""
    _print(_call("POST", "/lab/clock/pause", None, url, data), json)


@app.command()
def resume(url: Url = None, data: Data = None, json: Json = False) -> None:
    """Let the clock run with real time."""
    _print(_call("POST", "/lab/clock/resume", None, url, data), json)


def _call(method: str, path: str, body: Any, url: str | None, data: Any) -> Any:
    from gateway.client import LabClient, find

    async def ask() -> Any:
        async with LabClient(find(url, data)) as lab:
            return await (lab.get(path) if method == "GET" else lab.post(path, body))

    return run(ask())


def _print(state: Any, as_json: bool) -> None:
    if as_json:
        print_json(state)
        return
    due = state.get("next_deadline_at")
    moves = "runs" if state["running"] else "stands still"
    typer.echo(f"{state['now']}  {moves}; {f'next deadline at {due}' if due else 'no deadline ahead'}")
