"""What a database that cannot be had is answered with: what, where, and what to do; never a password."""

import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from gateway.migrations import upgrade
from smsc_emulator.base import postgres_session
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.postgres_errors import DatabaseUnusableError


async def refusal(url: str) -> str:
    with pytest.raises(DatabaseUnusableError) as caught:
        await Database(url, Journal()).setup(upgrade)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def at(server: Path, *, user: str = "postgres", name: str = "postgres") -> str:
    return f"postgresql://{user}:hunter2@/{name}?host={server}"


async def test_a_server_that_is_not_there() -> None:
    told = await refusal("postgresql://u:hunter2@127.0.0.1:1/lab")
    assert told.startswith("the database postgresql://u:***@127.0.0.1:1/lab cannot be reached")
    assert "check that the server runs" in told


async def test_a_database_that_is_not_there(postgres_server: Path) -> None:
    assert "create the database, or name another one" in await refusal(at(postgres_server, name="missing"))


async def test_a_user_that_is_not_there(postgres_server: Path) -> None:
    assert "check the user" in await refusal(at(postgres_server, user="missing"))


async def test_a_user_who_may_not_make_tables(postgres_server: Path, bare_postgres_url: str) -> None:
    conn = await asyncpg.connect(host=str(postgres_server), user="postgres", database="bare")
    await conn.execute("DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN")
    await conn.close()
    assert "GRANT CREATE ON SCHEMA public" in await refusal(at(postgres_server, user="poor", name="bare"))


async def test_a_server_that_is_too_old(postgres_server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_session, "OLDEST", 99)
    assert "is PostgreSQL 18" in await refusal(at(postgres_server))


@pytest.mark.parametrize("missing", ["asyncpg", "greenlet"])
def test_a_driver_that_is_not_installed(missing: str) -> None:
    """In a process of its own, since an import cannot be taken back."""
    program = f"""
import subprocess
import sys
sys.modules[{missing!r}] = None
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.postgres_errors import DatabaseUnusableError
Database("sqlite://", Journal())
try:
    Database("postgresql://u:hunter2@db/lab", Journal())
except DatabaseUnusableError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "pip install 'confirmlab[postgres]'" in told.stdout, told.stderr
    assert "hunter2" not in told.stdout


async def test_the_names_that_others_give_to_the_scheme_and_to_tls_are_understood() -> None:
    engine = postgres_session.make_async_engine("postgres://u@db/lab?sslmode=require")
    assert engine.url.drivername == "postgresql+asyncpg"
    assert dict(engine.url.query) == {"ssl": "require"}
