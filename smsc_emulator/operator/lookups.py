"""An operator's answers: queries wait for their delay in a row, then a signed verdict goes to the gateway.

A query is answered once. Sending its verdict is another matter: that is repeated by a plan until the gateway has
taken it, and once more when the gateway asks again under the same request id.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import ClientSession
from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Row

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import DAY, MINUTE, SECOND, iso
from smsc_emulator.base.flights import Flights
from smsc_emulator.base.retries import RetryPlan
from smsc_emulator.base.signed_http import UnreachableError, post_signed
from smsc_emulator.operator import subscribers
from smsc_emulator.operator.behaviour import Behaviours
from smsc_emulator.operator.settings import OperatorSettings
from smsc_emulator.operator.store import operator_queries as queries

PRESENT, ABSENT = "PRESENT", "ABSENT"

T_OP = 20 * MINUTE
"""Time an operator has to answer (identification, 3.3). A later answer is put on record, and is still sent."""

VERDICT_PLAN = RetryPlan((0, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE), 30 * MINUTE)
"""When a verdict that the gateway did not take is sent again."""

VERDICT_CAP = DAY
"""How long a verdict is tried."""

_BATCH = 500


class RequestReusedError(Exception):
    """The request id is known with another number, service or attempt."""


@dataclass(frozen=True, slots=True)
class Query:
    """What the gateway asks: whether a number is the operator's. It carries no attribute of a person."""

    request_id: str
    attempt_id: str
    service_id: str
    phone_number: str
    reply_to: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer on its way."""

    operator_id: str
    request_id: str
    phone_number: str
    result: str
    as_of: int
    reply_to: str


class Lookups:
    """The queries of all operators of the lab, and the deadlines of their answers."""

    gives_up = False

    def __init__(
        self,
        database: Database,
        clock: Clock,
        activity: Activity,
        session: ClientSession,
        operators: Sequence[OperatorSettings],
        behaviours: Behaviours,
        *,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._flights = Flights(activity)
        self._session = session
        self._secrets = {operator.id: operator.secret for operator in operators}
        self._behaviours = behaviours
        self._wake = wake

    async def receive(self, operator_id: str, query: Query, received_at: int) -> int:
        """Take a query and return when it was first received.

        A query that is known is not asked again: its delay goes on, and if it was answered its verdict is sent once
        more, to the address that it names now. Raises RequestReusedError if it is known with other data.
        """
        unit = partial(_receive, now=received_at, operator_id=operator_id, query=query, behaviours=self._behaviours)
        first_received_at = await self._database.run(unit)
        self._wake()
        return first_received_at

    async def next_due(self) -> int | None:
        """Return the instant of the earliest answer, repetition or breach."""
        return await self._database.run(_next_due)

    async def fire(self, now: int) -> None:
        """Put on record who is late, and start sending the verdicts that are due."""
        await self._database.run(partial(_record_breaches, now=now))
        while verdicts := await self._database.run(partial(_claim, now=now)):
            for verdict in verdicts:
                key = verdict.operator_id, verdict.request_id
                self._flights.launch(key, partial(self._send, verdict))

    async def close(self) -> None:
        """Drop what is under way; it is sent again at the next start."""
        await self._flights.close()

    async def _send(self, verdict: Verdict) -> None:
        secret = self._secrets.get(verdict.operator_id)
        if secret is None:  # an operator that was taken out of the configuration has nobody to sign for it
            return
        body = {
            "request_id": verdict.request_id,
            "phone_number": verdict.phone_number,
            "result": verdict.result,
            "as_of": iso(verdict.as_of),
        }
        try:
            status, _ = await post_signed(self._session, verdict.reply_to, secret, verdict.request_id, body)
        except UnreachableError:
            return
        if status < 300 or 400 <= status < 500:
            await self._database.run(partial(_sent, now=self._clock.now(), verdict=verdict, status=status))


def _receive(tx: Tx, now: int, operator_id: str, query: Query, behaviours: Behaviours) -> int:
    mine = (queries.c.operator_id == operator_id) & (queries.c.request_id == query.request_id)
    known = tx.conn.execute(select(queries).where(mine)).one_or_none()
    if known is None:
        _note(tx, now, operator_id, query, behaviours)
        return now
    if (known.phone_number, known.service_id, known.attempt_id) != (
        query.phone_number,
        query.service_id,
        query.attempt_id,
    ):
        raise RequestReusedError(f"{query.request_id} is known with other data")
    change: dict[str, Any] = {"reply_to": query.reply_to}
    if known.answered_at is not None:
        change["answer_due_at"] = now
    tx.conn.execute(update(queries).where(mine).values(change))
    return int(known.received_at)


def _note(tx: Tx, now: int, operator_id: str, query: Query, behaviours: Behaviours) -> None:
    behaviour = behaviours.get(tx, operator_id)
    row = {field: getattr(query, field) for field in Query.__dataclass_fields__}
    row |= {
        "operator_id": operator_id,
        "received_at": now,
        "answer": behaviour.answer,
        "answer_due_at": None if behaviour.answer == "silent" else now + behaviour.delay,
        "breach_due_at": now + T_OP + 1,  # exactly T_OP is in time
        "tries": 0,
    }
    tx.conn.execute(insert(queries).values(row))
    told = {"phone_number": query.phone_number, "service_id": query.service_id, "attempt_id": query.attempt_id}
    tx.record(now, "operator.query_received", query.request_id, operator_id=operator_id, **told)


def _next_due(tx: Tx) -> int | None:
    columns = queries.c.answer_due_at, queries.c.breach_due_at
    dues = [tx.conn.execute(select(func.min(column))).scalar_one() for column in columns]
    return min((due for due in dues if due is not None), default=None)


def _record_breaches(tx: Tx, now: int) -> None:
    late = queries.c.breach_due_at <= now
    for row in tx.conn.execute(select(queries).where(late).order_by(queries.c.breach_due_at)).all():
        told = {"phone_number": row.phone_number, "service_id": row.service_id, "rule": "T_op"}
        tx.record(now, "operator.breach", row.request_id, operator_id=row.operator_id, **told)
    tx.conn.execute(update(queries).where(late).values(breach_due_at=None))


def _claim(tx: Tx, now: int) -> list[Verdict]:
    due = select(queries).where(queries.c.answer_due_at <= now)
    rows = tx.conn.execute(due.order_by(queries.c.answer_due_at, queries.c.request_id).limit(_BATCH)).all()
    return [_verdict(tx, now, row) for row in rows]


def _verdict(tx: Tx, now: int, row: Row[Any]) -> Verdict:
    """Return the verdict of a due query, found now or found earlier, and set when it is sent again."""
    fresh = row.answered_at is None
    result = _result(tx, row) if fresh else row.result
    as_of = now if fresh else row.answered_at
    change: dict[str, Any] = {
        "answer_due_at": VERDICT_PLAN.next_after(as_of, now, as_of + VERDICT_CAP),
        "tries": row.tries + 1,
    }
    if fresh:
        change |= {"result": result, "answered_at": as_of, "breach_due_at": None}
        told = {"phone_number": row.phone_number, "service_id": row.service_id, "result": result}
        tx.record(now, "operator.answered", row.request_id, operator_id=row.operator_id, **told)
    tx.conn.execute(_at(row.operator_id, row.request_id).values(change))
    return Verdict(row.operator_id, row.request_id, row.phone_number, result, as_of, row.reply_to)


def _result(tx: Tx, row: Row[Any]) -> str:
    """Return PRESENT or ABSENT, as the behaviour says or, by truth, as the subscribers of this instant say."""
    if row.answer == "truth":
        return PRESENT if subscribers.holds(tx, row.operator_id, row.phone_number) else ABSENT
    return str(row.answer).upper()


def _sent(tx: Tx, now: int, verdict: Verdict, status: int) -> None:
    """End the sending: the gateway took the verdict, or refused it for good."""
    tx.conn.execute(_at(verdict.operator_id, verdict.request_id).values(answer_due_at=None))
    if status >= 300:
        told = {"operator_id": verdict.operator_id, "phone_number": verdict.phone_number, "status": status}
        tx.record(now, "operator.verdict_refused", verdict.request_id, **told)


def _at(operator_id: str, request_id: str) -> Any:
    return update(queries).where(queries.c.operator_id == operator_id, queries.c.request_id == request_id)
