from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import gateway.lab  # noqa: F401 - imports every store, so that every table stands on the metadata
from gateway.migrations import NewerSchemaError, upgrade
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.journal import Journal


@pytest.fixture
def sqlite(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'lab.sqlite3'}", Journal())


@pytest.fixture
def on_postgres(bare_postgres_url: str) -> Database:
    return Database(bare_postgres_url, Journal())


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
    await check_that_the_tables_are_made(sqlite)


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
