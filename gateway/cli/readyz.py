"""`confirmlab readyz`: wait until a lab serves."""

import time
from typing import Annotated, Any

import typer

from gateway.cli.options import FAILED, Data, Json, Url, millis, print_json, run

PAUSE = 0.05
"""Real seconds between two tries."""


def readyz(
    wait: Annotated[str, typer.Option("--wait", help="How long to wait for the lab: 500ms, 30s, 2m.")] = "0s",
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Tell whether a lab serves, waiting for it if asked to."""
    ready, state = run(_poll(url, data, millis(wait) / 1000))
    if json:
        print_json(state)
    else:
        typer.echo(_sentence(ready, state), err=not ready)
    if not ready:
        raise typer.Exit(FAILED)


def _sentence(ready: bool, state: dict[str, Any]) -> str:
    if ready:
        return f"ready: {state['url']}"
    waiting = [name for name, right in (state.get("checks") or {}).items() if not right]
    return f"not ready: {'waiting for ' + ', '.join(waiting) if waiting else state['reason']}"


async def _poll(url: str | None, data: Any, seconds: float) -> tuple[bool, dict[str, Any]]:
    """Ask until the lab is ready or the time is over; a ports.json that appears meanwhile is followed."""
    import asyncio

    deadline = time.monotonic() + seconds
    while True:
        ready, state = await _ask(url, data)
        if ready or time.monotonic() >= deadline:
            return ready, state
        await asyncio.sleep(PAUSE)


async def _ask(url: str | None, data: Any) -> tuple[bool, dict[str, Any]]:
    from gateway.client import LabClient, LabError, LabRefusedError, find

    state: dict[str, Any] = {"url": url, "status": "not_ready"}
    try:
        address = find(url, data)
        state["url"] = address.url
        async with LabClient(address) as lab:
            return True, state | await lab.get("/readyz")
    except LabRefusedError as error:
        found = error.problem if isinstance(error.problem, dict) else {}
        return False, state | {"reason": str(error)} | found
    except LabError as error:
        return False, state | {"reason": str(error)}
