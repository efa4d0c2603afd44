"""The operators' subscriber databases: who has a contract for which number."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.journal import Event
from smsc_emulator.operator.settings import SubscriberSettings
from smsc_emulator.operator.store import subscribers as table

ACTIVE, ENDED = "ACTIVE", "ENDED"

ADDED, ENDED_EVENT = "subscriber.added", "subscriber.contract_ended"


class SubscriberExistsError(Exception):
    """The number already has a contract in force, with this or another operator."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A contract in force."""

    phone_number: str
    operator_id: str
    imsi: str


def default_imsi(phone_number: str) -> str:
    """Return an IMSI in the test network 001 01, made from the number's last ten digits."""
    return "00101" + phone_number.removeprefix("+")[-10:].zfill(10)


def find(tx: Tx, phone_number: str) -> Subscriber | None:
    """Return the contract in force for a number, or None."""
    row = tx.conn.execute(_active().where(table.c.phone_number == phone_number)).one_or_none()
    return None if row is None else Subscriber(row.phone_number, row.operator_id, row.imsi)


def holds(tx: Tx, operator_id: str, phone_number: str) -> bool:
    """Return whether the number has a contract in force with this operator."""
    subscriber = find(tx, phone_number)
    return subscriber is not None and subscriber.operator_id == operator_id


def page(tx: Tx, *, operator_id: str = "", after: str = "", limit: int = 1000) -> list[Subscriber]:
    """Return contracts in force in the order of their numbers, of one operator if it is given."""
    wanted = _active().where(table.c.phone_number > after)
    if operator_id:
        wanted = wanted.where(table.c.operator_id == operator_id)
    rows = tx.conn.execute(wanted.order_by(table.c.phone_number).limit(limit))
    return [Subscriber(row.phone_number, row.operator_id, row.imsi) for row in rows]


def add(tx: Tx, now: int, phone_number: str, operator_id: str, imsi: str | None = None) -> Subscriber:
    """Put a contract in force; SubscriberExistsError if the number has one. A number whose contract ended is free."""
    if find(tx, phone_number) is not None:
        raise SubscriberExistsError(f"{phone_number} already has a contract; end it first")
    subscriber = Subscriber(phone_number, operator_id, imsi or default_imsi(phone_number))
    tx.conn.execute(delete(table).where(table.c.phone_number == phone_number))
    tx.conn.execute(insert(table).values(_row(subscriber)))
    tx.record(now, ADDED, phone_number, operator_id=operator_id)
    return subscriber


def end(tx: Tx, now: int, phone_number: str) -> Subscriber | None:
    """End the contract in force and return it, or None if there is none.

    The row stays, as ended: a configuration that lists the number does not bring it back at the next start.
    """
    subscriber = find(tx, phone_number)
    if subscriber is not None:
        tx.conn.execute(update(table).where(table.c.phone_number == phone_number).values(contract=ENDED))
        tx.record(now, ENDED_EVENT, phone_number, operator_id=subscriber.operator_id)
    return subscriber


class Subscribers:
    """The numbers with a contract in force, in memory: the SMSC asks for every message whether a handset is there.

    The index follows the journal, so it changes right after the commit that changes the table.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[str, str] = {}
        database.journal.subscribe(self._follow)

    async def start(self, seeds: Iterable[SubscriberSettings] = ()) -> None:
        """Add the configuration's subscribers whose numbers were never seen, and load the index.

        Numbers that were seen are left alone, so a restart undoes nothing that was changed since the first start.
        """
        rows = [_row(Subscriber(s.phone_number, s.operator_id, s.imsi or default_imsi(s.phone_number))) for s in seeds]
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


def _active() -> Select[Any]:
    return select(table).where(table.c.contract == ACTIVE)


def _row(subscriber: Subscriber) -> dict[str, str]:
    return {
        "phone_number": subscriber.phone_number,
        "operator_id": subscriber.operator_id,
        "imsi": subscriber.imsi,
        "contract": ACTIVE,
    }


def _seed(tx: Tx, rows: list[dict[str, str]]) -> dict[str, str]:
    seen = set(tx.conn.execute(select(table.c.phone_number)).scalars())
    fresh = {row["phone_number"]: row for row in rows if row["phone_number"] not in seen}
    if fresh:
        tx.conn.execute(insert(table), list(fresh.values()))
    return {row.phone_number: row.operator_id for row in tx.conn.execute(_active())}
