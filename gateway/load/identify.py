"""A load of whole attempts through HTTP: started, proven by the handset, checked, and waited for to their end."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, Final

import aiohttp
from yarl import URL

from gateway.load.handsets import Handsets, KnownCode, LabHandsets
from gateway.load.journey import Journey, Template, member
from gateway.load.pace import PLAIN, Shape
from gateway.load.record import Record
from gateway.load.result import Result, result
from gateway.load.work import Work
from smsc_emulator.frozen import frozen

TICK: Final = 0.1
AGAIN: Final = 0.1
"""Seconds between two looks at a state that has not changed."""
AT_ONCE: Final = 20
"""How many inboxes are looked at together before the run."""
TOO_LONG: Final = "not over in time"
NOT_STARTED: Final = "not started: no user was free"
UNREACHABLE: Final = "no HTTP answer"
UNREADABLE: Final = "an answer without what was expected in it"


class UnusableError(Exception):
    """The run cannot begin; the message is a sentence for people."""


class _RefusedError(Exception):
    """A request was answered with an error; the message names it."""


@frozen
class IdentifyPlan:
    """What to do. Without a rate, each of `at_once` users starts again when he is through. Times are seconds."""

    url: str
    key: str
    numbers: tuple[str, ...]
    journey: Journey
    handsets_url: str | None = None
    """The lab that plays the handsets; None: `url`."""
    code: str | None = None
    """The code that is right for all numbers, where there are no handsets to read."""
    at_once: int = 10
    shape: Shape = PLAIN
    patience: float = 30.0
    """How long an attempt may take."""

    @property
    def users(self) -> int:
        """How many attempts are under way at the most: one for a number."""
        return min(self.at_once, len(self.numbers))

    def told(self) -> dict[str, Any]:
        """Return what a report tells of it: no key, no code and no number."""
        return {
            "users at once": self.users,
            "rate": "each again when he is through" if self.shape.rate is None else f"{self.shape.rate:g} a second",
            "ramp": f"{self.shape.ramp:g} s",
            "numbers": len(self.numbers),
            "handsets": "one known code" if self.code else "read from a lab",
            "started by": f"{self.journey.start.method} {self.journey.start.path}",
        }


class IdentifyLoad:
    """One run. `record` may be read while it goes on; `stop` ends it early, with what is open still waited for."""

    def __init__(self, plan: IdentifyPlan) -> None:
        self.plan = plan
        self.record = Record("attempt", ("start", "handset", "check", "verdict", "sending"))
        self._work = Work()
        self._numbers = iter(range(plan.shape.count))
        self._name = f"load-{secrets.token_hex(4)}"
        self._pace = plan.shape.pace
        self._stopping = asyncio.Event()
        self._began = self._ended = 0.0
        self.began_at = ""

    def result(self) -> Result:
        """Return what was measured."""
        return result(
            self.record,
            what="identifications",
            target=self.plan.url,
            plan=self.plan.told(),
            began_at=self.began_at,
            busy=self._work.busy,
            paced=self._pace is not None,
        )

    def stop(self) -> None:
        """Start no more attempts."""
        self._stopping.set()

    async def run(self, progress: Callable[[], None] = lambda: None) -> Record:
        """Do it all; `progress` is called some ten times a second. Raises UnusableError."""
        # Redirects and proxies could lead a load elsewhere than to its target.
        timeout = aiohttp.ClientTimeout(total=self.plan.patience)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as self._http:
            self._handsets = self._telephones()
            await self._prepare()
            self.began_at = datetime.now(UTC).isoformat(timespec="seconds")
            self._work, self._began = Work(), time.monotonic()
            users = [asyncio.create_task(self._user(place)) for place in range(self.plan.users)]
            end = asyncio.create_task(self._end())
            try:
                while not all(user.done() for user in users):
                    await asyncio.wait(users, timeout=TICK)
                    self._work.look(self.record.active)
                    progress()
                await asyncio.gather(*users)
                self.stop()
                await end
                self._count_unstarted()
            finally:
                for task in (*users, end):
                    task.cancel()
                await asyncio.gather(*users, end, return_exceptions=True)
        return self.record

    def _telephones(self) -> Handsets:
        plan = self.plan
        if plan.code is not None:
            return KnownCode(plan.code)
        base = plan.handsets_url or plan.url

        async def ask(method: str, path: str, body: Any) -> Any:
            return await self._call(method, base + path, None if body is None else json.dumps(body).encode(), "handset")

        return LabHandsets(ask)

    async def _prepare(self) -> None:
        free = asyncio.Semaphore(AT_ONCE)

        async def one(number: str) -> None:
            async with free:
                await self._handsets.prepare(number)

        try:
            async with asyncio.TaskGroup() as looking:
                for number in self.plan.numbers:
                    looking.create_task(one(number))
        except ExceptionGroup as failed:
            raise UnusableError(f"the handsets cannot be read: {failed.exceptions[0]}") from None

    async def _end(self) -> None:
        """Note the end of the planned time, or of what there was time for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.plan.shape.duration):
                await self._stopping.wait()
        self._ended = min(self._elapsed(), self.plan.shape.duration)
        if self._ended == self.plan.shape.duration:
            self.record.active = max(self.record.active, _micros(self._ended))
        self._stopping.set()

    async def _user(self, place: int) -> None:
        """Make one attempt after the other, with the numbers that are this user's."""
        users = self.plan.users
        own = cycle(self.plan.numbers[place::users])
        if self._pace is None:
            await self._wait_until(self.plan.shape.ramp * place / users)
        for number in self._planned():
            meant = self._meant(number)
            if meant > self._elapsed() and not await self._wait_until(meant):
                return
            await self._attempt(f"{self._name}-{number}", next(own), meant)

    def _planned(self) -> Iterator[int]:
        """Yield the numbers of attempts, which all users share."""
        while not self._stopping.is_set():
            number = next(self._numbers, None)
            if number is None:
                return
            yield number

    def _meant(self, number: int) -> float:
        return self._elapsed() if self._pace is None else self._pace.instant(number)

    async def _wait_until(self, instant: float) -> bool:
        """Wait for an instant of the run; False if the run is to end before."""
        try:
            async with asyncio.timeout(instant - self._elapsed()):
                await self._stopping.wait()
        except TimeoutError:
            return True
        return False

    def _count_unstarted(self) -> None:
        """Count what was meant to start before the end, and found no user free."""
        if self._pace is not None:
            meant = min(self._pace.due(self._ended), self.plan.shape.count)
            if meant > self.record.sent:
                self.record.never_sent(_micros(self._elapsed()), NOT_STARTED, meant - self.record.sent)

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    async def _attempt(self, user: str, phone: str, meant: float) -> None:
        record = self.record
        record.sent += 1
        record.active = max(record.active, _micros(self._elapsed()))
        record.others["sending"].add(_micros(self._elapsed() - meant))
        try:
            async with asyncio.timeout(self.plan.patience):
                wrong = await self._walk(user, phone)
        except TimeoutError:
            wrong = TOO_LONG
        except _RefusedError as refused:
            wrong = str(refused)
        except (aiohttp.ClientError, OSError):
            wrong = UNREACHABLE
        except (LookupError, TypeError, AttributeError, RecursionError):
            wrong = UNREADABLE
        now = self._elapsed()
        if wrong:
            record.went_wrong(_micros(now), wrong)
        else:
            record.took(_micros(now), _micros(now - meant))

    async def _walk(self, user: str, phone: str) -> str | None:
        """Go through one attempt; return what went wrong, if it did."""
        journey = self.plan.journey
        values = {"user": user, "number": phone, "state": "", "code": ""}
        answer = await self._step("start", journey.start, values)
        values["id"] = journey.id_of(answer)
        began = self._elapsed()
        code = await self._handsets.prove(phone, answer.get("instructions") or {})
        self._measure("handset", began)
        if code is not None:
            answer = await self._step("check", journey.check, {**values, "code": code})
        began = self._elapsed()
        state = journey.state_of(answer)
        while state not in journey.success | journey.failure:
            asked, before = self._elapsed(), state
            answer = await self._step(None, journey.read, {**values, "state": state})
            state = journey.state_of(answer)
            if state == before:
                # A gateway whose answers do not wait for a change would otherwise be asked without a pause.
                await asyncio.sleep(max(0.0, asked + AGAIN - self._elapsed()))
        self._measure("verdict", began)
        if state in journey.success:
            return None
        reason = answer.get("reason")
        return f"{state}: {reason}" if reason else state

    async def _step(self, name: str | None, template: Template, values: dict[str, str]) -> dict[str, Any]:
        method, path, body = template.filled(values)
        began = self._elapsed()
        answer = await self._call(method, self.plan.url + path, body, name or "read", key=True)
        if name:
            self._measure(name, began)
        return answer if isinstance(answer, dict) else {}

    def _measure(self, name: str, began: float) -> None:
        self.record.others[name].add(_micros(self._elapsed() - began))

    async def _call(self, method: str, url: str, body: bytes | None, step: str, *, key: bool = False) -> Any:
        headers = {"Authorization": f"Bearer {self.plan.key}"} if key and self.plan.key else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        # What a template has quoted must stay so.
        where = URL(url, encoded=True)
        async with self._http.request(method, where, data=body, headers=headers, allow_redirects=False) as response:
            answer = _json(await response.read())
            if response.status >= 300:
                told = member(answer, "code") or member(answer, "title")
                raise _RefusedError(f"{step}: HTTP {response.status}" + (f" {told}" if told else ""))
            return answer


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return {}


def _micros(seconds: float) -> int:
    return int(seconds * 1e6)
