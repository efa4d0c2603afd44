"""Indices that hold only for some rows of a table, on both engines."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Index
from sqlalchemy.event import listen


def unique_among(name: str, *columns: Column[Any], where: ColumnElement[bool]) -> Index:
    """Declare that columns are unique among the rows that `where` is true of.

    PostgreSQL is told so when the index is made there: to name its option here would load its whole dialect, with all
    its drivers, into each process that never sees a PostgreSQL.
    """
    index = Index(name, *columns, unique=True, sqlite_where=where)

    def tell(target: Index, connection: Any, **_: Any) -> None:
        if connection.dialect.name == "postgresql":
            target.dialect_options["postgresql"]["where"] = where

    listen(index, "before_create", tell)
    return index
