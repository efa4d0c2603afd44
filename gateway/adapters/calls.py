"""Confirm's way to a voice switch: calls placed and taken back over SIP, and what becomes of them told in order."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from confirm.ports import CallFate, CallReport, CallUnavailableError
from gateway.adapters import fates
from gateway.adapters.intake import Intake
from smsc_emulator.base.database import Tx
from smsc_emulator.sip.calls import Answered, CallControl, CallEvent, Ended, Invitation, Peer, Progress

PATIENCE: Final = 0.5
"""Real seconds for which a caller waits for a network that says nothing; what it says later is told as it comes.

A turn of the lab clock waits for calls that are being placed or taken back. A switch that holds a call without a word
may itself be waiting for that clock.
"""

NORMAL_CLEARING: Final = 16
"""Q.850's cause for hanging up as meant."""

NOT_PLACED: Final = 503
"""The status of a call whose INVITE could not be sent."""

Report = Callable[[Tx, int, CallReport], object]

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Call:
    """An outgoing call under way."""

    settled: asyncio.Future[None]
    """Done when the first report is kept, or with CallUnavailableError."""
    over: asyncio.Future[None]
    """Done when the last report is kept."""
    invited: bool = False
    """Whether the switch has been found and called."""
    awaited: bool = True
    """Whether `place` still waits."""
    course: fates.Course = field(default_factory=fates.Course)
    heard: bool = False
    """Whether the network has said anything above 100."""
    answered_at: float | None = None


class SipCalls:
    """Places calls at the switch that `find` finds, and reports what becomes of them; see `confirm.ports.CallPort`.

    `find` raises CallUnavailableError while there is no way to the switch. An answered call is hung up at once.
    """

    def __init__(
        self, control: CallControl, find: Callable[[], Awaitable[Peer]], intake: Intake, report: Report
    ) -> None:
        self._control = control
        self._find = find
        self._intake = intake
        self._report = report
        self._calls: dict[str, _Call] = {}

    async def place(self, call: str, to: str, caller: str, *, ring: int) -> None:
        """Call `to` and return once it has rung or failed, or when the switch keeps silent.

        `ring` is not told to the switch, whose timers run on real time.
        """
        loop = asyncio.get_running_loop()
        placed = self._calls[call] = _Call(loop.create_future(), loop.create_future())
        try:
            peer = await self._find()
            if call not in self._calls:  # hung up meanwhile, and nobody would do so again
                return
            placed.invited = True
            self._control.invite(call, peer, Invitation(caller=caller, called=to, asserted=caller))
        except (CallUnavailableError, OSError) as error:  # OSError: it could not be written down, and so was not made
            self._calls.pop(call, None)
            raise CallUnavailableError(str(error)) from error
        try:
            await asyncio.wait([placed.settled], timeout=PATIENCE)
        finally:
            placed.awaited = False
        if placed.settled.done():
            placed.settled.result()

    async def hang_up(self, call: str) -> None:
        """End the call and return once it has ended, or when the switch keeps silent."""
        placed = self._calls.get(call)
        if placed is None:
            return
        if not placed.invited:
            del self._calls[call]
            return
        self._control.end(call, cause=NORMAL_CLEARING)
        await asyncio.wait([placed.over], timeout=PATIENCE)

    def hang_up_all(self) -> None:
        """Begin to end every call: this node is no longer the one that places them."""
        for call, placed in list(self._calls.items()):
            if placed.invited:
                self._control.end(call, cause=NORMAL_CLEARING)
            else:
                del self._calls[call]

    def on_event(self, event: CallEvent) -> None:
        """Take what the SIP user agent tells; calls that were not placed here are left alone."""
        placed = self._calls.get(event.call)
        if placed is None:
            return
        if isinstance(event, Progress):
            self._progress(placed, event)
        elif isinstance(event, Answered):
            placed.answered_at = asyncio.get_running_loop().time()
            self._control.end(event.call, cause=NORMAL_CLEARING)
        elif isinstance(event, Ended):
            self._ended(placed, event)

    def _progress(self, placed: _Call, event: Progress) -> None:
        placed.heard = True
        placed.course, fate = fates.progress(placed.course, event.status, early_media=event.early_media)
        if fate is not None:
            self._tell(CallReport(event.call, fate, event.status), placed.settled)

    def _ended(self, placed: _Call, event: Ended) -> None:
        del self._calls[event.call]
        if event.status == NOT_PLACED and placed.awaited and not (event.by_peer or placed.heard or event.answered):
            placed.settled.set_exception(CallUnavailableError("the voice switch cannot be reached"))
            placed.over.set_result(None)
            return
        fate = fates.final(placed.course, event.status, event.cause, answered=event.answered)
        status = 200 if fate is CallFate.ANSWERED else event.status
        report = CallReport(event.call, fate, status, event.cause, self._billable(placed, event))
        self._tell(report, placed.settled, placed.over)

    def _billable(self, placed: _Call, event: Ended) -> int:
        """Return the begun seconds of an answered call; one that crossed our CANCEL was answered for a moment."""
        if not event.answered:
            return 0
        if placed.answered_at is None:
            return 1
        return max(1, math.ceil(asyncio.get_running_loop().time() - placed.answered_at))

    def _tell(self, report: CallReport, *waiting: asyncio.Future[None]) -> None:
        """Keep a report, then let those go on who wait for it."""

        def kept(task: asyncio.Task[object]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("a call report could not be kept", fate=report.fate, exc_info=error)
            for future in waiting:
                if not future.done():
                    future.set_result(None)

        self._intake.take(lambda tx, now: self._report(tx, now, report)).add_done_callback(kept)
