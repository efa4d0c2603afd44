"""An operator's answers: queries wait for their delay in a row, then a signed verdict goes to the gateway.

A query is answered once. Sending its verdict is another matter: that is repeated by a plan until the gateway has
taken it, and once more when the gateway asks again under the same request id. What is in a verdict is `answers`; an
operator that makes mistakes (`Behaviour.spoil` and its neighbours) sends others instead of it, or after it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.engine import Row

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import DAY, MINUTE, SECOND, iso
from smsc_emulator.base.flights import Flights
from smsc_emulator.base.randomness import Randomness, SecretRandomness
from smsc_emulator.base.retries import RetryPlan
from smsc_emulator.base.signed_http import Session, UnreachableError
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen
from smsc_emulator.operator import answers, register, subscribers
from smsc_emulator.operator.answers import ABSENT, PRESENT
from smsc_emulator.operator.behaviour import Behaviour, Behaviours
from smsc_emulator.operator.outward import Outward
from smsc_emulator.operator.register import EntryConflictError, Handover
from smsc_emulator.operator.settings import OperatorSettings
from smsc_emulator.operator.store import operator_queries as queries
from smsc_emulator.operator.subscribers import Subscriber

__all__ = ["ABSENT", "PRESENT", "Lookups", "NoAgreementError", "Query", "RequestReusedError", "Verdict"]

T_OP = 20 * MINUTE
"""Time an operator has to answer (identification, 3.3). A later answer is put on record, and is still sent."""

VERDICT_PLAN = RetryPlan((0, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE), 30 * MINUTE)
"""When a verdict that the gateway did not take is sent again."""

VERDICT_CAP = DAY
"""How long a verdict is tried."""

CODE_CAP = DAY
"""How long after its verdict a code may come."""

_BATCH = 500

_AT = (queries.c.operator_id == bindparam("its_operator")) & (queries.c.request_id == bindparam("its_request"))
_FIND = Statement(select(queries).where(_AT))
_ADD = Statement(insert(queries))
_CHANGE = Statement(update(queries).where(_AT))
_DUE = Statement(
    select(queries)
    .where(queries.c.answer_due_at <= bindparam("now"))
    .order_by(queries.c.answer_due_at, queries.c.request_id)
    .limit(_BATCH)
)
_LATE = Statement(select(queries).where(queries.c.breach_due_at <= bindparam("now")).order_by(queries.c.breach_due_at))
_NEXT = [
    Statement(select(func.min(column)), remember=True) for column in (queries.c.answer_due_at, queries.c.breach_due_at)
]


class RequestReusedError(Exception):
    """The request id is known with another number, service or attempt."""


class NoAgreementError(Exception):
    """The operator has no agreement of the id that the query names."""


@frozen
class Query:
    """What the gateway asks: whether a number is the operator's. In presence mode it tells of no person."""

    request_id: str
    attempt_id: str
    service_id: str
    phone_number: str
    reply_to: str | None = None
    mode: str = "presence"
    attributes: Mapping[str, str] | None = None
    """In match mode: what the user said of himself."""
    code: str | None = None
    """What to enter in the register if the answer is PRESENT."""
    service_name: str | None = None
    agreement_id: str | None = None
    since: int | None = None
    """Also asked: whether the number went to another person after this instant."""


_SAME = ("phone_number", "service_id", "attempt_id")
"""What a query has to have in common with the one that came before under its id."""


@frozen
class Verdict:
    """An answer on its way, and what its operator does wrong with it."""

    operator_id: str
    request_id: str
    phone_number: str
    result: str
    as_of: int
    """By the operator's clock."""
    reply_to: str | None
    match: Mapping[str, str] | None = None
    entry_id: str | None = None
    recycled: bool | None = None
    behaviour: Behaviour = field(default_factory=lambda: Behaviour("truth", 0))

    def body(self) -> dict[str, Any]:
        """Return the message's members."""
        more = {"match": self.match, "entry_id": self.entry_id, "recycled": self.recycled}
        return {
            "request_id": self.request_id,
            "phone_number": self.phone_number,
            "result": self.result,
            "as_of": iso(self.as_of),
            **{name: value for name, value in more.items() if value is not None},
        }

    def messages(self) -> list[dict[str, Any]]:
        """Return what is sent: the verdict, or what is made of it, as often as the behaviour says."""
        told = self
        if self.behaviour.spoil == "wrong_number":
            told = replace(self, phone_number=self.phone_number[:-1] + str((int(self.phone_number[-1]) + 1) % 10))
        elif self.behaviour.spoil == "unknown_id":
            told = replace(self, request_id="unknown_" + self.request_id[-32:])
        sent = [told.body()] * self.behaviour.verdict_repeat
        if self.behaviour.then_contradict:
            sent.append(replace(told, result=answers.opposite(told.result)).body())
        return sent


class Lookups:
    """The queries of all operators of the lab, and the deadlines of their answers.

    `randomness` makes the ids of entries whose codes came with queries; it is drawn from on the database's thread only.
    """

    gives_up = False

    def __init__(
        self,
        database: Database,
        clock: Clock,
        activity: Activity,
        session: Session,
        operators: Sequence[OperatorSettings],
        behaviours: Behaviours,
        *,
        wake: Callable[[], None],
        outward: Outward | None = None,
        randomness: Randomness | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._flights = Flights(activity)
        self._outward = outward or Outward(session, operators)
        self._desk = _Desk(operators, behaviours, randomness or SecretRandomness())
        self._wake = wake

    async def receive(self, operator_id: str, query: Query, received_at: int) -> int:
        """Take a query and return when it was first received, by the operator's clock.

        A query that is known is not asked again: its delay goes on, and if it was answered its verdict is sent once
        more, to the address that it names now. Raises RequestReusedError if it is known with other data,
        NoAgreementError, and OutageError.
        """
        unit = partial(self._desk.receive, now=received_at, operator_id=operator_id, query=query)
        first_received_at = await self._database.run(unit)
        self._wake()
        return first_received_at

    async def next_due(self) -> int | None:
        """Return the instant of the earliest answer, repetition or breach."""
        return await self._database.run(_next_due)

    async def fire(self, now: int) -> None:
        """Put on record who is late, and start sending the verdicts that are due."""
        await self._database.run(partial(_record_breaches, now=now))
        while (verdicts := await self._database.run(partial(self._desk.claim, now=now))) is not None:
            for verdict in verdicts:
                key = verdict.operator_id, verdict.request_id
                self._flights.launch(key, partial(self._send, verdict))

    async def close(self) -> None:
        """Drop what is under way; it is sent again at the next start."""
        await self._flights.close()

    async def _send(self, verdict: Verdict) -> None:
        spoilt = verdict.behaviour.spoil == "bad_signature"
        for body in verdict.messages():
            try:
                status = await self._outward.send(
                    verdict.operator_id,
                    "verdicts",
                    verdict.request_id,
                    body,
                    to=verdict.reply_to,
                    badly_signed=spoilt,
                )
            except UnreachableError:
                return
            if status >= 500:
                return
        await self._database.run(partial(_sent, now=self._clock.now(), verdict=verdict, status=status))


class _Desk:
    """What happens to queries inside units of work."""

    def __init__(self, operators: Sequence[OperatorSettings], behaviours: Behaviours, randomness: Randomness) -> None:
        self._operators = {operator.id: operator for operator in operators}
        self._behaviours = behaviours
        self._randomness = randomness
        # A virtual operator without a database of its own is answered for by the one that keeps its subscribers.
        self._kept = {
            keeper.id: {keeper.id, *(each.id for each in operators if each.subscriber_data_at == keeper.id)}
            for keeper in operators
        }

    def receive(self, tx: Tx, now: int, operator_id: str, query: Query) -> int:
        """Put a query on record, or find it there; return its first instant by the operator's clock."""
        behaviour = self._behaviours.reach(tx, now, operator_id)
        agreements = self._operators[operator_id].agreements
        if query.agreement_id is not None and agreements and query.agreement_id not in agreements:
            raise NoAgreementError(f"{operator_id} has no agreement {query.agreement_id}")
        known = _FIND.first(tx, its_operator=operator_id, its_request=query.request_id)
        if known is None:
            _note(tx, now, operator_id, query, behaviour)
            return now + behaviour.clock_skew
        if any(getattr(known, name) != getattr(query, name) for name in _SAME):
            raise RequestReusedError(f"{query.request_id} is known with other data")
        change: dict[str, Any] = {"reply_to": query.reply_to}
        if known.answered_at is not None:
            change["answer_due_at"] = now
        _change(tx, operator_id, query.request_id, **change)
        return int(known.received_at) + behaviour.clock_skew

    def claim(self, tx: Tx, now: int) -> list[Verdict] | None:
        """Return some of the verdicts that are due, each on record before it is sent; None if nothing is due."""
        rows = _DUE.all(tx, now=now)
        return [verdict for row in rows if (verdict := self._verdict(tx, now, row)) is not None] if rows else None

    def _verdict(self, tx: Tx, now: int, row: Row[Any]) -> Verdict | None:
        """Return the verdict of a due query, found now or found earlier, and set when it is sent again.

        None if nobody speaks for the operator: it is out, or was taken out of the configuration.
        """
        if row.operator_id not in self._operators:
            _change(tx, row.operator_id, row.request_id, answer_due_at=None)
            return None
        behaviour = self._behaviours.get(tx, row.operator_id)
        outage = behaviour.outage
        if outage is not None and outage.holds(now):
            later = outage.until or VERDICT_PLAN.next_after(row.received_at, now, now + DAY)
            _change(tx, row.operator_id, row.request_id, answer_due_at=later)
            return None
        change = {"tries": row.tries + 1} | (self._answer(tx, now, row, behaviour) if row.answered_at is None else {})
        answered_at = change.get("answered_at", row.answered_at)
        change["answer_due_at"] = VERDICT_PLAN.next_after(answered_at, now, answered_at + VERDICT_CAP)
        _change(tx, row.operator_id, row.request_id, **change)
        told = {name: change.get(name, getattr(row, name)) for name in ("result", "match", "entry_id", "recycled")}
        as_of = answered_at + behaviour.clock_skew
        who = row.operator_id, row.request_id, row.phone_number
        return Verdict(*who, as_of=as_of, reply_to=row.reply_to, behaviour=behaviour, **told)

    def _answer(self, tx: Tx, now: int, row: Row[Any], behaviour: Behaviour) -> dict[str, Any]:
        """Find the answer, which is found once; return what the query's row becomes by it."""
        subscriber = self._subscriber(tx, row.operator_id, row.phone_number)
        result = answers.result(row.answer, subscriber, behaviour, self._behaviours.terms(row.received_at))
        change: dict[str, Any] = {"result": result, "answered_at": now, "breach_due_at": None, "attributes": None}
        if result == PRESENT and row.attributes is not None:
            compared = self._operators[row.operator_id].match_attributes
            change["match"] = answers.match(subscriber, row.attributes, compared)
        if result == PRESENT and row.since is not None:
            change["recycled"] = subscribers.recycled(tx, row.phone_number, row.since)
        if result == PRESENT and row.code is not None and behaviour.register == "open":
            change["entry_id"] = self._enter(tx, now, row)
        told = {"phone_number": row.phone_number, "service_id": row.service_id, "result": result}
        tx.record(now, "operator.answered", row.request_id, operator_id=row.operator_id, **told)
        return change

    def _subscriber(self, tx: Tx, operator_id: str, phone_number: str) -> Subscriber | None:
        found = subscribers.find(tx, phone_number)
        return found if found is not None and found.operator_id in self._kept[operator_id] else None

    def _enter(self, tx: Tx, now: int, row: Row[Any]) -> str | None:
        handover = Handover(row.code, row.request_id, row.phone_number, row.service_id, row.service_name)
        try:
            new_id = "ent_" + self._randomness.token(20)
            return register.open_entry(tx, now, row.operator_id, handover, new_id).entry_id
        except EntryConflictError:
            return None


def open_to(tx: Tx, now: int, operator_id: str, phone_number: str) -> list[str]:
    """Return the services that this operator was asked by about a number, and that may still count on the answer.

    So are queries that wait for their answer in the time for it, and those answered PRESENT whose code may yet come.
    """
    mine = (queries.c.operator_id == operator_id) & (queries.c.phone_number == phone_number)
    waiting = queries.c.answered_at.is_(None) & (queries.c.received_at >= now - T_OP)
    present = (queries.c.result == PRESENT) & (queries.c.answered_at >= now - CODE_CAP)
    found = tx.conn.execute(select(queries).where(mine, waiting | present).order_by(queries.c.received_at))
    services = [row.service_id for row in found if register.code_of(tx, operator_id, row.request_id) is None]
    return list(dict.fromkeys(services))


def _note(tx: Tx, now: int, operator_id: str, query: Query, behaviour: Behaviour) -> None:
    row = {name: getattr(query, name) for name in Query.__dataclass_fields__}
    row |= {
        "operator_id": operator_id,
        "received_at": now,
        "answer": behaviour.answer,
        "answer_due_at": None if behaviour.answer == "silent" else now + behaviour.delay,
        "breach_due_at": now + T_OP + 1,  # exactly T_OP is in time
        "tries": 0,
    }
    _ADD.later(tx, row)
    told = {"phone_number": query.phone_number, "service_id": query.service_id, "attempt_id": query.attempt_id}
    more = {} if query.agreement_id is None else {"agreement_id": query.agreement_id}
    tx.record(now, "operator.query_received", query.request_id, operator_id=operator_id, **told, **more)


def _next_due(tx: Tx) -> int | None:
    return min((due for each in _NEXT if (due := each.value(tx)) is not None), default=None)


def _record_breaches(tx: Tx, now: int) -> None:
    for row in _LATE.all(tx, now=now):
        told = {"phone_number": row.phone_number, "service_id": row.service_id, "rule": "T_op"}
        tx.record(now, "operator.breach", row.request_id, operator_id=row.operator_id, **told)
        _change(tx, row.operator_id, row.request_id, breach_due_at=None)


def _sent(tx: Tx, now: int, verdict: Verdict, status: int) -> None:
    """End the sending: the gateway took the verdict, or refused it for good."""
    _change(tx, verdict.operator_id, verdict.request_id, answer_due_at=None)
    if status >= 300:
        told = {"operator_id": verdict.operator_id, "phone_number": verdict.phone_number, "status": status}
        tx.record(now, "operator.verdict_refused", verdict.request_id, **told)


def _change(tx: Tx, operator_id: str, request_id: str, **values: Any) -> None:
    _CHANGE.later(tx, {"its_operator": operator_id, "its_request": request_id, **values})
