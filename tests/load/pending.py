"""Measures many attempts that wait for silent operators, and one turn of the lab clock past all their deadlines.

`python tests/load/pending.py --attempts 1000 10000 100000` prints a table. Each size has a process, a folder and a
database on disk of its own. The attempts are begun and confirmed, by the code of a test number, through the service
layer; their operators take the queries and say no more. `--begun 500` begins as many, and makes the others by copying
their rows, for who will not wait while a hundred thousand are begun. Then the timekeeper turns the clock, with all the
deadlines of a gateway in its ticker. Last, the report on conformance is made of the journal.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from sqlalchemy import JSON, BigInteger, Column, String, func, select, text

from confirm.deadlines import CodeSending, Expiry, StepTimes
from confirm.service import ConfirmService
from confirm.settings import ConfirmationSettings, TestNumberSettings
from confirm.workflow import Wish
from gateway.identification import profiles, tables
from gateway.identification.attempt import State
from gateway.identification.deadlines import AttemptDeadlines
from gateway.identification.service import IdentificationService
from gateway.lookup import outbox
from gateway.lookup.client import OperatorClient
from gateway.lookup.routing import NumberingPlan, NumberRange
from gateway.migrations import upgrade
from gateway.reports.conforming import conformance
from gateway.timekeeping import Timekeeper
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database, Tx, metadata
from smsc_emulator.base.durations import MINUTE, instant
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.watch import Watch

FIRST = 70010000000
CODE = "123456"
PROFILE = "test"
UNIT = 100
"""Attempts that are begun in one unit of work."""
COPIED = ("confirmations", "attempts", "identification_queries", "operator_messages", "charges", "journal")


class NoSms:
    """An SmsPort that nothing is to be sent by: the numbers are test numbers."""

    async def submit(self, to: str, text: str, sender: str) -> str:
        raise AssertionError("a test number was sent an SMS")


class Gateway:
    """The parts of a gateway that an attempt passes, on a database in `folder` and a clock that stands still."""

    def __init__(self, folder: Path, session: ClientSession) -> None:
        self.clock = LabClock(instant("2026-06-01T12:00:00Z"), running=False)
        self.database = Database(f"sqlite:///{folder / 'lab.db'}", Journal())
        with self.database.engine.connect() as connection:
            upgrade(connection)
        self.activity = Activity(self.clock)
        self.time = Timekeeper(self.clock, self.activity, self.database)
        self.profiles = {PROFILE: profiles.Profile(name=PROFILE, title="Silence is refusal")}
        wake = self.time.ticker.wake
        range_ = TestNumberSettings(first=f"+{FIRST}", last=f"+{FIRST + 999_999}", code=CODE)
        settings = ConfirmationSettings(test_numbers=[range_])
        chance = SeededRandomness
        self.confirm = ConfirmService(
            self.database, Watch(self.database.journal), settings, chance("confirm"), b"key", wake
        )
        plan = NumberingPlan([NumberRange(FIRST, FIRST + 999_999, "alpha")])
        names = {"demo": "Demo messenger"}
        self.service = IdentificationService(
            self.confirm, plan, self.profiles, PROFILE, names, chance("identification"), wake
        )
        self.sending = CodeSending(self.confirm, NoSms(), "confirmlab", self.database, self.clock, self.activity)
        self.client = OperatorClient(
            self.database,
            self.clock,
            self.activity,
            session,
            (),
            base_url=lambda: "http://127.0.0.1",
            on_ack=self.service.acknowledged,
            wake=wake,
        )
        steps, expiry = StepTimes(self.confirm, self.database), Expiry(self.confirm, self.database)
        deadlines = AttemptDeadlines(self.service, self.database)
        self.time.ticker.add(self.sending, steps, expiry, self.client, deadlines)

    async def close(self) -> None:
        """Close what was opened."""
        await self.sending.close()
        await self.client.close()
        await self.database.close()

    async def begin(self, attempts: int, apart: int) -> None:
        """Bring the attempts to PENDING, `apart` milliseconds of lab time one after the other."""
        for first in range(0, attempts, UNIT):
            numbers = range(first, min(first + UNIT, attempts))
            await self.database.run(partial(self._pend, start=self.clock.now(), numbers=numbers, apart=apart))
            self.clock.move_to(self.clock.now() + len(numbers) * apart)

    def _pend(self, tx: Tx, start: int, numbers: range, apart: int) -> None:
        begun = []
        for place, number in enumerate(numbers):
            now, called = start + place * apart, FIRST + number
            attempt = self.service.start(tx, now, f"user-{called}", Wish("demo", f"+{called}"))
            begun.append((now, attempt.id))
        self.confirm.claim_sends(tx, begun[-1][0])
        for now, attempt_id in begun:
            self.service.check(tx, now, "demo", attempt_id, CODE)
        for message in outbox.claim(tx, begun[-1][0]):
            outbox.acknowledge(tx, message.first_try_at, message.id, {})
            self.service.acknowledged(tx, message.first_try_at, message, {})

    async def copy(self, begun: int, wanted: int, apart: int) -> None:
        """Copy the rows of the attempts that were begun, under other ids and numbers, until as many are there."""
        places = await self.database.run(lambda tx: {name: _last(tx, name) for name in COPIED})
        for number in range(1, wanted // begun):
            later = number * begun * apart
            await self.database.run(partial(_copy, places=places, number=number, later=later))
            self.clock.move_to(self.clock.now() + begun * apart)
        self.database.journal.next_seq = 1 + await self.database.run(partial(_last, name="journal", column="seq"))

    async def count(self, state: State) -> int:
        """Return how many attempts are in a state."""
        query = select(func.count()).where(tables.attempts.c.state == state)
        return await self.database.run(lambda tx: int(tx.conn.execute(query).scalar_one()))


def _last(tx: Tx, name: str, column: str = "rowid") -> int:
    return int(tx.conn.execute(text(f"SELECT coalesce(max({column}), 0) FROM {name}")).scalar_one())


def _copy(tx: Tx, places: dict[str, int], number: int, later: int) -> None:
    """Copy every row that was there at first; what tells one copy from another is put into its ids and numbers."""
    for name in COPIED:
        columns = [column for column in metadata.tables[name].c if column.name != "ordinal" or name != "charges"]
        names = ", ".join(f'"{column.name}"' for column in columns)
        values = ", ".join(_value(column, number, later) for column in columns)
        tx.conn.execute(text(f"INSERT INTO {name} ({names}) SELECT {values} FROM {name} WHERE rowid <= {places[name]}"))


def _value(column: Column[Any], number: int, later: int) -> str:
    told = f'"{column.name}"'
    if column.name == "seq":
        return f"{told} + {number * 1_000_000}"
    if isinstance(column.type, BigInteger) and column.name.endswith(("at", "until")):
        return f"{told} + {later}"
    if isinstance(column.type, String | JSON):
        changes = {f"{kind}_": f"{kind}_{number:02}" for kind in ("idn", "req", "cnf")}
        changes[str(FIRST // 10_000)] = str(FIRST // 10_000 + number)
        for old, new in changes.items():
            told = f"replace({told}, '{old}', '{new}')"
    return told


def memory(which: str) -> float:
    """Return the process's resident memory in MiB: VmRSS now, VmHWM at the most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(which))


async def measure(attempts: int, apart: int, begun: int | None = None) -> dict[str, Any]:
    """Return what one size takes."""
    with tempfile.TemporaryDirectory() as folder:
        async with ClientSession() as session:
            gateway = Gateway(Path(folder), session)
            gateway.database.start()
            found: dict[str, Any] = {"attempts": attempts, "rss_start": memory("VmRSS")}
            began = time.perf_counter()
            begun = min(attempts, begun or attempts)
            await gateway.begin(begun, apart)
            began_s = time.perf_counter() - began
            await gateway.copy(begun, attempts, apart)
            found |= {"begun": begun, "begin_s": began_s, "rss_pending": memory("VmRSS")}
            assert await gateway.count(State.PENDING) == attempts, await gateway.database.run(
                lambda tx: tx.conn.exec_driver_sql(
                    "select state,reason,hint,count(*) from attempts group by 1,2,3"
                ).all()
            )
            began, worked = time.perf_counter(), time.process_time()
            await gateway.time.advance(attempts * apart + 21 * MINUTE)
            found |= {
                "advance_s": time.perf_counter() - began,
                "advance_cpu_s": time.process_time() - worked,
                "rss_advanced": memory("VmRSS"),
            }
            print(found, file=sys.stderr, flush=True)  # a report on a long journal may not come to its end
            assert await gateway.count(State.REFUSED) == attempts
            began, worked = time.perf_counter(), time.process_time()
            now = gateway.clock.now()
            report = await conformance(gateway.database, gateway.profiles, (PROFILE,), now, None)
            found |= {
                "report_s": time.perf_counter() - began,
                "report_cpu_s": time.process_time() - worked,
                "rss_peak": memory("VmHWM"),
            }
            assert report.refusals == {"no_answer": attempts}
            await gateway.close()
            return found


def line(found: dict[str, Any]) -> str:
    """Return a row of the table."""
    cells = [f"{found['attempts']:,}", f"{found['begin_s'] / found['begun'] * 1e6:.0f}"]
    for name in ("advance_s", "advance_cpu_s", "report_s", "report_cpu_s"):
        cells += [f"{found[name]:.2f}", f"{found[name] / found['attempts'] * 1e6:.0f}"]
    cells += [f"{found[name]:.0f}" for name in ("rss_start", "rss_pending", "rss_advanced", "rss_peak")]
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "| attempts | begin, µs each | advance, s | µs each | its CPU, s | µs each "
    "| report, s | µs each | its CPU, s | µs each | MiB at start | pending | advanced | most |\n|"
) + "---:|" * 14


def main() -> None:
    """Measure each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--apart", type=int, default=0, help="lab milliseconds between two deadlines; 0: all at once")
    parser.add_argument("--begun", type=int, help="begin as many (10,000 at most); the others are copies of their rows")
    parser.add_argument("--here", action="store_true", help="measure one size in this process, and print JSON")
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(asyncio.run(measure(chosen.attempts[0], chosen.apart, chosen.begun))))
        return
    print(HEAD, flush=True)
    for attempts in chosen.attempts:
        command = [sys.executable, __file__, "--here", "--attempts", str(attempts), "--apart", str(chosen.apart)]
        command += ["--begun", str(chosen.begun)] if chosen.begun else []
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(line(json.loads(told)), flush=True)


if __name__ == "__main__":
    main()
