"""The end of contracts, and the notices of it: the operator has a day, or as the rules in force say, for each (S10).

When a contract ends, the number's open entries in the register end with it, in the same transaction, and each has a
notice with an id of its own. A service that asked about the number, and whose code has not come, has a notice without a
code, since it counts on what it was told, or is about to be. A notice is sent when the operator's behaviour says,
signed, and again by a plan until the gateway has taken it. One that was not sent in that time is put on record as a
breach; it is sent all the same.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Row

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import DAY, MINUTE, SECOND, iso
from smsc_emulator.base.flights import Flights
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.base.retries import RetryPlan
from smsc_emulator.base.signed_http import UnreachableError
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen
from smsc_emulator.operator import lookups, register, subscribers
from smsc_emulator.operator.behaviour import Behaviours, TermsAt
from smsc_emulator.operator.outward import Outward
from smsc_emulator.operator.settings import EndReason, OperatorSettings
from smsc_emulator.operator.store import operator_notices as notices
from smsc_emulator.operator.subscribers import Subscriber

NOTICE_PLAN = RetryPlan((0, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE), 30 * MINUTE)
"""When a notice that the gateway did not take is sent again."""

NOTICE_CAP = 7 * DAY
"""How long a notice is tried."""

_BATCH = 500

_NEXT = [
    Statement(select(func.min(column)), remember=True) for column in (notices.c.send_due_at, notices.c.breach_due_at)
]


class SameOperatorError(Exception):
    """The number is with this operator already."""


@frozen
class Notice:
    """What the operator has to tell, and how far that has come; instants are lab time."""

    notice_id: str
    operator_id: str
    phone_number: str
    service_id: str
    code: str | None
    """None: the service had asked, and its code had not come."""
    reason: EndReason
    ended_at: int
    planned_at: int | None
    sent_at: int | None
    acked_at: int | None
    due_at: int
    """When it had to be sent, by the rules that were in force at the end of the contract."""

    @property
    def is_late(self) -> bool:
        """Whether it was sent when the time for it was over."""
        return self.sent_at is not None and self.sent_at > self.due_at


class Contracts:
    """The acts that end contracts, in units of work. `randomness` is drawn from on the database's thread only."""

    def __init__(self, operators: Sequence[OperatorSettings], behaviours: Behaviours, randomness: Randomness) -> None:
        self._operators = {operator.id: operator for operator in operators}
        self._behaviours = behaviours
        self._randomness = randomness

    def sell(
        self, tx: Tx, now: int, phone_number: str, operator_id: str, *, former_subscriber: bool = False, **more: Any
    ) -> Subscriber:
        """Put a contract in force, with `more` of Subscriber's fields.

        A number whose contract ended is in quarantine for all but its former subscriber. Raises SubscriberExistsError,
        NumberInQuarantineError.
        """
        known = self._operators.get(operator_id)
        quarantine = subscribers.T_QUARANTINE if known is None else known.quarantine
        return subscribers.add(
            tx,
            now,
            phone_number,
            operator_id,
            quarantine=0 if former_subscriber else quarantine,
            continues=former_subscriber,
            **more,
        )

    def end(self, tx: Tx, now: int, phone_number: str, reason: EndReason = "ended") -> Subscriber:
        """End the contract in force, with what stands on it. Raises NoSuchSubscriberError."""
        subscribers.get(tx, phone_number)
        over = subscribers.end(tx, now, phone_number, reason)
        assert over is not None
        operator = self._operators.get(over.operator_id)
        keeper = over.operator_id if operator is None else operator.subscriber_data_at or over.operator_id
        for entry in register.end(tx, now, keeper, phone_number, reason):
            self._write(tx, over, keeper, entry.service_id, entry.code)
        for service_id in lookups.open_to(tx, now, keeper, phone_number):
            self._write(tx, over, keeper, service_id, None)
        return over

    def port(self, tx: Tx, now: int, phone_number: str, operator_id: str, imsi: str | None = None) -> Subscriber:
        """Move a subscriber with his number to another operator: the donor's contract ends, the new one begins.

        Raises NoSuchSubscriberError, SameOperatorError.
        """
        if subscribers.get(tx, phone_number).operator_id == operator_id:
            raise SameOperatorError(f"{phone_number} is with {operator_id} already")
        before = self.end(tx, now, phone_number, "ported")
        return subscribers.add(
            tx, now, phone_number, operator_id, imsi or before.imsi, continues=True, **_same_person(before)
        )

    def reissue(self, tx: Tx, now: int, phone_number: str, **more: Any) -> Subscriber:
        """Give the number to another person at once, by a contract with `more` of Subscriber's fields.

        So a line is re-registered to its user, which both people have come for (S54). Raises NoSuchSubscriberError.
        """
        before = self.end(tx, now, phone_number, "reissued")
        return subscribers.add(tx, now, phone_number, before.operator_id, before.imsi, **more)

    def _write(self, tx: Tx, over: Subscriber, keeper: str, service_id: str, code: str | None) -> None:
        """Put on record what a service is to be told of a contract that is over."""
        assert over.ended_at is not None
        behaviour = self._behaviours.get(tx, keeper)
        planned = None if behaviour.notices == "never" else over.ended_at + behaviour.notice_delay
        row = {
            "notice_id": f"ntc_{self._randomness.token(20)}",
            "operator_id": keeper,
            "phone_number": over.phone_number,
            "service_id": service_id,
            "code": code,
            "reason": over.end_reason,
            "ended_at": over.ended_at,
            "planned_at": planned,
            "send_due_at": planned,
            "breach_due_at": over.ended_at + self._behaviours.terms(over.ended_at).t_notice + 1,
            "tries": 0,
        }
        tx.conn.execute(insert(notices).values(row))


def _same_person(before: Subscriber) -> dict[str, Any]:
    names = ("sim", "owner", "end_user_known", "kyc", "person")
    return {name: getattr(before, name) for name in names}


def page(
    tx: Tx, operator_id: str, phone_number: str | None = None, *, terms: TermsAt, limit: int = 1000
) -> list[Notice]:
    """Return an operator's notices, oldest first, of one number if it is given; what is late follows from `terms`."""
    wanted = select(notices).where(notices.c.operator_id == operator_id)
    if phone_number is not None:
        wanted = wanted.where(notices.c.phone_number == phone_number)
    rows = tx.conn.execute(wanted.order_by(notices.c.ended_at, notices.c.notice_id).limit(limit))
    return [_notice(row, terms) for row in rows]


class NoticeSending:
    """The deadlines of the notices of all operators of the lab."""

    gives_up = False

    def __init__(
        self,
        database: Database,
        clock: Clock,
        activity: Activity,
        behaviours: Behaviours,
        operator_ids: Sequence[str],
        outward: Outward,
    ) -> None:
        self._database = database
        self._clock = clock
        self._flights = Flights(activity)
        self._behaviours = behaviours
        self._operator_ids = frozenset(operator_ids)
        self._outward = outward

    async def next_due(self) -> int | None:
        """Return the instant of the earliest notice, repetition or breach."""
        return await self._database.run(_next_due)

    async def fire(self, now: int) -> None:
        """Start sending the notices that are due, and put on record who is late."""
        while (due := await self._database.run(partial(self._claim, now=now))) is not None:
            for notice, body, times in due:
                self._flights.launch(notice.notice_id, partial(self._send, notice, body, times))
        await self._database.run(partial(_record_breaches, now=now))

    async def close(self) -> None:
        """Drop what is under way; it is sent again at the next start."""
        await self._flights.close()

    def _claim(self, tx: Tx, now: int) -> "list[tuple[Notice, dict[str, Any], int]] | None":
        """Return due notices with their messages and how often each is sent; None if nothing is due."""
        due = select(notices).where(notices.c.send_due_at <= now)
        rows = tx.conn.execute(due.order_by(notices.c.send_due_at, notices.c.notice_id).limit(_BATCH)).all()
        return [claimed for row in rows if (claimed := self._claimed(tx, now, row)) is not None] if rows else None

    def _claimed(self, tx: Tx, now: int, row: Row[Any]) -> "tuple[Notice, dict[str, Any], int] | None":
        if row.operator_id not in self._operator_ids:  # taken out of the configuration: nobody speaks for it
            tx.conn.execute(_at(row.notice_id).values(send_due_at=None))
            return None
        behaviour = self._behaviours.get(tx, row.operator_id)
        again = NOTICE_PLAN.next_after(row.planned_at, now, row.planned_at + NOTICE_CAP)
        if behaviour.outage is not None and behaviour.outage.holds(now):
            tx.conn.execute(_at(row.notice_id).values(send_due_at=behaviour.outage.until or again))
            return None
        change: dict[str, Any] = {"send_due_at": again, "tries": row.tries + 1}
        if row.sent_at is None:
            is_late = row.breach_due_at is not None and now >= row.breach_due_at
            change |= {"sent_at": now, "breach_due_at": row.breach_due_at if is_late else None}
            told = {"phone_number": row.phone_number, "service_id": row.service_id, "reason": row.reason}
            tx.record(now, "operator.notice_sent", row.notice_id, operator_id=row.operator_id, **told)
        tx.conn.execute(_at(row.notice_id).values(change))
        body = {
            "notice_id": row.notice_id,
            "phone_number": row.phone_number,
            "code": row.code,
            "reason": row.reason,
            "ended_at": iso(row.ended_at + behaviour.clock_skew),
        }
        return _notice(row, self._behaviours.terms), body, behaviour.notice_repeat

    async def _send(self, notice: Notice, body: dict[str, Any], times: int) -> None:
        for _ in range(times):
            try:
                status = await self._outward.send(notice.operator_id, "notices", notice.notice_id, body)
            except UnreachableError:
                return
            if status >= 500:
                return
        await self._database.run(partial(_taken, now=self._clock.now(), notice=notice, status=status))


def _next_due(tx: Tx) -> int | None:
    return min((due for each in _NEXT if (due := each.value(tx)) is not None), default=None)


def _record_breaches(tx: Tx, now: int) -> None:
    late = notices.c.breach_due_at <= now
    for row in tx.conn.execute(select(notices).where(late).order_by(notices.c.breach_due_at)).all():
        told = {"phone_number": row.phone_number, "service_id": row.service_id, "rule": "T_notice"}
        due_at = iso(row.breach_due_at - 1)
        tx.record(now, "operator.breach", row.notice_id, operator_id=row.operator_id, due_at=due_at, **told)
    tx.conn.execute(update(notices).where(late).values(breach_due_at=None))


def _taken(tx: Tx, now: int, notice: Notice, status: int) -> None:
    """End the sending: the gateway took the notice, or refused it for good."""
    told = {"operator_id": notice.operator_id, "phone_number": notice.phone_number}
    if status < 300:
        tx.conn.execute(_at(notice.notice_id).values(send_due_at=None, acked_at=now))
        tx.record(now, "operator.notice_acknowledged", notice.notice_id, **told)
    else:
        tx.conn.execute(_at(notice.notice_id).values(send_due_at=None))
        tx.record(now, "operator.notice_refused", notice.notice_id, **told, status=status)


def _at(notice_id: str) -> Any:
    return update(notices).where(notices.c.notice_id == notice_id)


def _notice(row: Row[Any], terms: TermsAt) -> Notice:
    kept = {name: row._mapping[name] for name in Notice.__dataclass_fields__ if name != "due_at"}
    return Notice(**kept, due_at=row.ended_at + terms(row.ended_at).t_notice)
