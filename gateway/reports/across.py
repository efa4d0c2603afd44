"""Rules whose cases are made of things far from each other in the journal: the database counts them.

Only the counts and the latest places come out, however many attempts there are.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select

from gateway.identification.tables import attempts, queries
from gateway.reports.history import Tally
from smsc_emulator.base.database import Tx, journal_table

SHOWN = 10
"""How many places in the journal are taken over."""

_j = journal_table.c


def tallies(tx: Tx, service_id: str | None) -> dict[str, Tally]:
    """Return what was counted, of all services or of one, by the row of the rule."""
    of_one = {"S50": _operators(tx, service_id), "S93": _retries(tx, service_id)}
    return of_one if service_id is not None else {**of_one, "S72": _numbers(tx)}


def _operators(tx: Tx, service_id: str | None) -> Tally:
    """Four operators were asked."""
    sent = _j.type == "lookup.query_sent"
    query = select(func.min(_j.seq)).where(sent).group_by(_j.data["operator_id"].as_string())
    if service_id is not None:
        query = query.join(queries, queries.c.request_id == _j.subject)
        query = query.join(attempts, attempts.c.id == queries.c.attempt_id).where(attempts.c.service_id == service_id)
    first = sorted(tx.conn.execute(query).scalars())
    return Tally(1, 0, tuple(first[-SHOWN:])) if len(first) >= 4 else Tally(0, 0, ())


def _numbers(tx: Tx) -> Tally:
    """A number is bound in several services; each such number is a case."""
    number, service = _j.data["binding"]["phone_number"].as_string(), _j.data["service_id"].as_string()
    active = _j.type == "binding.active"
    bound = select(number.label("number")).where(active).group_by(number).having(func.count(service.distinct()) > 1)
    cases = int(tx.conn.execute(select(func.count()).select_from(bound.subquery())).scalar_one())
    first = select(func.min(_j.seq).label("seq")).where(active, number.in_(bound)).group_by(number, service)
    return Tally(cases, 0, _latest(tx, first) if cases else ())


def _retries(tx: Tx, service_id: str | None) -> Tally:
    """Who was refused for want of an answer may try again, unless the profile has him wait."""
    in_order: dict[str, Any] = {"partition_by": [attempts.c.service_id, attempts.c.user_id], "order_by": _j.seq}
    begun = (
        select(
            attempts.c.reason,
            func.lead(attempts.c.reason).over(**in_order).label("then"),
            func.lead(_j.seq).over(**in_order).label("seq"),
        )
        .join(attempts, attempts.c.id == _j.subject)
        .where(_j.type == "identification.created", *_of(service_id))
        .subquery()
    )
    again = and_(begun.c.reason == "no_answer", begun.c.seq.is_not(None))
    held = begun.c.then == "policy_hold"
    counts = select(func.count(), func.sum(case((held, 1), else_=0))).where(again).select_from(begun)
    cases, broken = tx.conn.execute(counts).one()
    shown = select(begun.c.seq).where(again, held) if broken else select(begun.c.seq).where(again)
    return Tally(cases, broken or 0, _latest(tx, shown))


def _of(service_id: str | None) -> list[ColumnElement[bool]]:
    return [] if service_id is None else [attempts.c.service_id == service_id]


def _latest(tx: Tx, query: Select[Any]) -> tuple[int, ...]:
    """Return the latest places that a query finds, oldest first."""
    found = query.subquery()
    latest = select(found.c.seq).order_by(found.c.seq.desc()).limit(SHOWN)
    return tuple(reversed(tx.conn.execute(latest).scalars().all()))
