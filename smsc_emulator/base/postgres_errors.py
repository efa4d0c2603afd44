"""What goes wrong with PostgreSQL, in sentences that say what, where and what to do, and without any value of a row."""

import re
from typing import Any

from sqlalchemy import URL
from sqlalchemy.engine import ExceptionContext

SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"
OLDEST = 14
"""The oldest major version: before it, no server ends the session of a node that has fallen silent."""

_WRONG_PASSWORD, _NO_ROLE_ACCESS, _NO_DATABASE, _TOO_MANY = "28P01", "28000", "3D000", "53300"
_NO_RIGHT = "42501"

_ADVICE = {
    _WRONG_PASSWORD: "check the user and the password in the URL",
    _NO_ROLE_ACCESS: "check the user in the URL and the server's pg_hba.conf",
    _NO_DATABASE: "create the database, or name another one in the URL",
    _NO_RIGHT: "let the user make tables: GRANT CREATE ON SCHEMA public TO the user",
    _TOO_MANY: "raise the server's max_connections, or stop a node",
}


class DatabaseUnusableError(Exception):
    """The database cannot be had; the text says which one, why, and what to do."""


class CommitInDoubtError(DatabaseUnusableError):
    """The connection ended after a commit was asked for and before the server had said that it was made."""


def in_doubt(url: URL, error: BaseException) -> CommitInDoubtError:
    """Return the error of units that may have been committed or not."""
    return CommitInDoubtError(
        f"the connection to the database {_shown(url)} ended during a commit: {_first_line(error)}; "
        "look whether it was made, or repeat what can be repeated"
    )


def driver_missing(url: URL) -> DatabaseUnusableError:
    """Return the error of an installation without the driver."""
    return DatabaseUnusableError(
        f"the database {_shown(url)} is a PostgreSQL, and its driver is not installed; "
        "install it with: pip install 'confirmlab[postgres]'"
    )


def too_old(url: URL, version: str) -> DatabaseUnusableError:
    """Return the error of a server that lacks what is needed."""
    return DatabaseUnusableError(
        f"the server of the database {_shown(url)} is PostgreSQL {version}; use version {OLDEST} or newer"
    )


def refused(url: URL, error: BaseException) -> DatabaseUnusableError:
    """Return why no connection was made."""
    state = sqlstate(error)
    if state in _ADVICE:
        return DatabaseUnusableError(f"the database {_shown(url)} refuses: {_first_line(error)}; {_ADVICE[state]}")
    if isinstance(_cause(error, TimeoutError), TimeoutError):
        return DatabaseUnusableError(
            f"the server of the database {_shown(url)} does not answer; check the host and the network"
        )
    return DatabaseUnusableError(
        f"the database {_shown(url)} cannot be reached: {_first_line(error)}; "
        "check that the server runs and that the URL is right"
    )


def is_refusal(error: BaseException) -> bool:
    """Whether the server refuses what only its administrator can grant."""
    return sqlstate(error) in _ADVICE


def sqlstate(error: BaseException) -> str | None:
    """Return the five characters by which the server names an error, or None if it does not come from there."""
    for one in _chain(error):
        state = getattr(one, "sqlstate", None)
        if isinstance(state, str):
            return state
    return None


def is_conflict(error: BaseException) -> bool:
    """Whether another node's transaction was in the way, so that running the units again is right."""
    return sqlstate(error) in (SERIALIZATION_FAILURE, DEADLOCK)


def hide_values(context: ExceptionContext) -> None:
    """Take the rows' values out of an error's text; for SQLAlchemy's event `handle_error`.

    The driver and the server quote the values that they refuse, and an error's text goes to the log.
    """
    told = context.sqlalchemy_exception
    for one in _chain(told) if told is not None else ():
        if hasattr(one, "detail") and hasattr(one, "sqlstate"):
            one.detail = None
        if one.args and isinstance(one.args[0], str):
            one.args = (_without_values(one.args[0]), *one.args[1:])


def _without_values(text: str) -> str:
    text = re.split(r"\nDETAIL:", text)[0]
    return re.sub(r"(invalid input for query argument \$\d+)\b.*", r"\1", text, flags=re.DOTALL)


def _chain(error: BaseException) -> list[Any]:
    """Return the error and those it came from: the driver's own is wrapped twice."""
    found: list[Any] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__context__, one.__cause__, getattr(one, "orig", None)]
    return found


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    return next((one for one in _chain(error) if isinstance(one, kind)), None)


def _first_line(error: BaseException) -> str:
    driver = next((one for one in _chain(error) if isinstance(getattr(one, "sqlstate", None), str)), None)
    return str(driver or _cause(error, OSError) or error).partition("\n")[0]


def _shown(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=True)
