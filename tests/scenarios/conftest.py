"""Scenarios of a few lines, and the logs of what is played."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from io import StringIO
from pathlib import Path
from textwrap import dedent

import asyncpg
import pytest
import structlog

from gateway import logs
from gateway.migrations import upgrade
from gateway.scenarios.reading import Play, read
from gateway.settings import LogSettings
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Journal


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a scenario of a name, rows and a clock, and what it is given."""

    def written(more: str) -> Path:
        file = tmp_path / "00-small.yaml"
        file.write_text("name: A small one\nrows: [S01]\nclock: 2026-03-02T09:00:00Z\n" + dedent(more))
        return file

    return written


@pytest.fixture
def one(write: Callable[[str], Path]) -> Callable[[str], Play]:
    """Return a function that reads a scenario of one run."""

    def made(more: str) -> Play:
        (found,) = read(write(more))
        return found

    return made


@pytest.fixture(scope="session")
def template(postgres_server: Path) -> str:
    """Make a PostgreSQL database with all tables, that others are copies of; return its name."""

    async def make() -> None:
        await _administer(postgres_server, "CREATE DATABASE scenarios")
        database = Database(f"postgresql:///scenarios?host={postgres_server}&user=postgres", Journal())
        await database.setup(upgrade)
        await database.close()

    asyncio.run(make())
    return "scenarios"


@pytest.fixture
async def own_postgres(postgres_server: Path, template: str) -> AsyncIterator[str]:
    """Return the URL of a PostgreSQL database of one play, with all tables and nothing in them."""
    await _administer(postgres_server, f"CREATE DATABASE play TEMPLATE {template}")
    yield f"postgresql:///play?host={postgres_server}&user=postgres"
    await _administer(postgres_server, "DROP DATABASE play WITH (FORCE)")


async def _administer(postgres_server: Path, statement: str) -> None:
    conn = await asyncpg.connect(host=str(postgres_server), user="postgres", database="postgres")
    await conn.execute(statement)
    await conn.close()


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """What is logged meanwhile."""
    root = logging.getLogger()
    handlers, level, stream = root.handlers, root.level, StringIO()
    logs.configure(LogSettings(level="info"), stream)
    yield stream
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)
