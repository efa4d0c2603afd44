"""Playing a scenario: one step after the other, until one is not as expected."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from gateway.scenarios.acting import ACTS, ActError, Cast
from gateway.scenarios.filling import UnknownNameError, filled
from gateway.scenarios.reading import Play
from gateway.scenarios.script import Step, Then, When, offset
from gateway.scenarios.seeing import LOOKS
from gateway.scenarios.stage import Stage
from smsc_emulator.base import durations
from smsc_emulator.base.config import WRITTEN
from smsc_emulator.base.journal import Event
from smsc_emulator.frozen import frozen

PATIENCE = 5.0
"""Real seconds that what is expected may take to be seen; the clock stands still meanwhile."""

AROUND = 15
"""How many of the journal's last events a failure shows."""

ASIDE = ("clock.", "smpp.", "webhook.")
"""What is not shown of them."""


@frozen
class Failure:
    """The step that was not as expected."""

    place: str
    """Its file:line:column."""
    step: str
    lines: tuple[str, ...]
    """What was expected, and what was got."""
    journal: tuple[str, ...]
    """The last events before it."""


@frozen
class Result:
    """How a run went."""

    title: str
    name: str
    seconds: float
    """Real time that it took."""
    steps: int
    """How many steps were played."""
    failure: Failure | None = None


Look = Callable[[Stage], Awaitable[None]]


async def play(
    one: Play, seed: str | None = None, *, database: str | None = None, at_end: Look | None = None
) -> Result:
    """Play a run on a lab of its own; the same `seed` gives the same codes and ids.

    `database` is the URL of an empty one that is for this run alone; without it, it is a file in the lab's folder.

    `at_end` may look at the stage when all steps are played and before the lab is stopped.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="confirmlab-") as folder:
        async with Stage(one, Path(folder), seed or one.title, database) as stage:
            cast = Cast(stage, stage.now)
            failure = None
            played = 0
            for index, step in enumerate(one.script.steps):
                if step.only is None or one.run in step.only:
                    played += 1
                    failure = await _played(one, index, step, cast)
                if failure is not None:
                    break
            if at_end is not None:
                await at_end(stage)
    return Result(one.title, one.script.name, time.monotonic() - began, played, failure)


async def _played(one: Play, index: int, step: Step, cast: Cast) -> Failure | None:
    """Play one step; return what was not as expected."""
    try:
        await _turn(cast, step)
        if step.when is not None:
            word, told = _known(step.when, cast).act
            await ACTS[word](cast, told)
            await cast.stage.settled()
        if step.mark is not None:
            cast.zero = cast.stage.now
        lines = [] if step.then is None else await _see(cast, step.then)
    except (ActError, UnknownNameError) as error:
        lines = [str(error)]
    if not lines:
        return None
    events = [event for event in cast.stage.events() if not event.type.startswith(ASIDE)][-AROUND:]
    shown = tuple(_line(event, cast.zero) for event in events)
    return Failure(one.place("steps", index), _spell(step, index), tuple(lines), shown)


async def _turn(cast: Cast, step: Step) -> None:
    """Turn the clock to where the step happens. Raises ActError if that has passed."""
    if step.after is not None:
        await cast.stage.turn(durations.parse(step.after))
    if step.at is not None:
        target = cast.zero + offset(step.at)
        if target < cast.stage.now:
            raise ActError(f"{step.at} is {durations.iso(target)}, but the clock is at {durations.iso(cast.stage.now)}")
        await cast.stage.turn(target - cast.stage.now)


async def _see(cast: Cast, then: Then) -> list[str]:
    """Return where it is not as expected, once that has had its time to come."""
    until = time.monotonic() + PATIENCE
    while True:
        await cast.stage.settled()
        last = cast.stage.events()[-1].seq
        lines = [line async for line in _look(cast, then)]
        if not lines or time.monotonic() > until:
            return lines
        await cast.stage.grown(last)
        await asyncio.sleep(0.01)


async def _look(cast: Cast, then: Then) -> AsyncIterator[str]:
    told = _known(then, cast)
    for word in told.model_fields_set:
        async for line in LOOKS[word](cast, getattr(told, word)):
            yield line


def _known(part: Any, cast: Cast) -> Any:
    """Return a part of a step with what is known of the answers so far put in."""
    model: type[When | Then] = type(part)
    told = part.model_dump(exclude_unset=True, by_alias=True)
    return model.model_validate(filled(told, cast.known), context=WRITTEN)


def _spell(step: Step, index: int) -> str:
    turned = [f"at {step.at}" if step.at else "", f"after {step.after}" if step.after else ""]
    word = [] if step.when is None else [step.when.act[0]]
    looked = (
        [] if step.then is None else ["then " + ", ".join(sorted(w.rstrip("_") for w in step.then.model_fields_set))]
    )
    return f"step {index + 1}: " + ", ".join(filter(None, [*turned, *word, *looked]))


def _line(event: Event, zero: int) -> str:
    data = ", ".join(f"{name}={value!r}" for name, value in event.data.items() if not isinstance(value, dict))
    return f"{(event.at - zero) / 1000:+12.3f} s  {event.type}  {event.subject}  {data}".rstrip()
