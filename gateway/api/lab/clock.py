"""The lab clock: look at it, turn it, stop it, let it run."""

from typing import Protocol

from pydantic import Field

from gateway.api.types import Duration, Timestamp
from smsc_emulator.base import durations
from smsc_emulator.base.web import Body, Call, Model, ProblemError, ProblemKind, Reply, Routes

LAST_INSTANT = durations.instant("9000-01-01T00:00:00Z")
"""Where the clock ends: dates are written with four digits of the year, and deadlines lie beyond the clock."""

CLOCK_ENDS = ProblemKind("clock_ends", 409, "The lab clock goes to the year 9000 and never back.")


class Advance(Model):
    """How far to turn the clock."""

    by: Duration


class ClockState(Body):
    """Where the lab clock stands."""

    now: Timestamp
    running: bool = Field(description="Whether it moves by itself, with real time.")
    next_deadline_at: Timestamp | None = Field(description="The earliest deadline of anything in the lab.")


class LabTime(Protocol):
    """What the routes do with the clock; each change is stored."""

    async def state(self) -> tuple[int, bool, int | None]:
        """Return the instant, whether the clock runs, and the earliest deadline."""

    async def advance(self, by: int) -> int:
        """Turn the clock forward by `by` milliseconds; return the new instant."""

    async def pause(self) -> None:
        """Let the clock stand still."""

    async def resume(self) -> None:
        """Let the clock run with real time."""


def routes(time: LabTime) -> Routes:
    """Return the routes of the clock."""
    group = Routes("lab: clock")

    async def shown() -> Reply:
        now, running, due = await time.state()
        next_deadline_at = None if due is None else durations.iso(due)
        return Reply(ClockState(now=durations.iso(now), running=running, next_deadline_at=next_deadline_at))

    @group.add("GET", "/lab/clock", "Show the lab clock", answers={200: ClockState})
    async def show(_call: Call) -> Reply:
        return await shown()

    @group.add(
        "POST",
        "/lab/clock/advance",
        "Turn the clock forward, firing each deadline on the way at its instant",
        body=Advance,
        answers={200: ClockState},
        problems=(CLOCK_ENDS,),
    )
    async def advance(call: Call) -> Reply:
        by = durations.parse(call.body.by)
        now, _, _ = await time.state()
        if now + by > LAST_INSTANT:
            raise ProblemError(
                CLOCK_ENDS, f"The clock stands at {durations.iso(now)}; it cannot turn by {call.body.by}."
            )
        await time.advance(by)
        return await shown()

    @group.add("POST", "/lab/clock/pause", "Let the clock stand still", answers={200: ClockState})
    async def pause(_call: Call) -> Reply:
        await time.pause()
        return await shown()

    @group.add("POST", "/lab/clock/resume", "Let the clock run with real time", answers={200: ClockState})
    async def resume(_call: Call) -> Reply:
        await time.resume()
        return await shown()

    return group
