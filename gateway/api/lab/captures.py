"""Captures of all SMPP and SIP as pcapng files: start, list, stop, download, delete."""

import asyncio
from typing import Annotated, Literal

from pydantic import Field

from gateway.api.errors import CAPTURE_FAILED, TOO_MANY_CAPTURES, as_problems
from gateway.api.types import Duration
from gateway.captures.lab import LARGEST, LONGEST, LabCaptures
from smsc_emulator.base import durations
from smsc_emulator.base.config import Whole
from smsc_emulator.base.web import NOT_FOUND, Body, Call, Model, ProblemError, Reply, Routes
from smsc_emulator.net.capture import Bounds, Capture, EndedBy

_ONE = "/lab/captures/{capture_id}"
_PATTERNS = {"capture_id": "^cap_[0-9a-f]{16}$"}
PCAPNG = "application/x-pcapng"

RealTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""An instant of real time, UTC, with milliseconds."""


class NewCapture(Model):
    """How long and how large a capture may become."""

    max_time: Duration = Field("10m", description="Real time after which it ends by itself, up to a day.")
    max_size: Annotated[int, Field(ge=4096, le=LARGEST), Whole] = Field(
        32 << 20, description="Octets at which it ends by itself."
    )


class CaptureShown(Body):
    """A capture."""

    id: str
    state: Literal["running", "ended"]
    ended_by: EndedBy | None = Field(description="Why it is over: asked to, full, out of time, or its file failed.")
    started_at: RealTime
    ended_at: RealTime | None
    packets: int = Field(description="How many packets have been written; the last half second is not counted yet.")
    lost: int = Field(description="How many packets were lost: a pipe's reader was not there, too slow or gone.")
    size: int = Field(description="How many octets the file has.")
    max_size: int
    max_time: str


class CaptureList(Body):
    """The captures of this run of the lab, oldest first."""

    captures: list[CaptureShown]


def routes(captures: LabCaptures) -> Routes:
    """Return the routes of the captures."""
    group = Routes("lab: captures")
    _add_all(group, captures)
    _add_one(group, captures)
    return group


def _add_all(group: Routes, captures: LabCaptures) -> None:
    @group.add("GET", "/lab/captures", "List the captures", answers={200: CaptureList})
    async def list_them(_call: Call) -> Reply:
        return Reply(CaptureList(captures=[_shown(capture) for capture in captures.all()]))

    @group.add(
        "POST",
        "/lab/captures",
        "Capture all SMPP and SIP in a pcapng file, which holds texts and codes in clear",
        body=NewCapture,
        answers={201: CaptureShown},
        problems=(TOO_MANY_CAPTURES, CAPTURE_FAILED),
    )
    async def start(call: Call) -> Reply:
        seconds = min(durations.parse(call.body.max_time) / 1000, LONGEST)
        with as_problems():
            try:
                return Reply(_shown(captures.start(Bounds(call.body.max_size, seconds))), 201)
            except OSError as error:
                raise ProblemError(CAPTURE_FAILED, f"The file cannot be written: {error.strerror}.") from None


def _add_one(group: Routes, captures: LabCaptures) -> None:
    @group.add("GET", _ONE, "Show a capture", answers={200: CaptureShown}, patterns=_PATTERNS, problems=(NOT_FOUND,))
    async def show(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(captures.get(call.path["capture_id"])))

    @group.add(
        "POST",
        f"{_ONE}/stop",
        "End a capture; its file stays",
        answers={200: CaptureShown},
        patterns=_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def stop(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(captures.stop(call.path["capture_id"])))

    @group.add(
        "GET",
        f"{_ONE}/file",
        "Download a capture, also while it runs",
        answers={200: None},
        patterns=_PATTERNS,
        problems=(NOT_FOUND,),
        other_types=(PCAPNG,),
    )
    async def download(call: Call) -> Reply:
        id_ = call.path["capture_id"]
        with as_problems():
            file = captures.file(id_)
        try:
            raw = await asyncio.get_running_loop().run_in_executor(None, file.read_bytes)
        except OSError as error:
            raise ProblemError(NOT_FOUND, f"The file of {id_} cannot be read any more: {error.strerror}.") from None
        named = {"Content-Disposition": f'attachment; filename="{id_}.pcapng"'}
        return Reply(raw, headers=named, content_type=PCAPNG)

    @group.add("DELETE", _ONE, "Delete a capture", answers={204: None}, patterns=_PATTERNS, problems=(NOT_FOUND,))
    async def delete(call: Call) -> Reply:
        with as_problems():
            captures.delete(call.path["capture_id"])
        return Reply(None, 204)


def _shown(capture: Capture) -> CaptureShown:
    bounds = capture.bounds
    return CaptureShown(
        id=capture.id,
        state="running" if capture.ended_by is None else "ended",
        ended_by=capture.ended_by,
        started_at=durations.iso(capture.started_at),
        ended_at=None if capture.ended_at is None else durations.iso(capture.ended_at),
        packets=capture.packets,
        lost=capture.lost,
        size=capture.size,
        max_size=bounds.size,
        max_time="" if bounds.seconds is None else durations.spell(round(bounds.seconds * 1000)),
    )
