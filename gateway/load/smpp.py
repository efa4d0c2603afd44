"""A load of submit_sm: the sessions are bound, the load runs, what is open is waited for, and all is told."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from gateway.load.exchange import Exchange
from gateway.load.messages import MOST_FRAMES, Wording, frames, told
from gateway.load.pace import PLAIN, Shape
from gateway.load.receipts import Receipts
from gateway.load.record import Record
from gateway.load.result import Result, result
from gateway.load.smpp_link import BindFailedError as BindFailedError
from gateway.load.smpp_link import Link
from gateway.load.supply import Budget, Paced, Supply, Windowed
from gateway.load.work import Work
from smsc_emulator.frozen import frozen
from smsc_emulator.smpp.constants import INTERFACE_VERSION
from smsc_emulator.smpp.pdus import Bind, BindReceiver, BindTransceiver, BindTransmitter

TICK: Final = 0.1
"""How often progress is told and the end looked for, in seconds."""
AT_ONCE: Final = 50
"""How many connections are being opened at once."""
BIND_WITHIN: Final = 10.0
AGAIN: Final = 0.5
"""The pause before a lost session is bound again, in seconds."""
UNBIND_WITHIN: Final = 1.0
DESERTED: Final = "ended early: no session could be bound again"


class BindAs(StrEnum):
    """As what each session binds."""

    TRANSCEIVER = "transceiver"
    TRANSMITTER = "transmitter"
    PAIR = "pair"
    """As a transmitter, with a receiver beside it."""


@frozen
class SmppPlan:
    """What to do. Without a rate the window alone drives. Times are seconds."""

    host: str
    port: int
    accounts: tuple[tuple[str, str], ...]
    """system_id and password of each."""
    wordings: tuple[Wording, ...]
    to: tuple[str, ...]
    sender: str = "loadtest"
    sessions: int = 1
    """How many of each account."""
    bind: BindAs = BindAs.TRANSCEIVER
    window: int = 10
    shape: Shape = PLAIN
    receipts: bool = False
    patience: float = 10.0
    """How long an answer is waited for, and at the end the last answers and receipts together."""

    @property
    def connections(self) -> int:
        """How many connections it takes."""
        return len(self.accounts) * self.sessions * (2 if self.bind is BindAs.PAIR else 1)

    @property
    def where(self) -> str:
        """Host and port, as people write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def told(self) -> dict[str, Any]:
        """Return what a report tells of it: no password, no text and no number."""
        return {
            "accounts": len(self.accounts),
            "sessions of each": self.sessions,
            "bound as": self.bind.value,
            "window": self.window,
            "rate": "as fast as the window lets" if self.shape.rate is None else f"{self.shape.rate:g} a second",
            "ramp": f"{self.shape.ramp:g} s",
            "texts": told(self.wordings),
            "numbers": len(self.to)
            if len(self.to) <= MOST_FRAMES
            else f"the first {MOST_FRAMES:,} of {len(self.to):,}",
            "receipts": "asked for" if self.receipts else "not asked for",
        }


class Clock:
    """Microseconds since `start`, on the loop's clock."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()

    def start(self) -> None:
        """Count from now on."""
        self._start = self._loop.time()

    def now(self) -> int:
        """Return the microseconds since the start."""
        return int((self._loop.time() - self._start) * 1e6)

    def real(self, instant: int) -> float:
        """Return an instant as the loop counts."""
        return self._start + instant / 1e6


@dataclass(slots=True)
class _Session:
    bind: Bind
    exchange: Exchange
    link: Link | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class SmppLoad:
    """One run. `record` may be read while it goes on; `stop` ends it early, with what is open still waited for."""

    def __init__(self, plan: SmppPlan) -> None:
        self.plan = plan
        self.record = Record("answer", ("receipt", "sending"))
        self.began_at = ""
        self.bound = 0
        """How many sessions are bound."""
        self._receipts = Receipts(self.record) if plan.receipts else None
        self._sessions: list[_Session] = []
        self._ending_at: int | None = None
        self._looked_at = self._bound_at = 0
        self._work = Work()
        self._stopping = False

    def result(self) -> Result:
        """Return what was measured."""
        return result(
            self.record,
            what="submit_sm",
            target=self.plan.where,
            plan=self.plan.told(),
            began_at=self.began_at,
            busy=self._work.busy,
            paced=self.plan.shape.rate is not None,
        )

    def stop(self) -> None:
        """Submit no more."""
        self._stopping = True

    async def run(self, progress: Callable[[], None] = lambda: None) -> Record:
        """Do it all; `progress` is called some ten times a second. Raises BindFailedError if a session cannot bind."""
        self._clock = Clock()
        self._make_sessions()
        try:
            await self._bind_all()
            self.began_at = datetime.now(UTC).isoformat(timespec="seconds")
            self._clock.start()
            self._work = Work()
            for session in self._sessions:
                assert session.link is not None
                session.link.start()
            while not self._over():
                await asyncio.sleep(TICK)
                progress()
            self._close_books()
        finally:
            await self._hang_up()
        return self.record

    def _make_sessions(self) -> None:
        plan = self.plan
        composed = frames(plan.wordings, plan.to, plan.sender, receipts=plan.receipts)
        submitting = [account for account in plan.accounts for _ in range(plan.sessions)]
        budget = Budget(plan.shape.count, int(plan.shape.duration * 1e6))
        for number, account in enumerate(submitting):
            supply = self._supply(number, len(submitting), budget)
            first = number * len(composed) // len(submitting)
            exchange = Exchange(composed, first, supply, self.record, self._receipts)
            kind = BindTransceiver if plan.bind is BindAs.TRANSCEIVER else BindTransmitter
            self._sessions.append(_Session(_bind(kind, account), exchange))
            if plan.bind is BindAs.PAIR:
                nothing = Exchange(composed, 0, Windowed(Budget(0, 0), 1), self.record, self._receipts)
                self._sessions.append(_Session(_bind(BindReceiver, account), nothing))

    def _supply(self, number: int, of: int, budget: Budget) -> Supply:
        window, shape = self.plan.window, self.plan.shape
        if shape.pace is None:
            return Windowed(budget, window, int(shape.ramp * 1e6))
        return Paced(shape.pace, window, number, of, shape.count, int(shape.duration * 1e6))

    async def _bind_all(self) -> None:
        free = asyncio.Semaphore(AT_ONCE)

        async def one(session: _Session) -> None:
            async with free:
                await self._connect(session)

        try:
            async with asyncio.TaskGroup() as binding:
                for session in self._sessions:
                    binding.create_task(one(session))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        for session in self._sessions:
            session.task = asyncio.create_task(self._keep(session))

    async def _connect(self, session: _Session) -> None:
        plan, loop = self.plan, asyncio.get_running_loop()
        where = plan.where
        session.exchange.begin()
        try:
            async with asyncio.timeout(BIND_WITHIN):
                make = lambda: Link(session.bind, session.exchange, self._clock)  # noqa: E731 - what asyncio calls
                _, session.link = await loop.create_connection(make, plan.host, plan.port)
                await session.link.bound
        except TimeoutError:
            raise BindFailedError(f"{where} did not answer the bind within {BIND_WITHIN:g} s") from None
        except OSError as error:
            raise BindFailedError(f"cannot connect to {where}: {_cause(error)}") from None
        except BindFailedError as error:
            raise BindFailedError(f"{error} (as {session.bind.system_id} at {where})") from None
        self.bound += 1

    async def _keep(self, session: _Session) -> None:
        """Bind a session again whenever its link is lost."""
        while True:
            assert session.link is not None
            await asyncio.shield(session.link.over)
            self.bound -= 1
            self.record.notes["sessions lost"] += 1
            while True:
                await asyncio.sleep(AGAIN)
                try:
                    await self._connect(session)
                except BindFailedError:
                    self.record.notes["binds again that failed"] += 1
                else:
                    session.link.start()
                    break

    def _over(self) -> bool:
        """Look after what is too old; return whether nothing more is to be waited for."""
        now, patience = self._clock.now(), int(self.plan.patience * 1e6)
        self._work.look(max(self.record.active, self.record.delivered_at))
        self._stopping = self._stopping or self._deserted(now, patience)
        ending = int(min(now, self.plan.shape.duration * 1e6))
        if self._stopping or ending < now:
            if self._ending_at is None:
                self.record.active = max(self.record.active, ending)
            for session in self._sessions:
                session.exchange.supply.stop(now)
        if now >= self._looked_at + min(1_000_000, patience // 2):
            self._looked_at = now
            for session in self._sessions:
                session.exchange.give_up(now, patience)
                if session.link is not None:
                    session.link.nudge()
        if not all(session.exchange.supply.ended(now) for session in self._sessions):
            return False
        if self._ending_at is None:
            self._ending_at = now + patience
        left = sum(session.exchange.open + session.exchange.supply.unsent() for session in self._sessions)
        if self._receipts is not None:
            left += self._receipts.expected
        return not left or now >= self._ending_at

    def _deserted(self, now: int, patience: int) -> bool:
        """Whether no session has been bound for so long that none will be."""
        if self.bound:
            self._bound_at = now
        if now < self._bound_at + patience:
            return False
        self.record.went_wrong(now, DESERTED)
        return True

    def _close_books(self) -> None:
        now = self._clock.now()
        for session in self._sessions:
            session.exchange.close(now)
        if self._receipts is not None:
            self._receipts.close(now)

    async def _hang_up(self) -> None:
        for session in self._sessions:
            if session.task is not None:
                session.task.cancel()
        links = [session.link for session in self._sessions if session.link is not None]
        for link in links:
            link.unbind()
        with suppress(TimeoutError):
            async with asyncio.timeout(UNBIND_WITHIN):
                await asyncio.gather(*(asyncio.shield(link.over) for link in links))
        for link in links:
            link.abort()
        tasks = [session.task for session in self._sessions if session.task is not None]
        await asyncio.gather(*tasks, *(link.over for link in links), return_exceptions=True)


def _cause(error: OSError) -> str:
    """Return why there is no connection; asyncio's own words leave that out."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _bind(kind: type[Bind], account: tuple[str, str]) -> Bind:
    system_id, password = account
    return kind(system_id=system_id, password=password, interface_version=INTERFACE_VERSION)
