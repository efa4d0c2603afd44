"""The comparison of the codes in force with the operators' registers, at regular lab times (I7).

An operator lists its open entries in pages. A code that it acknowledged and does not list is taken for a notice that
was never sent: the user is identified again, and if no notice has come in the time for one, that is a breach of the
operator's. A code that it lists and that is in force no more is taken back once more. What is listed otherwise than it
was handed over, or was never made here, is put on record. Codes are in no event. Instants are lab time in milliseconds.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, insert, select, update

from gateway.identification import breaches, codes, store
from gateway.identification.attempt import Cause
from gateway.identification.breaches import Breaches
from gateway.identification.codes import Code
from gateway.identification.entries import Entries
from gateway.identification.profiles import Schedule
from gateway.identification.rechecks import Rechecks
from gateway.identification.tables import differences
from gateway.identification.tables import reconciliations as table
from gateway.lookup import outbox
from gateway.lookup.outbox import OperatorMessage
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import HOUR, SECOND
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen

LISTING_CAP = HOUR
"""How long a page is asked for; an operator that is out of reach for longer is compared with the next time."""

_BATCH = 100

_NEXT_DUE = Statement(select(func.min(table.c.due_at)), remember=True)


@frozen
class Comparison:
    """How far the comparison with one operator has come."""

    operator_id: str
    started_at: int | None
    compared_at: int | None

    def is_under_way(self, now: int) -> bool:
        """Whether it was begun, has not ended, and has not been given up."""
        if self.started_at is None or now >= self.started_at + LISTING_CAP:
            return False
        return self.compared_at is None or self.compared_at < self.started_at


@frozen
class Difference:
    """What a register has otherwise; its members are the columns of the table."""

    id: str
    at: int
    operator_id: str
    kind: str
    service_id: str | None
    phone_number: str
    binding_id: str | None


class Reconciliation:
    """Compares. `randomness` names messages and differences."""

    def __init__(
        self, entries: Entries, rechecks: Rechecks, schedule: Schedule, breaches: Breaches, randomness: Randomness
    ) -> None:
        self._entries = entries
        self._rechecks = rechecks
        self._schedule = schedule
        self._breaches = breaches
        self._randomness = randomness

    def plan(self, tx: Tx, now: int, operator_ids: Sequence[str], every: int) -> None:
        """See to it that each operator's register is compared every so often, and that of no other any more."""
        known = set(tx.conn.execute(select(table.c.operator_id)).scalars())
        fresh = [{"operator_id": one, "due_at": now + every} for one in operator_ids if one not in known]
        if fresh:
            tx.conn.execute(insert(table), fresh)
        tx.conn.execute(table.delete().where(table.c.operator_id.not_in(list(operator_ids))))

    def begin(self, tx: Tx, now: int, every: int) -> int:
        """Ask the operators for their registers whose time has come; return how many there were."""
        due = select(table.c.operator_id).where(table.c.due_at <= now).order_by(table.c.due_at).limit(_BATCH)
        operator_ids = list(tx.conn.execute(due).scalars())
        for operator_id in operator_ids:
            mine = update(table).where(table.c.operator_id == operator_id)
            tx.conn.execute(mine.values(due_at=now + every, started_at=now))
            self._ask(tx, now, operator_id, now + min(every - 1, LISTING_CAP))
        return len(operator_ids)

    def begin_now(self, tx: Tx, now: int, operator_ids: Sequence[str]) -> list[str]:
        """Ask these operators for their registers outside the regular times; return who was asked.

        One whose comparison is under way is not asked again. The regular times stay as they are.
        """
        known = {one.operator_id: one for one in comparisons(tx)}
        asked = [one for one in operator_ids if one not in known or not known[one].is_under_way(now)]
        for operator_id in asked:
            if operator_id in known:
                mine = table.c.operator_id == operator_id
                tx.conn.execute(update(table).where(mine).values(started_at=now, compared_at=None))
            else:
                tx.conn.execute(insert(table).values(operator_id=operator_id, due_at=now, started_at=now))
            self._ask(tx, now, operator_id, now + LISTING_CAP)
        return asked

    def _ask(self, tx: Tx, now: int, operator_id: str, until: int, after: str | None = None) -> None:
        message_id = f"lst_{self._randomness.token(20)}"
        outbox.list_open(
            tx, now, message_id=message_id, subject_id=message_id, operator_id=operator_id, until=until, after=after
        )

    def listed(self, tx: Tx, now: int, message: OperatorMessage, answer: Mapping[str, Any]) -> None:
        """Take a page of an operator's open entries, and ask for the next, or draw the conclusions."""
        mine = select(table.c.started_at).where(table.c.operator_id == message.operator_id)
        started_at = tx.conn.execute(mine).scalar()
        if started_at is None or message.first_try_at < started_at:
            return  # a page of a comparison that was given up
        for entry in answer["entries"]:
            self._compare(tx, now, message.operator_id, started_at, entry)
        if answer.get("next") is not None:
            self._ask(tx, now, message.operator_id, message.until, answer["next"])
        else:
            self._conclude(tx, now, message.operator_id, started_at)

    def _compare(self, tx: Tx, now: int, operator_id: str, started_at: int, entry: Mapping[str, Any]) -> None:
        known = codes.find(tx, entry["code"])
        listed = operator_id, entry["phone_number"], entry["service_id"]
        if known is None or (known.operator_id, known.phone_number, known.service_id) != listed:
            self._differ(tx, now, "unknown" if known is None else "differing", *listed)
            return
        codes.seen(tx, now, known.code)
        if known.over_at is not None and known.over_at < started_at:
            self._differ(tx, now, "left_open", *listed)
            self._entries.take_back_again(tx, now, known.request_id, known.code)

    def _conclude(self, tx: Tx, now: int, operator_id: str, started_at: int) -> None:
        missing = codes.not_seen(tx, operator_id, started_at)
        for code in missing:
            self._miss(tx, now, code)
        notice = self._schedule.at(now).notice_s * SECOND
        for code in codes.unannounced(tx, operator_id, now - notice):
            assert code.over_at is not None
            due_at = code.over_at + notice
            self._breaches.record(tx, now, breaches.T_NOTICE, "operator", operator_id, code.attempt_id, due_at, now)
            codes.put_down(tx, code.code)
        tx.conn.execute(update(table).where(table.c.operator_id == operator_id).values(compared_at=now))
        tx.record(now, "reconciliation.finished", operator_id, missing=len(missing))

    def _miss(self, tx: Tx, now: int, code: Code) -> None:
        """Take a code that is not in the register for a notice that was never sent."""
        codes.over(tx, now, code.code, "missing")
        binding = store.of_code(tx, code.service_id, code.code)
        binding_id = None if binding is None else binding.id
        self._differ(tx, now, "missing", code.operator_id, code.phone_number, code.service_id, binding_id)
        if binding is not None:
            self._rechecks.begin(tx, now, binding, Cause.TERMINATED)

    def _differ(
        self,
        tx: Tx,
        now: int,
        kind: str,
        operator_id: str,
        phone_number: str,
        service_id: str,
        binding_id: str | None = None,
    ) -> None:
        row = {"operator_id": operator_id, "kind": kind, "service_id": service_id, "phone_number": phone_number}
        row_id = f"dif_{self._randomness.token(20)}"
        tx.conn.execute(insert(differences).values(id=row_id, at=now, binding_id=binding_id, **row))
        tx.record(now, "reconciliation.difference", row_id, **row, binding_id=binding_id)


def comparisons(tx: Tx) -> list[Comparison]:
    """Return how far the comparison with each operator has come."""
    rows = tx.conn.execute(select(table).order_by(table.c.operator_id))
    return [Comparison(row.operator_id, row.started_at, row.compared_at) for row in rows]


def page(tx: Tx, operator_id: str | None = None, limit: int = 1000) -> list[Difference]:
    """Return the differences that were found, the latest first; with one operator, if it is given."""
    query = select(differences).order_by(differences.c.at.desc(), differences.c.id).limit(limit)
    if operator_id is not None:
        query = query.where(differences.c.operator_id == operator_id)
    return [Difference(**row._mapping) for row in tx.conn.execute(query)]


class Reconciling:
    """The deadlines of the comparisons, one for each operator every `every` milliseconds of lab time."""

    gives_up = False

    def __init__(
        self,
        reconciliation: Reconciliation,
        database: Database,
        operator_ids: Sequence[str],
        every: int,
        wake: Callable[[], None],
    ) -> None:
        self._reconciliation = reconciliation
        self._database = database
        self._operator_ids = operator_ids
        self._every = every
        self._wake = wake

    async def start(self, now: int) -> None:
        """Plan the comparisons with the operators that are configured."""
        await self._database.run(lambda tx: self._reconciliation.plan(tx, now, self._operator_ids, self._every))

    async def next_due(self) -> int | None:
        """Return the instant of the next comparison."""
        due: int | None = await self._database.run(_NEXT_DUE.value)
        return due

    async def fire(self, now: int) -> None:
        """Begin the comparisons whose time has come."""
        while await self._database.run(lambda tx: self._reconciliation.begin(tx, now, self._every)) == _BATCH:
            pass
        self._wake()
