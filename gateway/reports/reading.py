"""Reads the journal for a report in pages, each with what other pages tell about the same things.

A page is one unit of work, so that nobody else waits long for it; only one is in memory at a time. The journal has an
index of its subjects, by which the rest of an attempt, a binding or a session is found from the page that begins it.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Set
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, select

from confirm.ledger_store import charges
from gateway.identification.profiles import Profile
from gateway.identification.tables import appeals, breaches, queries, sessions
from gateway.reports import across
from gateway.reports.history import History, is_for, of_event, things
from gateway.services import payers
from smsc_emulator.base.database import Database, Tx, journal_table, metadata
from smsc_emulator.base.journal import Event
from smsc_emulator.frozen import frozen

PAGE = 500
"""How many events are judged at a time."""

FAMILIES = (
    *("identification.", "binding.", "confirmation.", "session.", "notice.", "appeal.", "breach.", "lookup."),
    *("operator.", "register.", "finding.", "service.", "broadcast.", "message.", "sender.", "reconciliation."),
)
"""Beginnings of the types of events that rules ask for; of the others it is only seen that nothing private is told."""

BLOCKS = ("service.blocked", "service.restored")
"""The regulator's acts, which every attempt is held against: they are few, and read once."""

_BINDINGS = ("binding.active", "binding.suspended", "binding.closed")


async def closing(
    database: Database, profiles: Mapping[str, Profile], schedule: tuple[str, ...], now: int, service_id: str | None
) -> History:
    """Return what is judged of the whole: the profiles and what is counted, of all services or of one."""
    facts = await database.run(partial(_facts, service_id=service_id))
    tallies = await database.run(partial(across.tallies, service_id=service_id))
    return History((), profiles, now, schedule, facts, tallies=tallies)


async def pages(database: Database, closing: History, service_id: str | None) -> AsyncIterator[History]:
    """Return the journal up to now, oldest page first, as far as a service may see it."""
    last = await database.run(_last)
    blocks = await database.run(partial(of_types, types=BLOCKS))
    blocks = [event for event in blocks if service_id in (None, event.subject)]
    after = 0
    while page := await database.run(partial(_page, after=after, last=last, service_id=service_id)):
        after = page.last
        here = {event.seq for event in page.events}
        around = (*page.around, *(event for event in blocks if event.seq not in here))
        yield replace(closing, facts={}, tallies={}, events=page.events, around=around, whole=False)


async def findings(database: Database, profiles: Mapping[str, Profile], now: int, service_id: str | None) -> History:
    """Return what was found against services, or against one of them."""
    found = await database.run(partial(of_types, types=("finding.made",)))
    mine = tuple(event for event in found if service_id in (None, event.data.get("service_id")))
    return History(mine, profiles, now)


@frozen
class _Page:
    events: tuple[Event, ...]
    around: tuple[Event, ...]
    last: int


def _last(tx: Tx) -> int:
    return int(tx.conn.execute(select(func.coalesce(func.max(journal_table.c.seq), 0))).scalar_one())


def _page(tx: Tx, after: int, last: int, service_id: str | None) -> _Page | None:
    """Return the events after `after`, None if there are none, and what else is told about the same things."""
    seq = journal_table.c.seq
    query = select(journal_table).where(seq > after, seq <= last).order_by(seq).limit(PAGE)
    found = [of_event(_event(row)) for row in tx.conn.execute(query)]
    if not found:
        return None
    events = tuple(event for event in found if event.type.startswith(FAMILIES) or event.data.get("private"))
    if service_id is not None:
        mine = _owned(tx, events, service_id)
        events = tuple(event for event in events if is_for(event, service_id, mine))
    elsewhere = ~seq.between(found[0].seq, found[-1].seq)
    around = {event.seq: event for event in _around(tx, events, elsewhere)}
    return _Page(events, tuple(around.values()), found[-1].seq)


def _owned(tx: Tx, events: Iterable[Event], service_id: str) -> set[str]:
    """Return those of the things that events are about which other events tell to be the service's."""
    about = {str(thing) for event in events for thing in things(event) if thing is not None}
    c = journal_table.c
    query = select(c.subject).where(c.subject.in_(about), c.data["service_id"].as_string() == service_id)
    return set(tx.conn.execute(query.distinct()).scalars())


def _around(tx: Tx, events: tuple[Event, ...], elsewhere: ColumnElement[bool]) -> Iterator[Event]:
    """Return what pages `elsewhere` tell about the attempts, bindings and so on that begin, or end, among `events`."""

    def told(subjects: Set[str], *types: str) -> list[Event]:
        return _about(tx, subjects, elsewhere, types)

    def among(*types: str) -> set[str]:
        return {event.subject for event in events if event.type in types}

    begun = among("identification.created")
    more = told(begun, "identification.")
    yield from more
    steps = [event for event in (*events, *more) if event.subject in begun]
    yield from told(_named(steps, "confirmation_id"), "confirmation.confirmed")
    yield from told(_ids(tx, queries.c.request_id, queries.c.attempt_id, begun), "lookup.query_sent")
    yield from told(_ids(tx, appeals.c.id, appeals.c.restored_by, begun), "appeal.upheld")
    yield from told(_named(steps, "rechecks") | among("binding.recheck"), *_BINDINGS)
    opened = _ids(tx, sessions.c.id, sessions.c.binding_id, among("binding.suspended"))
    yield from told(opened, "session.opened", "session.ended")
    late = _ids(tx, breaches.c.id, breaches.c.subject, among("notice.received"))
    yield from told(late, "breach.recorded")
    yield from told(among("lookup.code_acknowledged"), "lookup.code_acknowledged")
    yield from told(among("broadcast.started"), "broadcast.ended")


def _named(events: Iterable[Event], member: str) -> set[str]:
    return {str(event.data[member]) for event in events if event.data.get(member)}


def _ids(tx: Tx, wanted: Column[Any], column: Column[Any], values: Set[str]) -> set[str]:
    """Return the ids of the rows whose column has one of some values."""
    return set(tx.conn.execute(select(wanted).where(column.in_(values))).scalars()) if values else set()


def _about(tx: Tx, subjects: Set[str], where: ColumnElement[bool], types: tuple[str, ...]) -> list[Event]:
    """Return the events about some subjects whose types begin so."""
    if not subjects:
        return []
    query = select(journal_table).where(journal_table.c.subject.in_(subjects), where)
    return [of_event(_event(row)) for row in tx.conn.execute(query) if row.type.startswith(types)]


def of_types(tx: Tx, types: tuple[str, ...]) -> list[Event]:
    """Return all events of some types, oldest first."""
    query = select(journal_table).where(journal_table.c.type.in_(types)).order_by(journal_table.c.seq)
    return [of_event(_event(row)) for row in tx.conn.execute(query)]


def _event(row: Any) -> Event:
    return Event(row.at, row.type, row.subject, row.data, row.seq)


def attempts_table() -> Table:
    """Return the table of attempts."""
    return metadata.tables["attempts"]


def _facts(tx: Tx, service_id: str | None) -> dict[str, int]:
    """Return the counts that no event tells, of all services or of one."""
    attempts = attempts_table().c
    mine = [attempts.service_id == service_id] if service_id else []
    paid = [charges.c.service_id == service_id] if service_id else []
    codes, distinct, asked = tx.conn.execute(
        select(
            func.count(attempts.identification_code),
            func.count(attempts.identification_code.distinct()),
            func.count(attempts.request_id),
        ).where(*mine)
    ).one()
    asked_for = select(func.count(charges.c.subject_id.distinct())).where(charges.c.kind == "query", *paid)
    charged = select(func.coalesce(func.sum(charges.c.amount), 0)).where(*paid)
    services = tx.conn.execute(select(charges.c.service_id).where(*paid).distinct()).scalars().all()
    owed = sum(share.amount for each in services for share in payers.shares(tx, each, attempts_table()))
    return {
        "codes": codes,
        "distinct_codes": distinct,
        "queries": asked,
        "query_charges": tx.conn.execute(asked_for).scalar_one(),
        "charged": int(tx.conn.execute(charged).scalar_one()),
        "owed": owed,
    }
