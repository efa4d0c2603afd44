"""One history of the database's tables, for all packages; `upgrade` brings a database to its end."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from alembic.config import Config


class NewerSchemaError(Exception):
    """The tables were made by a newer version of this program."""


def upgrade(connection: Connection) -> None:
    """Bring the tables of the database to the newest revision. Raises NewerSchemaError.

    Each statement on the connection commits by itself; the revisions run whole or not at all, and one node after the
    other.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext

    connection.exec_driver_sql("BEGIN")
    try:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7261004, 0)")
        present = set(MigrationContext.configure(connection).get_current_heads())
        known, newest = _revisions()
        if unknown := present - known:
            raise NewerSchemaError(
                f"the tables of the database {connection.engine.url.render_as_string()} were made by a newer version "
                f"(revision {', '.join(sorted(unknown))}); install that version, or name another database"
            )
        if present != newest:
            command.upgrade(config(connection), "head")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def config(connection: Connection | None = None) -> "Config":
    """Return Alembic's configuration for the history in this folder, on an open connection if it is to run."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["connection"] = connection
    return made


@cache
def _revisions() -> tuple[frozenset[str], frozenset[str]]:
    """Return all revisions, and the newest ones: read once, since that takes longer than the rest of a start."""
    from alembic.script import ScriptDirectory

    directory = ScriptDirectory.from_config(config())
    return frozenset(script.revision for script in directory.walk_revisions()), frozenset(directory.get_heads())
