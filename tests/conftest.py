"""What many tests stand on: a lab clock that stands still, a journal, a database in memory, a lab as a process."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.durations import instant
from smsc_emulator.base.journal import Journal


@pytest.fixture
def clock() -> LabClock:
    return LabClock(instant("2026-01-01T12:00:00Z"), running=False)


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
async def database(journal: Journal) -> AsyncIterator[Database]:
    database = Database("sqlite://", journal)
    metadata.create_all(database.engine)
    database.start()
    yield database
    await database.close()


CONFIRMLAB = Path(sys.executable).with_name("confirmlab")


@dataclass
class RunningLab:
    """`confirmlab serve` as its peers see it: the SMPP port, the HTTP address, and a folder to work in."""

    process: subprocess.Popen[bytes]
    port: int
    url: str
    folder: Path

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def inbox(self, number: str = "70000000001") -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.call("GET", f"/lab/handsets/%2B{number}/messages")["messages"]
        return messages


def run_lab(folder: Path, config: str) -> RunningLab:
    (folder / "lab.yaml").write_text(config)
    data = folder / "data"
    command: list[str | Path] = [CONFIRMLAB, "serve", "--data", data, "--config", folder / "lab.yaml"]
    free = ["--smpp-port", "0", "--http-port", "0", "--sip-port", "0"]
    with (folder / "out.txt").open("wb") as out:
        process = subprocess.Popen([*command, *free], stdout=out, stderr=out)
    ready = subprocess.run([CONFIRMLAB, "readyz", "--wait", "30s", "--data", data], check=False, capture_output=True)
    if ready.returncode:
        process.kill()
        raise AssertionError(ready.stderr.decode() + (folder / "out.txt").read_text())
    ports = json.loads((data / "ports.json").read_text())
    return RunningLab(process, ports["smpp"], f"http://127.0.0.1:{ports['http']}", folder)


@pytest.fixture(scope="session")
def start_lab_process() -> Callable[[Path, str], RunningLab]:
    """Return a function that starts a lab in a folder with a configuration; who starts it stops it."""
    return run_lab


@pytest.fixture
def serve_lab(tmp_path: Path) -> Iterator[Callable[[str], RunningLab]]:
    """Return a function that starts a lab with a configuration; it is stopped after the test."""
    labs: list[RunningLab] = []

    def serve(config: str) -> RunningLab:
        labs.append(run_lab(tmp_path, config))
        return labs[-1]

    yield serve
    for lab in labs:
        lab.process.terminate()
        lab.process.wait(timeout=15)
