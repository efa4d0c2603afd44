"""The webhooks' tables and the units' parts that read and write them. Instants are lab time in milliseconds.

A delivery whose three instants (due, delivered, given up) are all NULL is claimed: a sender is trying it, whose node
has a claim on the endpoint. A sender that starts, or hears that another node is gone, makes such rows due again where
no living node has that claim. So a delivery whose answer was lost goes out twice under one webhook-id: at least once,
and the receiver tells repeats by that id.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Row

from gateway.webhooks.outbox import Answer, DeliveryState, Outcome, Verdict, state_of
from smsc_emulator.base import claims
from smsc_emulator.base.database import Tx, metadata
from smsc_emulator.base.durations import iso
from smsc_emulator.base.statements import Columns, Statement
from smsc_emulator.frozen import frozen

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("service_id", String(32), nullable=False, index=True),
    Column("url", String(2048), nullable=False),
    Column("secret", String(128), nullable=False, comment="whsec_..., shown once"),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger, nullable=True, comment="the receiver answered 410 Gone"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, comment="order of creation"),
    Column("id", String(64), nullable=False, unique=True),
    Column("event_id", String(64), nullable=False, comment="the webhook-id, the same in every try"),
    Column("endpoint_id", String(64), nullable=False),
    Column("type", String(64), nullable=False),
    Column("subject", String(64), nullable=False, comment="what the event happened to"),
    Column("body", Text, nullable=False, comment="as it is sent"),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=True, comment="the next try"),
    Column("tries", Integer, nullable=False),
    Column("last_status", Integer, nullable=True),
    Column("last_error", String(300), nullable=True),
    Column("delivered_at", BigInteger, nullable=True),
    Column("given_up_at", BigInteger, nullable=True),
    Index("ix_webhook_deliveries_due", "endpoint_id", "due_at"),
    Index("ix_webhook_deliveries_latest", "endpoint_id", "seq"),
)

LANE = "webhooks"
"""The kind of the claims on endpoints."""

_e, _d = webhook_endpoints.c, webhook_deliveries.c
_OPEN = _d.delivered_at.is_(None) & _d.given_up_at.is_(None)

_FIRST_DUE = select(func.min(_d.due_at)).where(_d.endpoint_id == _e.id).scalar_subquery()
"""The earliest instant of an endpoint's deliveries, found in the index at once however many there are."""

_DUES = Statement(select(_e.id, _FIRST_DUE.label("due")).where(_e.disabled_at.is_(None)))
_ADD = Statement(insert(webhook_deliveries))
_FINISH = Statement(update(webhook_deliveries).where(_d.id == bindparam("its_id"), _OPEN))
_STANDS = Statement(select(_e.id).where(_e.id == bindparam("its_endpoint"), _e.disabled_at.is_(None)))
_CLAIM = Statement(update(webhook_deliveries).where(_d.id == bindparam("its_id")))
_DUE_OF = Statement(
    select(webhook_deliveries)
    .where(_d.endpoint_id == bindparam("its_endpoint"), _d.due_at <= bindparam("now"))
    .order_by(_d.due_at, _d.seq)
    .limit(bindparam("most", type_=Integer))
)


@frozen
class Endpoint:
    """Where a service receives its webhooks."""

    id: str
    service_id: str
    url: str
    secret: str
    created_at: int
    disabled_at: int | None


@frozen
class Delivery:
    """One event on its way to one endpoint."""

    id: str
    event_id: str
    endpoint_id: str
    type: str
    subject: str
    body: str
    created_at: int
    due_at: int | None
    tries: int
    last_status: int | None
    last_error: str | None
    delivered_at: int | None
    given_up_at: int | None

    @property
    def state(self) -> DeliveryState:
        """Where the delivery stands."""
        return state_of(self.due_at, self.delivered_at, self.given_up_at)


Try = tuple[int, Delivery, Answer, Verdict]
"""The instant of an answer, what it answers, the answer, and what follows from it."""

_COLUMNS = Columns(Delivery)


def add_endpoint(tx: Tx, endpoint: Endpoint) -> None:
    """Add an endpoint, with its event."""
    row = {name: getattr(endpoint, name) for name in Endpoint.__dataclass_fields__}
    tx.conn.execute(insert(webhook_endpoints), [row])
    tx.record(endpoint.created_at, "webhook_endpoint.created", endpoint.id, service_id=endpoint.service_id)


def endpoint_of(tx: Tx, service_id: str, endpoint_id: str) -> Endpoint | None:
    """Return the service's endpoint, or None."""
    found = tx.conn.execute(select(webhook_endpoints).where(_e.id == endpoint_id, _e.service_id == service_id))
    row = found.one_or_none()
    return None if row is None else _endpoint(row)


def endpoints_of(tx: Tx, service_id: str) -> list[Endpoint]:
    """Return the service's endpoints, oldest first."""
    mine = select(webhook_endpoints).where(_e.service_id == service_id)
    return [_endpoint(row) for row in tx.conn.execute(mine.order_by(_e.created_at, _e.id))]


def receivers(tx: Tx) -> Mapping[str, Sequence[str]]:
    """Return the ids of each service's endpoints that are not disabled."""
    active = select(_e.service_id, _e.id).where(_e.disabled_at.is_(None))
    by_service: dict[str, list[str]] = {}
    for service_id, endpoint_id in tx.conn.execute(active.order_by(_e.created_at, _e.id)):
        by_service.setdefault(service_id, []).append(endpoint_id)
    return by_service


def delete_endpoint(tx: Tx, now: int, endpoint: Endpoint) -> None:
    """Delete an endpoint and its deliveries, with its event."""
    tx.conn.execute(delete(webhook_deliveries).where(_d.endpoint_id == endpoint.id))
    tx.conn.execute(delete(webhook_endpoints).where(_e.id == endpoint.id))
    tx.record(now, "webhook_endpoint.deleted", endpoint.id, service_id=endpoint.service_id)


def add_deliveries(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """Add deliveries, in the order in which they go out."""
    _ADD.later(tx, *map(_COLUMNS.all, deliveries))


def latest_deliveries(tx: Tx, endpoint_id: str, limit: int) -> list[Delivery]:
    """Return up to `limit` deliveries of an endpoint, newest first."""
    mine = select(webhook_deliveries).where(_d.endpoint_id == endpoint_id)
    return [_delivery(row) for row in tx.conn.execute(mine.order_by(_d.seq.desc()).limit(limit))]


def requeue(tx: Tx, now: int, busy: Collection[str]) -> None:
    """Make due at `now` what a sender that is gone claimed and did not finish; endpoints that are `busy` are not."""
    claims.forget_the_gone(tx, LANE)
    lost = _d.endpoint_id.not_in({*busy, *claims.held_by_others(tx, LANE)})
    _make_due(tx, now, lost)


def next_due(tx: Tx, busy: Collection[str]) -> int | None:
    """Return the instant of the earliest try at an endpoint that is not `busy`, here or at another node, or None."""
    others = {*busy, *claims.held_by_others(tx, LANE)}
    dues = (row.due for row in _DUES.all(tx) if row.id not in others and row.due is not None)
    return min(dues, default=None)


def claim(tx: Tx, now: int, busy: Collection[str], endpoints: int, each: int) -> list[tuple[Endpoint, list[Delivery]]]:
    """Claim what is due by `now`, of up to `endpoints` endpoints that are not `busy`, up to `each` deliveries of each.

    No other node sends to these endpoints until `leave`. The endpoint that has waited longest
    comes first, and so does its oldest delivery. What a sender that is gone had claimed of them is due again at once:
    this node is busy with them from here on, so that `requeue` would leave it alone.
    """
    waiting = select(webhook_endpoints).where(_e.disabled_at.is_(None), _free(tx, busy), now >= _FIRST_DUE)
    rows = tx.conn.execute(waiting.order_by(_FIRST_DUE, _e.id).limit(endpoints)).all()
    taken = [row.id for row in rows]
    if left := claims.left_by_the_gone(tx, LANE, taken):
        _make_due(tx, now, _d.endpoint_id.in_(left))
    claims.take(tx, LANE, taken)
    return [(endpoint, _claim_of(tx, now, endpoint.id, each)) for endpoint in map(_endpoint, rows)]


def claim_more(tx: Tx, now: int, endpoint_id: str, each: int) -> list[Delivery]:
    """Claim what more is due by `now` of an endpoint that this node has; nothing if it was disabled or deleted."""
    return _claim_of(tx, now, endpoint_id, each)


def leave(tx: Tx, endpoint_id: str) -> None:
    """Let any node send to an endpoint."""
    claims.release(tx, LANE, endpoint_id)


def finish(tx: Tx, endpoint_id: str, tried: Sequence[Try]) -> bool:
    """Write down what tries came to, with their events; False if the endpoint takes no more.

    A delivery that was deleted with its endpoint while it was under way is left alone.
    """
    if all(verdict.outcome is Outcome.DELIVERED for *_, verdict in tried) and _stands(tx, endpoint_id):
        # What is claimed of an endpoint that stands is there, and open.
        _FINISH.run_each(tx, [_finished(*one) for one in tried])
        for one in tried:
            _record(tx, *one)
        return True
    kept = [_finish(tx, *one) for one in tried]
    return all(kept)


def _stands(tx: Tx, endpoint_id: str) -> bool:
    """Whether an endpoint is neither deleted nor disabled."""
    return _STANDS.first(tx, its_endpoint=endpoint_id) is not None


def _finish(tx: Tx, now: int, delivery: Delivery, answer: Answer, verdict: Verdict) -> bool:
    if not _FINISH.run(tx, _finished(now, delivery, answer, verdict)):
        return False
    _record(tx, now, delivery, answer, verdict)
    if verdict.disables:
        _disable(tx, now, delivery.endpoint_id)
    return not verdict.disables


def _finished(now: int, delivery: Delivery, answer: Answer, verdict: Verdict) -> dict[str, Any]:
    return {
        "its_id": delivery.id,
        "tries": delivery.tries + 1,
        "last_status": answer.status,
        "last_error": verdict.error,
        "due_at": verdict.due_at,
        "delivered_at": now if verdict.outcome is Outcome.DELIVERED else None,
        "given_up_at": now if verdict.outcome is Outcome.GIVEN_UP else None,
    }


def _record(tx: Tx, now: int, delivery: Delivery, answer: Answer, verdict: Verdict) -> None:
    tx.record(now, f"webhook.{verdict.outcome}", delivery.event_id, **_told(delivery, answer, verdict))


def _free(tx: Tx, busy: Collection[str]) -> ColumnElement[bool]:
    return _e.id.not_in({*busy, *claims.held_by_others(tx, LANE)})


def _told(delivery: Delivery, answer: Answer, verdict: Verdict) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "endpoint_id": delivery.endpoint_id,
        "event_type": delivery.type,
        "event_subject": delivery.subject,
        "tries": delivery.tries + 1,
        "status": answer.status,
        "error": verdict.error,
        "next_try_at": None if verdict.due_at is None else iso(verdict.due_at),
    }


def _disable(tx: Tx, now: int, endpoint_id: str) -> None:
    tx.conn.execute(update(webhook_endpoints).where(_e.id == endpoint_id).values(disabled_at=now))
    unsent = (_d.endpoint_id == endpoint_id) & _OPEN
    over = {"due_at": None, "given_up_at": now, "last_error": "the endpoint is disabled"}
    tx.conn.execute(update(webhook_deliveries).where(unsent).values(**over))
    tx.record(now, "webhook_endpoint.disabled", endpoint_id)


def _make_due(tx: Tx, now: int, lost: ColumnElement[bool]) -> None:
    """Give back what is claimed by nobody who lives; it goes out before what is due later, in its old order."""
    claimed = _OPEN & _d.due_at.is_(None) & lost
    tx.conn.execute(update(webhook_deliveries).where(claimed).values(due_at=now))


def _claim_of(tx: Tx, now: int, endpoint_id: str, limit: int) -> list[Delivery]:
    claimed = [_delivery(row) for row in _DUE_OF.all(tx, its_endpoint=endpoint_id, now=now, most=limit)]
    _CLAIM.run_each(tx, [{"its_id": delivery.id, "due_at": None} for delivery in claimed])
    return claimed


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(**row._mapping)


def _delivery(row: Row[Any]) -> Delivery:
    fields = row._mapping
    return Delivery(**{name: fields[name] for name in Delivery.__dataclass_fields__})
