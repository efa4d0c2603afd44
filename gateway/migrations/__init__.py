"""One history of the database's tables, for all packages; `upgrade` brings a database to its end."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

if TYPE_CHECKING:
    from alembic.config import Config


def upgrade(engine: Engine) -> None:
    """Bring the tables of the database to the newest revision; one newer than this program is refused."""
    from alembic import command

    with engine.connect() as connection:
        # The engine commits each statement by itself; the revisions run whole or not at all.
        connection.exec_driver_sql("BEGIN")
        command.upgrade(config(connection), "head")
        connection.exec_driver_sql("COMMIT")


def config(connection: Connection) -> "Config":
    """Return Alembic's configuration for the history in this folder, on an open connection."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["connection"] = connection
    return made
