"""One history of the database's tables, for all packages; `upgrade` brings a database to its end."""

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
    from alembic.script import ScriptDirectory

    settings = config(connection)
    connection.exec_driver_sql("BEGIN")
    try:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7261004, 0)")
        present = MigrationContext.configure(connection).get_current_heads()
        known = {script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()}
        if unknown := set(present) - known:
            raise NewerSchemaError(
                f"the tables of the database {connection.engine.url.render_as_string()} were made by a newer version "
                f"(revision {', '.join(sorted(unknown))}); install that version, or name another database"
            )
        command.upgrade(settings, "head")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def config(connection: Connection) -> "Config":
    """Return Alembic's configuration for the history in this folder, on an open connection."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["connection"] = connection
    return made
