from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import gateway.lab  # noqa: F401 - imports every store, so that every table stands on the metadata
from gateway.migrations import upgrade
from smsc_emulator.base.database import make_engine, metadata


def test_the_migrations_make_exactly_the_tables_that_the_stores_declare(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'lab.sqlite3'}")
    upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'lab.sqlite3'}")
    upgrade(engine)
    upgrade(engine)
    assert set(inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}
    engine.dispose()
