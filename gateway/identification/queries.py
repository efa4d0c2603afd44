"""What operators were asked: one row for each query, since an attempt may ask more than once. Runs in units of work.

Also what the user said of himself, in match mode: that is kept here while the attempt may need it, and nowhere else.
"""

from collections.abc import Mapping
from typing import cast

from sqlalchemy import bindparam, delete, insert, select

from gateway.identification.attempt import Attempt, Result
from gateway.identification.tables import attributes, queries
from smsc_emulator.base.database import Tx
from smsc_emulator.base.records import Records
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen, replace


@frozen
class Query:
    """A query to an operator. Instants are lab time in milliseconds."""

    request_id: str
    attempt_id: str
    operator_id: str
    asked_at: int
    result: Result | None = None
    """The verdict that was accepted."""
    answered_at: int | None = None


_QUERIES = Records(queries, Query, key="request_id")
find = _QUERIES.find

_ANY_KEPT = Statement(select(attributes.c.attempt_id).limit(1), remember=True)
_ERASE = Statement(delete(attributes).where(attributes.c.attempt_id == bindparam("its_id")))


def add(tx: Tx, now: int, attempt: Attempt, request_id: str, operator_id: str) -> None:
    """Note that an operator is asked for an attempt."""
    _QUERIES.add(tx, Query(request_id, attempt.id, operator_id, now))


def answered(tx: Tx, request_id: str, result: Result, received_at: int) -> None:
    """Note the verdict on a query that was accepted."""
    query = find(tx, request_id)
    assert query is not None
    _QUERIES.save(tx, replace(query, result=result, answered_at=received_at))


def keep_attributes(tx: Tx, attempt_id: str, said: Mapping[str, str]) -> None:
    """Keep what the user said of himself until `erase_attributes`."""
    tx.conn.execute(insert(attributes).values(attempt_id=attempt_id, attributes=dict(said)))


def attributes_of(tx: Tx, attempt_id: str) -> Mapping[str, str] | None:
    """Return what the user said of himself, if anything."""
    said = tx.conn.execute(select(attributes.c.attributes).where(attributes.c.attempt_id == attempt_id)).scalar()
    return cast(Mapping[str, str] | None, said)


def erase_attributes(tx: Tx, attempt_id: str) -> None:
    """Forget what the user said of himself."""
    if _ANY_KEPT.first(tx) is not None:
        _ERASE.run(tx, {"its_id": attempt_id})
