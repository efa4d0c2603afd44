"""How each row is measured. What stands beside us is measured in the same run, one right after the other."""

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from bench import machine, servers
from bench.rows import ROWS, Measured, Row
from gateway.client import Address, LabClient
from gateway.load.identify import IdentifyLoad, IdentifyPlan
from gateway.load.journey import Journey
from gateway.load.loop import loop_for
from gateway.load.messages import wording
from gateway.load.pace import Shape
from gateway.load.result import Result
from gateway.load.smpp import SmppLoad, SmppPlan

KEY = "lab-demo-key"
TO = tuple(f"+7000000{number:04d}" for number in range(1, 1001))
PORTIONS = 4
"""How many portions a sample of the growth is taken in."""
USERS = 50
"""How many attempts, and how many POSTs, are under way at once."""


class LostError(Exception):
    """A run that is to be measured went wrong itself; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. Times are seconds."""

    rounds: int = 3
    seconds: float = 4.0
    warm: float = 1.0
    binds: int = 10_000
    few: int = 10_000
    stored: int = 1_000_000
    sample: int = 20_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A value, and the server's processor time for each message in microseconds, where that is known."""

    value: float
    cost: float | None = None

    def told(self, unit: str) -> str:
        """Return it for people."""
        value = f"{self.value:,.0f}{unit}" if self.value >= 100 else f"{self.value:,.2f}{unit}"
        return value if self.cost is None else f"{value} ({self.cost:,.1f} µs)"


SHORT = Size(rounds=1, seconds=1.5, warm=0.7, binds=1_000, few=2_000, stored=20_000, sample=4_000)


class Bench:
    """Measures the rows, one after the other. `modules` is the folder with npm's smpp."""

    def __init__(self, size: Size, modules: Path, say: Callable[[str], None]) -> None:
        self._size = size
        self._modules = modules
        self._say = say
        self.busiest = 0.0
        """The largest share of its core that the generator took: near 1, it is what was measured."""

    def measure(self, row: Row) -> Measured:
        """Measure one row."""
        found: Measured = getattr(self, f"_{row.name}")(row)
        return found

    def _submits(self, row: Row) -> Measured:
        return self._beside_echo(row, lambda told: told["per_second"], "/s")

    def _receipts(self, row: Row) -> Measured:
        return self._beside_echo(row, lambda told: told["delivered_per_second"], "/s", receipts=True)

    def _p99(self, row: Row) -> Measured:
        paced = Shape(rate=1000, duration=self._size.seconds)
        return self._beside_echo(row, lambda told: told["measures"]["answer"]["p99"], " ms", shape=paced)

    def _beside_echo(self, row: Row, read: Callable[[Result], float], unit: str, **more: Any) -> Measured:
        def ours() -> Seen:
            with servers.smsc() as server:
                return self._load(server, read, **more)

        def theirs() -> Seen:
            with servers.echo(self._modules) as server:
                return self._load(server, read, **more)

        return self._beside(row, ours, theirs, unit)

    def _sqlite(self, row: Row) -> Measured:
        def of(store: str) -> Callable[[], Seen]:
            def measure() -> Seen:
                with servers.smsc(store) as server:
                    return self._load(server, lambda told: told["delivered_per_second"], receipts=True)

            return measure

        return self._beside(row, of("sqlite"), of("memory"), "/s")

    def _beside(self, row: Row, ours: Callable[[], Seen], theirs: Callable[[], Seen], unit: str) -> Measured:
        """Measure both in turn; the value is the ratio of the medians."""
        found: tuple[list[Seen], list[Seen]] = ([], [])
        for _ in range(self._size.rounds):
            found[0].append(ours())
            found[1].append(theirs())
            self._say(f"{row.name}: {found[0][-1].told(unit)} beside {found[1][-1].told(unit)}")
        here, beside = map(_median, found)
        return Measured(row, here.value / beside.value, here.told(unit), beside.told(unit), {})

    def _load(
        self, server: servers.Server, read: Callable[[Result], float], *, shape: Shape | None = None, **more: Any
    ) -> Seen:
        """Return what is read of one run's result, after a shorter run that warms the server up."""
        size = self._size
        measured = plan(server.port, shape or Shape(duration=size.seconds), **more)
        run(replace(measured, shape=replace(measured.shape, duration=size.warm)))
        before = machine.worked(server.pid)
        told = run(measured)
        self.busiest = max(self.busiest, told["tool_busy"])
        return Seen(read(told), (machine.worked(server.pid) - before) / told["answered"] * 1e6)

    def _idle(self, row: Row) -> Measured:
        binds, seen = self._size.binds, 0
        with servers.smsc() as server:
            run(plan(server.port, Shape(count=100)))
            before = machine.memory(server.pid)
            # One message in all; what counts is that the sessions are there.
            load = SmppLoad(replace(plan(server.port, Shape(rate=0.1, duration=1.0)), sessions=binds))

            def look() -> None:
                nonlocal seen
                if load.bound == binds:
                    seen = machine.memory(server.pid)

            with asyncio.Runner(loop_factory=loop_for(binds)) as runner:
                runner.run(load.run(look))
        if not seen:
            raise LostError(f"{binds:,} sessions were never bound together")
        each = (seen - before) / binds / 1000
        return Measured(row, each, f"{(seen - before) / 1e6:,.1f} MB", "", {"binds": binds})

    def _growth(self, row: Row) -> Measured:
        """Compare processor time, which says more than the clock on a machine that others use too.

        Two servers, one of which has stored far more, take the samples in turn: so both meet the same other work.
        """
        size = self._size
        portion = size.sample // PORTIONS
        with servers.smsc("sqlite") as few, servers.smsc("sqlite") as many:
            run(plan(few.port, Shape(count=size.few)))
            run(plan(many.port, Shape(count=size.stored)))
            costs = {few: 0.0, many: 0.0}
            for _ in range(PORTIONS):
                for server in costs:
                    before = machine.worked(server.pid)
                    run(plan(server.port, Shape(count=portion)))
                    costs[server] += (machine.worked(server.pid) - before) / size.sample * 1e6
        told = {"stored": size.stored, "few": size.few}
        return Measured(row, costs[many] / costs[few], f"{costs[many]:,.1f} µs", f"{costs[few]:,.1f} µs", told)

    def _identifications(self, row: Row) -> Measured:
        def ours() -> Seen:
            with servers.lab() as ports:
                return Seen(self._identify(f"http://127.0.0.1:{ports['http']}"))

        def theirs() -> Seen:
            with servers.bare() as server:
                return Seen(asyncio.run(posts(f"http://127.0.0.1:{server.port}/", self._size.seconds)))

        return self._beside(row, ours, theirs, "/s")

    def _identify(self, url: str) -> float:
        """Return the attempts a second, with each of their webhooks sent to a receiver that does nothing else."""
        seconds = self._size.seconds
        with servers.receiver() as receiver:
            hook = f"http://127.0.0.1:{receiver.port}/"
            asyncio.run(_register(url, hook))
            journey = Journey.read_options((None, None, None), ("id", "state"), ((), ()))
            shape = Shape(duration=2 * seconds)
            measured = IdentifyPlan(url, KEY, TO[: servers.USERS], journey, at_once=USERS, shape=shape)
            asyncio.run(IdentifyLoad(replace(measured, shape=Shape(duration=self._size.warm))).run())
            load = IdentifyLoad(measured)
            asyncio.run(load.run())
        told = load.result()
        self.busiest = max(self.busiest, told["tool_busy"])
        if told["failed"]:
            raise LostError(f"identifications failed: {told['errors']}")
        return float(told["per_second"])


def _median(seen: list[Seen]) -> Seen:
    costs = [each.cost for each in seen if each.cost is not None]
    return Seen(statistics.median(each.value for each in seen), statistics.median(costs) if costs else None)


def plan(port: int, shape: Shape, *, receipts: bool = False) -> SmppPlan:
    """Return a load of one session with a window of 100."""
    return SmppPlan(
        "127.0.0.1",
        port,
        (("bench", "bench"),),
        (wording("Your code is 123456"),),
        TO,
        window=100,
        shape=shape,
        receipts=receipts,
        patience=30.0,
    )


def run(wanted: SmppPlan) -> Result:
    """Run one load and return its result; LostError if anything failed in it."""
    load = SmppLoad(wanted)
    with asyncio.Runner(loop_factory=loop_for(wanted.connections)) as runner:
        runner.run(load.run())
    told = load.result()
    if told["failed"]:
        raise LostError(f"messages failed: {told['errors']}")
    return told


async def _register(url: str, hook: str) -> None:
    async with LabClient(Address(url, "as given", "127.0.0.1", {}), key=KEY) as lab:
        await lab.post("/v1/webhook-endpoints", {"url": hook})


async def posts(url: str, seconds: float) -> float:
    """Return how many POSTs of a small JSON object are answered in a second, USERS at a time."""
    body = json.dumps({"user_id": "u1", "phone_number": "+70000000001"}).encode()
    headers = {"Content-Type": "application/json"}
    answered = 0
    end = time.monotonic() + seconds

    async def user(http: aiohttp.ClientSession) -> None:
        nonlocal answered
        while time.monotonic() < end:
            async with http.post(url, data=body, headers=headers) as response:
                await response.read()
            answered += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await asyncio.gather(*(user(http) for _ in range(USERS)))
    return answered / seconds


def chosen(names: list[str]) -> list[Row]:
    """Return the rows with these names; all of them if there are none."""
    return [row for row in ROWS if not names or row.name in names]


NOWHERE: AbstractContextManager[Path] = nullcontext(Path())
"""In place of npm's smpp, where no row needs it."""
