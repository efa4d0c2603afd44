"""Half the greatest rate for a long time: memory must not grow, no receipt may be lost, p99 must stay."""

import asyncio
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

from bench import machine, servers
from bench.measures import TO, plan, run
from gateway.load.loop import loop_for
from gateway.load.pace import Shape
from gateway.load.result import Result
from gateway.load.smpp import SmppLoad, SmppPlan

WARM = 0.2
"""The share of the time that memory may grow in, while caches and the journal fill."""
FLAT = 1.02
"""How much more memory the last tenth may take than the first tenth after the warm-up."""
STABLE = 1.5
"""How much larger the median p99 of the last third may be than that of the first third after the warm-up."""
FINE = 5.0
"""A p99 below this many milliseconds is stable whatever it was before: it is of the size of the machine's own."""
RAMP = 2.0
WINDOW = 1000
FILL = 40_000
"""How many messages come first, as fast as they go: they fill the journal, the history and the inboxes."""
NUMBERS = 20
"""How many handsets get it all: so few that their inboxes are full by then."""


def soak(seconds: float, store: str, say: Callable[[str], None]) -> bool:
    """Run it and print the verdict; return whether it failed."""
    with servers.smsc(store) as server:
        fill = replace(plan(server.port, Shape(count=FILL), receipts=True), to=TO[:NUMBERS])
        run(fill)
        greatest = run(replace(fill, shape=Shape(duration=min(10.0, seconds))))["delivered_per_second"]
        say(f"store {store}: {greatest:,.0f} a second at the most, with receipts; half of it for {seconds:g} s")
        told, memory = _long_run(server, replace(fill, shape=Shape(greatest / 2, RAMP, seconds), window=WINDOW), say)
    sentences = verdict(told, memory, seconds)
    for good, sentence in sentences:
        print(f"{'good' if good else 'BAD '}  {sentence}")
    return not all(good for good, _ in sentences)


def _long_run(server: servers.Server, wanted: SmppPlan, say: Callable[[str], None]) -> tuple[Result, list[int]]:
    """Return the result, and the server's memory as it was once a second."""
    load = SmppLoad(wanted)
    memory: list[int] = []

    def look() -> None:
        if load.record.elapsed >= (len(memory) + 1) * 1e6:
            memory.append(machine.memory(server.pid))
            if len(memory) % 30 == 0:
                say(f"{len(memory)} s: {memory[-1] / 1e6:,.1f} MB, {load.record.answered:,} answered")

    with asyncio.Runner(loop_factory=loop_for(1)) as runner:
        runner.run(load.run(look))
    return load.result(), memory


def verdict(told: Result, memory: Sequence[int], seconds: float) -> list[tuple[bool, str]]:
    """Return what is to be said of a run, and whether it is good."""
    warm = memory[int(WARM * len(memory)) :]
    before, after = _ends(warm, 10)
    grown = after / before if before else float("inf")
    p99s = [each["p99"] for each in told["course"] if each["answered"] and each["from_s"] >= WARM * seconds]
    first, last = _ends(p99s, 3)
    received = told["measures"].get("receipt", {}).get("count", 0)
    return [
        (grown <= FLAT, f"memory {before / 1e6:,.1f} MB after the warm-up, {after / 1e6:,.1f} MB at the end"),
        (last <= max(FINE, first * STABLE), f"p99 {first:,.1f} ms after the warm-up, {last:,.1f} ms at the end"),
        (received == told["sent"] > 0, f"{received:,} receipts for {told['sent']:,} messages"),
        (not told["errors"], f"errors: {told['errors'] or 'none'}"),
        (told["tool_busy"] < 0.9, f"the generator took {told['tool_busy']:.0%} of a core"),
    ]


def _ends(values: Sequence[float], parts: int) -> tuple[float, float]:
    """Return the medians of the first and the last of so many parts; zeros if there is nothing."""
    if not values:
        return 0.0, 0.0
    size = max(1, len(values) // parts)
    return statistics.median(values[:size]), statistics.median(values[-size:])
