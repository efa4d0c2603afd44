"""One history of the database's tables, for all packages; `upgrade` brings a database to its end.

Alembic is imported only where there are tables to change: that takes longer than the rest of a start.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER: Final = Path(__file__).parent

_version = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False, primary_key=True))
"""Alembic's own table: its one row is the revision that the tables are of."""


class NewerSchemaError(Exception):
    """The tables were made by a newer version of this program."""


def upgrade(connection: Connection) -> None:
    """Bring the tables of the database to the newest revision. Raises NewerSchemaError.

    Each statement on the connection commits by itself; the revisions run whole or not at all, and one node after the
    other.
    """
    connection.exec_driver_sql("BEGIN")
    try:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7261004, 0)")
        _upgrade(connection)
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _upgrade(connection: Connection) -> None:
    there, known = inspect(connection).get_table_names(), revisions()
    if not there and connection.dialect.name == "sqlite":
        _create(connection, known[-1])
        return
    present = connection.execute(select(_version.c.version_num)).scalar() if _version.name in there else None
    if present not in (None, *known):
        raise NewerSchemaError(
            f"the tables of the database {connection.engine.url.render_as_string()} were made by a newer version "
            f"(revision {present}); install that version, or name another database"
        )
    if present != known[-1]:
        from alembic import command

        command.upgrade(config(connection), "head")


def _create(connection: Connection, revision: str) -> None:
    """Make the tables of a new SQLite database as they are declared; a test holds that the revisions make the same."""
    from gateway.migrations.stores import metadata

    metadata.create_all(connection, checkfirst=False)
    _version.create(connection)
    connection.execute(_version.insert().values(version_num=revision))


def revisions() -> list[str]:
    """Return all revisions, the oldest first: the numbers that their files begin with."""
    return sorted(file.name.partition("_")[0] for file in (FOLDER / "versions").glob("[0-9]*.py"))


def config(connection: Connection | None = None) -> "Config":
    """Return Alembic's configuration for the history in this folder, on an open connection if it is to run."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    made.attributes["connection"] = connection
    return made
