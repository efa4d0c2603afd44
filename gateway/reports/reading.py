"""Reads what a report is made of out of the database, in pages, so that nobody else waits long for it."""

from collections.abc import Mapping
from functools import partial

from sqlalchemy import Table, func, select

from confirm.ledger_store import charges
from gateway.identification.profiles import Profile
from gateway.reports.history import History, of_event
from gateway.services import payers
from smsc_emulator.base.database import Database, Tx, journal_table, metadata
from smsc_emulator.base.journal import Event

PAGE = 2_000

FAMILIES = (
    *("identification.", "binding.", "confirmation.", "session.", "notice.", "appeal.", "breach.", "lookup."),
    *("operator.", "register.", "finding.", "service.", "broadcast.", "message.", "sender.", "reconciliation."),
)
"""Beginnings of the types of events that rules ask for; of the others it is only seen that nothing private is told."""


async def read(
    database: Database, profiles: Mapping[str, Profile], schedule: tuple[str, ...], now: int, service_id: str | None
) -> History:
    """Return the whole history, or what one service may see of it."""
    events: list[Event] = []
    after = 0
    while page := await database.run(partial(_page, after=after)):
        after = page[-1].seq
        events += [event for event in map(of_event, page) if _is_wanted(event)]
    facts = await database.run(partial(_facts, service_id=service_id))
    history = History(tuple(events), profiles, now, schedule, facts)
    return history if service_id is None else history.seen_by(service_id)


def _is_wanted(event: Event) -> bool:
    return event.type.startswith(FAMILIES) or bool(event.data.get("private"))


def _page(tx: Tx, after: int) -> list[Event]:
    query = select(journal_table).where(journal_table.c.seq > after).order_by(journal_table.c.seq).limit(PAGE)
    return [Event(row.at, row.type, row.subject, row.data, row.seq) for row in tx.conn.execute(query)]


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
