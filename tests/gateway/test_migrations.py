import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

import gateway.lab  # noqa: F401 - imports every store, so that every table stands on the metadata
from gateway.migrations import NewerSchemaError, config, revisions, upgrade
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.journal import Journal


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'lab.sqlite3'}", Journal())
    yield database
    await database.close()


@pytest.fixture
async def on_postgres(bare_postgres_url: str) -> AsyncIterator[Database]:
    database = Database(bare_postgres_url, Journal())
    yield database
    await database.close()


async def check_that_the_tables_are_made(database: Database) -> None:
    await database.setup(upgrade)
    assert await database.setup(lambda conn: compare_metadata(MigrationContext.configure(conn), metadata)) == []


async def check_that_migrating_twice_changes_nothing(database: Database) -> None:
    await database.setup(upgrade)
    await database.setup(upgrade)
    tables = await database.setup(lambda conn: inspect(conn).get_table_names())
    assert set(tables) == {*metadata.tables, "alembic_version"}


async def check_that_a_newer_schema_is_refused(database: Database) -> None:
    await database.setup(upgrade)
    await database.setup(lambda conn: conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchemaError, match=r"newer version \(revision 9999\); install that version"):
        await database.setup(upgrade)


async def test_the_migrations_make_exactly_the_tables_that_the_stores_declare(sqlite: Database) -> None:
    await sqlite.setup(migrate)
    await check_that_the_tables_are_made(sqlite)


def migrate(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN")
    command.upgrade(config(conn), "head")
    conn.exec_driver_sql("COMMIT")


def tables_of(conn: Connection) -> dict[str, Any]:
    """Columns and indices of each table; their order says nothing."""
    found: dict[str, Any] = {}
    for (table,) in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").all():
        for part in ("table_xinfo", "foreign_key_list"):
            # The first member is the number in the order.
            rows = conn.exec_driver_sql(f"PRAGMA {part}({table})").all()
            found[f"{part} {table}"] = sorted(tuple(row)[1:] for row in rows)
        for row in conn.exec_driver_sql(f"PRAGMA index_list({table})").all():
            columns = conn.exec_driver_sql(f"PRAGMA index_xinfo({row[1]})").all()
            key = (table, *(each[2:5] for each in columns), *row[2:])
            found[f"index {key}"] = conn.exec_driver_sql(f"SELECT sql FROM sqlite_master WHERE name = '{row[1]}'").all()
    found["revision"] = conn.exec_driver_sql("SELECT * FROM alembic_version").all()
    return found


async def test_a_new_database_has_what_all_migrations_together_make(sqlite: Database) -> None:
    await sqlite.setup(migrate)
    new = Database("sqlite://", Journal())
    await new.setup(upgrade)
    assert await new.setup(tables_of) == await sqlite.setup(tables_of)
    await new.close()


def test_a_new_database_has_all_tables_also_where_no_lab_was_imported(tmp_path: Path) -> None:
    make = (
        "import sys; from gateway.migrations import upgrade; from smsc_emulator.base.sqlite import make_engine\n"
        "with make_engine(sys.argv[1]).connect() as conn: upgrade(conn)\n"
        "assert 'alembic' not in sys.modules\n"
        "from gateway.migrations.stores import metadata; print(*metadata.tables)"
    )
    command = [sys.executable, "-c", make, f"sqlite:///{tmp_path / 'new.sqlite3'}"]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert set(made) == set(metadata.tables)


def test_a_revision_is_called_as_its_file_begins() -> None:
    history = ScriptDirectory.from_config(config())
    assert revisions() == [each.revision for each in history.walk_revisions()][::-1]
    assert history.get_heads() == revisions()[-1:]


async def test_the_migrations_make_exactly_the_same_tables_on_postgresql(on_postgres: Database) -> None:
    await check_that_the_tables_are_made(on_postgres)


async def test_migrating_twice_changes_nothing(sqlite: Database) -> None:
    await check_that_migrating_twice_changes_nothing(sqlite)


async def test_migrating_twice_changes_nothing_on_postgresql(on_postgres: Database) -> None:
    await check_that_migrating_twice_changes_nothing(on_postgres)


async def test_tables_of_a_newer_version_are_refused(sqlite: Database) -> None:
    await check_that_a_newer_schema_is_refused(sqlite)


async def test_tables_of_a_newer_version_are_refused_on_postgresql(on_postgres: Database) -> None:
    await check_that_a_newer_schema_is_refused(on_postgres)
