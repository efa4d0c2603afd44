"""The process that the labs of one test run are born in: it imports a lab once, and forks one for each test.

It reads orders from its standard input and answers on its standard output, one JSON object a line, in order:

    {"order": 1, "start": 1, "config": "lab.yaml" or null, "flags": {"--paused-clock": true}}  is answered with
    {"order": 1, "ports": {...}, ...} or {"order": 1, "error": "why the lab did not start"}
    {"order": 2, "stop": 1}  is answered with {"order": 2}
    {"end": true}  is the last

Its input ends however the tests end, also by kill -9. Then, or at the last order, all labs are stopped and the folder
is removed. A lab ends in the same way if the nursery is killed.
"""

import asyncio
import gc
import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway import logs
from gateway.config import ConfigError, read
from gateway.folder import DATABASE
from gateway.identification import profiles
from gateway.identification.profiles import ProfileError
from gateway.lab import Lab
from gateway.obstacles import busy
from gateway.resources import config_path
from gateway.settings import Settings
from smsc_emulator.frozen import frozen

START_WITHIN = 60.0
"""Real seconds that a lab has to start; a quiet machine needs a hundredth of it."""
REHEARSED_AFTER = 2
"""Labs of a run after which one is rehearsed for those to come; a run with fewer would only be held up by it."""
STOP_WITHIN = 2.0
"""Real seconds that a lab has to stop before it is killed."""
LOG = "log.txt"
"""The file in a lab's folder that its log is in."""


@frozen
class Child:
    """A lab's process, and the end of a pipe whose closing tells it to stop."""

    pid: int
    leash: int


class Nursery:
    """Starts and stops labs in `folder`, where the database is that each begins with a copy of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[int, Child] = {}
        self._template = folder / DATABASE

    def prepare(self) -> None:
        """Do once what every start would do again: read the files that a lab reads by default."""
        profiles.Schedule(profiles.Folder(config_path("profiles")), read(None).schedule())
        gc.freeze()
        gc.enable()

    def start(self, number: int, config: str | None, flags: Mapping[str, Any]) -> dict[str, Any]:
        """Start a lab; return what it tells of itself, or its error."""
        data = self._folder / str(number)
        data.mkdir()
        shutil.copy(self._template, data)
        told, telling = os.pipe()
        held, leash = os.pipe()
        pid = os.fork()
        if pid == 0:
            for mine in (told, leash, *(other.leash for other in self._children.values())):
                os.close(mine)
            _be_a_lab(data, Path(config) if config else None, flags, telling, held)
        os.close(telling)
        os.close(held)
        self._children[number] = Child(pid, leash)
        answer = _answer(told)
        os.close(told)
        return answer or {"error": _last_lines(data / LOG) or "its process ended without a word"}

    def rehearse(self) -> None:
        """Play a lab's life through, so that those who follow have what it has made."""
        from gateway.pytest_plugin.rehearsal import rehearse  # it is not waited for by the first lab

        rehearse(self._template, self._folder / "rehearsal")
        gc.collect()
        gc.freeze()

    def stop(self, number: int) -> dict[str, Any]:
        """Stop a lab and remove its folder. One that has ended, or that there is not, is none to stop."""
        child = self._children.pop(number, None)
        if child is not None:
            os.close(child.leash)
            _bury(child.pid)
        shutil.rmtree(self._folder / str(number), ignore_errors=True)
        return {}

    def close(self) -> None:
        """Stop all labs and remove the folder."""
        try:
            for number in list(self._children):
                self.stop(number)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)


def _answer(told: int) -> dict[str, Any] | None:
    """Return the line that a new lab tells, or None if it ends or says nothing in time."""
    line, deadline = b"", time.monotonic() + START_WITHIN
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([told], [], [], max(0.0, deadline - time.monotonic()))
        octets = os.read(told, 65536) if readable else b""
        if not octets:
            return None
        line += octets
    answer: dict[str, Any] = json.loads(line)
    return answer


def _last_lines(file: Path) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-20:]) if file.exists() else ""


def _bury(pid: int) -> None:
    """Wait for the end of a process, which comes by force if it does not come by itself."""
    deadline = time.monotonic() + STOP_WITHIN
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(0.002)


# The rest runs in a lab's own process.


def _be_a_lab(data: Path, config: Path | None, flags: Mapping[str, Any], telling: int, leash: int) -> None:
    """Run a lab until the leash is let go, and end the process. What it writes goes to a file in its folder."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        log = os.open(data / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for own, taken in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(own, taken)
        sys.stderr = os.fdopen(2, "w", buffering=1)
        try:
            asyncio.run(_run(data, config, flags, telling, leash))
        except (ConfigError, ProfileError, OSError) as error:
            os.write(telling, json.dumps({"error": str(error)}).encode() + b"\n")
        except BaseException:
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
    finally:
        # Nothing of the nursery's own end is to be done here.
        os._exit(0)


def settle(data: Path, config: Path | None, flags: Mapping[str, Any]) -> Settings:
    """Return what a lab on free ports is told, and send its log where it wants it. Raises ConfigError."""
    free = {"--smpp-port": 0, "--http-port": 0, "--sip-port": 0}
    settings = read(config, flags={"--data": str(data), **free, **flags})
    logs.configure(settings.logs)
    return settings


async def _run(data: Path, config: Path | None, flags: Mapping[str, Any], telling: int, leash: int) -> None:
    settings = settle(data, config, flags)
    let_go = asyncio.Event()
    asyncio.get_running_loop().add_reader(leash, let_go.set)
    lab = Lab(settings)
    try:
        try:
            await lab.start()
        except OSError as error:
            raise OSError(busy(error, settings)) from None
        os.write(telling, json.dumps(_introduction(lab, settings)).encode() + b"\n")
        await let_go.wait()
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                await lab.stop()


def _introduction(lab: Lab, settings: Settings) -> dict[str, Any]:
    """Return what a test needs to know of its lab."""
    return {
        "url": lab.base_url,
        "host": lab.ground.near,
        "ports": lab.ports,
        "log": str(lab.folder.path / LOG),
        "accounts": [[account.system_id, account.password] for account in settings.smsc.accounts],
        "services": [[service.id, service.key] for service in settings.services],
        "gateway": settings.smsc_link.system_id,
    }


def serve(nursery: Nursery) -> None:
    """Do what standard input orders until it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    answers = os.fdopen(os.dup(1), "w")
    os.set_inheritable(answers.fileno(), False)
    # What anything prints goes where errors go, and not between the answers.
    os.dup2(2, 1)
    try:
        nursery.prepare()
        for line in sys.stdin:
            order = json.loads(line)
            if "end" in order:
                break
            if "start" in order:
                answer = nursery.start(order["start"], order["config"], order["flags"])
            else:
                answer = nursery.stop(order["stop"])
            print(json.dumps({"order": order["order"], **answer}), file=answers, flush=True)
            if order.get("start") == REHEARSED_AFTER:
                nursery.rehearse()
    finally:
        with suppress(ChildProcessError):
            nursery.close()
