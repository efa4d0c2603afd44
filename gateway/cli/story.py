"""What the demos stand on: lines with the times of the journal's events, and the journal followed as it grows."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from smsc_emulator.frozen import frozen

if TYPE_CHECKING:
    from gateway.client import LabClient

NUMBER = "+70000000001"
"""The user's number."""

PATIENCE = 20.0
"""Real seconds that each step may take."""


@frozen
class Teller:
    """Prints what the demos show: lines for people, or with `as_json` one object a line for programs."""

    as_json: bool = False

    def say(self, text: str) -> None:
        """Print a sentence."""
        typer.echo(json.dumps({"kind": "text", "text": text}, ensure_ascii=False) if self.as_json else text)

    def pause(self) -> None:
        """Print an empty line between two stories."""
        if not self.as_json:
            typer.echo("")

    def step(self, at: str, offset_ms: int, step: str, detail: str) -> None:
        """Print one step that happened at `at`, an instant of the lab clock."""
        if self.as_json:
            told = {"kind": "step", "at": at, "offset_ms": offset_ms, "step": step, "detail": detail}
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            typer.echo(f"{at}  {f'{offset_ms / 1000:+.3f} s':>12}  {step:<19} {detail}")


@dataclass
class Story:
    """What is printed: each step with its lab time, and how long after the beginning it was."""

    teller: Teller
    began: int | None = None

    def tell(self, at: str, step: str, detail: str) -> None:
        """Print one step that happened at `at`, an instant of the lab clock."""
        from smsc_emulator.base import durations

        now = durations.instant(at)
        self.began = now if self.began is None else self.began
        self.teller.step(at, now - self.began, step, detail)


async def first(lab: "LabClient", after: int, subject: str, kind: str) -> Mapping[str, Any]:
    """Return the first event of a type about `subject`. Raises TimeoutError if there is none."""
    page = await lab.get("/lab/journal", after=after, subject=subject, type=kind, wait="5s")
    if not page["events"]:
        raise TimeoutError(kind)
    event: Mapping[str, Any] = page["events"][0]
    return event


async def follow(
    lab: "LabClient", after: int, is_ours: Callable[[Mapping[str, Any]], bool]
) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the journal's events that are ours, as they come. Raises TimeoutError if none comes for long."""
    import asyncio

    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while loop.time() < until:
        page = await lab.get("/lab/journal", after=after, wait="2s")
        after = page["last_seq"]
        for event in page["events"]:
            if is_ours(event):
                until = loop.time() + PATIENCE
                yield event
    raise TimeoutError
