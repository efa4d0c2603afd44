"""The operators' subscriber databases: who has, and had, a contract for which number. One row for each contract.

A number has one contract in force at most. When it ends it stays in the history with the reason: `ended`; `ported`,
where the subscriber took the number to another operator; `reissued`, where another person got it. What follows for the
register (its entry ends, and the service is told) is in `notices`. Runs inside units of work.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, fields, replace
from functools import partial
from typing import Any

from sqlalchemy import Row, Select, bindparam, insert, select, update

from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import DAY, iso
from smsc_emulator.base.journal import Event
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen
from smsc_emulator.operator.settings import EndReason, Kyc, Owner, SimState, SubscriberSettings
from smsc_emulator.operator.store import contracts as table

ADDED, ENDED_EVENT, CHANGED = "subscriber.added", "subscriber.contract_ended", "subscriber.changed"

T_QUARANTINE = 60 * DAY
"""How long a number is kept off sale after a contract's end, where its operator does not say otherwise (2.4)."""


class SubscriberExistsError(Exception):
    """The number already has a contract in force, with this or another operator."""


class NumberInQuarantineError(Exception):
    """The number's last contract ended too short a time ago for it to be another person's."""


class NoSuchSubscriberError(Exception):
    """The number has no contract in force."""


@frozen
class Person:
    """A made-up person, as a contract describes him. He is compared in match mode, and never leaves the operator."""

    family_name: str | None = None
    given_name: str | None = None
    birth_date: str | None = None


@frozen
class Subscriber:
    """A contract, in force or over; instants are lab time."""

    phone_number: str
    operator_id: str
    imsi: str
    sim: SimState = "active"
    owner: Owner = "own"
    end_user_known: bool = False
    kyc: Kyc = "verified"
    person: Person = Person()
    began_at: int = 0
    continues: bool = False
    """Whether its person is that of the contract before: he moved with his number, or came back to it."""
    ended_at: int | None = None
    end_reason: EndReason | None = None


_FIND = Statement(
    select(table).where(table.c.ended_at.is_(None), table.c.phone_number == bindparam("its_number")), remember=True
)
_FLAT = tuple(field.name for field in fields(Subscriber) if field.name != "person")
_OF_PERSON = tuple(field.name for field in fields(Person))


def default_imsi(phone_number: str) -> str:
    """Return an IMSI in the test network 001 01, made from the number's last ten digits."""
    return "00101" + phone_number.removeprefix("+")[-10:].zfill(10)


def configured(settings: SubscriberSettings) -> Subscriber:
    """Return the contract that a line of the configuration means."""
    told = settings.model_dump(exclude={"imsi", *_OF_PERSON})
    person = Person(settings.family_name, settings.given_name, settings.birth_date)
    return Subscriber(**told, imsi=settings.imsi or default_imsi(settings.phone_number), person=person)


def find(tx: Tx, phone_number: str) -> Subscriber | None:
    """Return the contract in force for a number, or None."""
    row = _FIND.first(tx, its_number=phone_number)
    return None if row is None else _subscriber(row)


def get(tx: Tx, phone_number: str) -> Subscriber:
    """Return the contract in force for a number. Raises NoSuchSubscriberError."""
    found = find(tx, phone_number)
    if found is None:
        raise NoSuchSubscriberError(f"{phone_number} has no contract with any operator")
    return found


def holds(tx: Tx, operator_id: str, phone_number: str) -> bool:
    """Return whether the number has a contract in force with this operator."""
    subscriber = find(tx, phone_number)
    return subscriber is not None and subscriber.operator_id == operator_id


def history(tx: Tx, phone_number: str) -> list[Subscriber]:
    """Return all contracts that a number has had, the oldest first."""
    rows = tx.conn.execute(select(table).where(table.c.phone_number == phone_number).order_by(table.c.id))
    return [_subscriber(row) for row in rows]


def recycled(tx: Tx, phone_number: str, since: int) -> bool:
    """Return whether another person has got the number after `since` (CAMARA's phoneNumberRecycled)."""
    return any(one.began_at > since and not one.continues for one in history(tx, phone_number)[1:])


def page(tx: Tx, *, operator_id: str = "", after: str = "", limit: int = 1000) -> list[Subscriber]:
    """Return contracts in force in the order of their numbers, of one operator if it is given."""
    wanted = _in_force().where(table.c.phone_number > after)
    if operator_id:
        wanted = wanted.where(table.c.operator_id == operator_id)
    return [_subscriber(row) for row in tx.conn.execute(wanted.order_by(table.c.phone_number).limit(limit))]


def blocked(tx: Tx) -> list[str]:
    """Return the numbers whose SIM is not let into the network."""
    wanted = select(table.c.phone_number).where(table.c.ended_at.is_(None), table.c.sim == "blocked")
    return list(tx.conn.execute(wanted).scalars())


def add(
    tx: Tx,
    now: int,
    phone_number: str,
    operator_id: str,
    imsi: str | None = None,
    *,
    quarantine: int = 0,
    **more: Any,
) -> Subscriber:
    """Put a contract in force, with `more` of Subscriber's fields.

    `quarantine` is how long ago an `ended` contract of the number has to lie; 0 where the former subscriber comes
    back, who need not wait. Raises SubscriberExistsError, NumberInQuarantineError.
    """
    if find(tx, phone_number) is not None:
        raise SubscriberExistsError(f"{phone_number} already has a contract; end it first")
    free_at = _ended_at(tx, phone_number) + quarantine
    if now < free_at:
        raise NumberInQuarantineError(f"{phone_number} is kept off sale until {iso(free_at)}")
    subscriber = Subscriber(phone_number, operator_id, imsi or default_imsi(phone_number), began_at=now, **more)
    tx.conn.execute(insert(table).values(_row(subscriber)))
    tx.record(now, ADDED, phone_number, operator_id=operator_id, sim=subscriber.sim)
    return subscriber


def end(tx: Tx, now: int, phone_number: str, reason: EndReason = "ended") -> Subscriber | None:
    """End the contract in force and return it as it is now, or None if there is none.

    The row stays, as ended: a configuration that lists the number does not bring it back at the next start.
    """
    subscriber = find(tx, phone_number)
    if subscriber is None:
        return None
    over = replace(subscriber, ended_at=now, end_reason=reason)
    tx.conn.execute(_mine(phone_number).values(ended_at=now, end_reason=reason))
    tx.record(now, ENDED_EVENT, phone_number, operator_id=over.operator_id, reason=reason)
    return over


def change(tx: Tx, now: int, phone_number: str, **changes: Any) -> Subscriber:
    """Change what a contract says (Subscriber's fields, not the number or the operator), and return it.

    The event names the fields and no values. Raises NoSuchSubscriberError.
    """
    before = get(tx, phone_number)
    after = replace(before, **changes)
    was, is_ = _row(before), _row(after)
    changed = {name: value for name, value in is_.items() if value != was[name]}
    if changed:
        tx.conn.execute(_mine(phone_number).values(changed))
        told = {"operator_id": after.operator_id, "fields": sorted(changed)}
        tx.record(now, CHANGED, phone_number, **told, sim=after.sim)
    return after


def _ended_at(tx: Tx, phone_number: str) -> int:
    """Return when the number's last contract ended for good; the beginning of time if that never was."""
    mine = (table.c.phone_number == phone_number) & (table.c.end_reason == "ended")
    newest = select(table.c.ended_at).where(mine).order_by(table.c.id.desc())
    return tx.conn.execute(newest).scalars().first() or 0


class Subscribers:
    """The numbers with a contract in force, in memory: the SMSC asks for every message whether a handset is there.

    The index follows the journal, so it changes right after the commit that changes the table.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[str, str] = {}
        database.journal.subscribe(self._follow, runs=False)

    async def start(self, seeds: Iterable[SubscriberSettings] = ()) -> None:
        """Add the configuration's subscribers whose numbers were never seen, and load the index.

        Numbers that were seen are left alone, so a restart undoes nothing that was changed since the first start.
        """
        rows = [_row(configured(seed)) for seed in seeds]
        self._numbers = await self._database.run(partial(_seed, rows=rows))

    def numbers(self) -> Collection[str]:
        """Return a live view of the numbers; `in` costs a dictionary's look-up."""
        return self._numbers.keys()

    def contracts(self) -> Iterable[tuple[str, str]]:
        """Return every number with the operator that has its contract."""
        return list(self._numbers.items())

    def _follow(self, event: Event) -> None:
        if event.type == ADDED:
            self._numbers[event.subject] = event.data["operator_id"]
        elif event.type == ENDED_EVENT:
            self._numbers.pop(event.subject, None)


def _in_force() -> Select[Any]:
    return select(table).where(table.c.ended_at.is_(None))


def _mine(phone_number: str) -> Any:
    return update(table).where(table.c.phone_number == phone_number, table.c.ended_at.is_(None))


def _row(subscriber: Subscriber) -> dict[str, Any]:
    return {name: getattr(subscriber, name) for name in _FLAT} | asdict(subscriber.person)


def _subscriber(row: Row[Any]) -> Subscriber:
    values = row._mapping
    person = Person(**{name: values[name] for name in _OF_PERSON})
    return Subscriber(**{name: values[name] for name in _FLAT}, person=person)


def _seed(tx: Tx, rows: list[dict[str, Any]]) -> dict[str, str]:
    seen = set(tx.conn.execute(select(table.c.phone_number)).scalars())
    fresh = {row["phone_number"]: row for row in rows if row["phone_number"] not in seen}
    if fresh:
        tx.conn.execute(insert(table), list(fresh.values()))
    return {row.phone_number: row.operator_id for row in tx.conn.execute(_in_force())}
