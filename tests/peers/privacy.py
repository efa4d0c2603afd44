"""What must not be in the messages, the logs, the journal and the database of a lab: read after a scenario (I8)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from gateway.identification.tables import attempts
from gateway.scenarios.stage import Stage
from smsc_emulator.base.database import Tx, metadata

ATTRIBUTES = ("family_name", "given_name", "birth_date")
FIELDS = {
    "queries": {
        *("request_id", "attempt_id", "service_id", "service_name", "phone_number", "mode", "sent_at", "deadline_at"),
        *("reply_to", "agreement_id", "code", "since"),
    },
    "codes": {"code", "request_id", "phone_number", "service_id", "service_name"},
    "voids": {"code", "reason"},
    "verdicts": {"request_id", "phone_number", "result", "as_of", "entry_id", "match", "recycled"},
    "notices": {"notice_id", "phone_number", "code", "reason", "ended_at"},
}
"""The only members that messages between gateway and operators have in presence mode, by the last part of the path."""

NUMBER = re.compile(r"(?<!\d)\+?7000\d{7}(?!\d)")


@dataclass(frozen=True)
class Finding:
    """Something that is where it must not be."""

    where: str
    what: str


OTHERS = ("smsc_", "voice_", "contracts", "register_entries", "operator_behaviours", "operator_notices")
"""Beginnings of the names of tables that are no gateway's: the SMSC's, the voice switch's and the operators'."""
WHILE_UNDER_WAY = frozenset({"identification_attributes", "operator_messages", "operator_queries"})
"""Tables that hold what a user said of himself, in match mode and until it is answered."""
SAID_TO_ALL = frozenset({"broadcasts"})
"""The one table that holds a text: an emergency broadcast is no correspondence, and is sent on after a restart."""


@dataclass(frozen=True)
class Secrets:
    """What nobody may come across."""

    people: frozenset[str]
    """What the operators know of persons."""
    typed: frozenset[str]
    """The codes that handsets got, and the whole numbers of those who called them: their last digits are codes."""
    entered: frozenset[str]
    """The codes of the operators' registers, which the gateway keeps and tells the service and the operator alone."""
    texts: frozenset[str]
    """What handsets were sent."""


async def leaks(stage: Stage, logged: str) -> list[Finding]:
    """Return what a lab told, or kept, that it must not."""
    secrets = await secrets_of(stage)
    codes = set(secrets.typed | secrets.entered)
    people = set(secrets.people)
    told = [*_on_wire(stage, people), *_in_logs(logged, people, codes), *_in_journal(stage, people, codes)]
    return [*told, *_typed_on_wire(stage, secrets), *_contents(stage, logged, secrets), *await _kept(stage, secrets)]


async def secrets_of(stage: Stage) -> Secrets:
    """Return what must not be told, as the handsets, the operators and the wire have it."""
    entered = {_read(each.body).get("code") for each in stage.wire.exchanges if each.path.endswith("/codes")}
    typed, texts = set(), set()
    for handset in (await stage.ask("GET", "/lab/handsets")).body["handsets"]:
        number = handset["phone_number"]
        if handset["messages"]:
            inbox = (await stage.ask("GET", f"/lab/handsets/{number}/messages?extract=code")).body["messages"]
            typed |= {message["code"] for message in inbox}
            texts |= {message["text"] for message in inbox}
        calls = (await stage.ask("GET", f"/lab/handsets/{number}/calls")).body.get("calls", [])
        typed |= {call["from"] for call in calls if call["direction"] == "in"}
    return Secrets(
        frozenset(_people(stage)), frozenset(filter(None, typed)), frozenset(filter(None, entered)), frozenset(texts)
    )


def _typed_on_wire(stage: Stage, secrets: Secrets) -> Iterator[Finding]:
    """Neither operators nor services are told the code that a user types."""
    sent = [(each.path, (each.body + each.answer).decode(errors="replace")) for each in stage.wire.exchanges]
    for where, text in [*sent, *(("webhook", raw) for raw in stage.hooks.raw)]:
        yield from (Finding(where, "a code") for code in secrets.typed if _has(code, text))


def _contents(stage: Stage, logged: str, secrets: Secrets) -> Iterator[Finding]:
    sent = [(each.path, (each.body + each.answer).decode(errors="replace")) for each in stage.wire.exchanges]
    events = [(f"journal: {each.type}", _plain(dict(each.data))) for each in stage.events()]
    hooks = [("webhook", raw) for raw in stage.hooks.raw]
    for where, text in [*sent, *events, *hooks, ("logs", logged)]:
        yield from (Finding(where, "a message's content") for content in secrets.texts if content in text)


async def _kept(stage: Stage, secrets: Secrets) -> list[Finding]:
    """Return what stands in the gateway's tables; codes and texts are asked for in any column that holds text."""
    tables = [each for each in metadata.sorted_tables if not each.name.startswith(OTHERS)]

    def read(tx: Tx) -> list[tuple[str, str]]:
        return [(each.name, _plain(dict(row._mapping))) for each in tables for row in tx.conn.execute(select(each))]

    rows = await stage.lab.ground.database.run(read)
    # What a user has said of himself waits here for the query of an attempt in match mode, which may not be sent yet.
    modes = await stage.lab.ground.database.run(lambda tx: set(tx.conn.scalars(select(attempts.c.exchange_mode))))
    found = []
    for name, text in rows:
        where = f"table {name}"
        if not ("match" in modes and name in WHILE_UNDER_WAY):
            found += _persons(where, text, set(secrets.people))
        found += [Finding(where, "a code") for code in secrets.typed if _has(code, text)]
        if name not in SAID_TO_ALL:
            found += [Finding(where, "a message's content") for content in secrets.texts if content in text]
    return found


def _plain(data: Any) -> str:
    """Return what is written in data as one text; what a column holds as JSON or octets is read too."""

    def spell(value: Any) -> str:
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

    return json.dumps(data, default=spell, ensure_ascii=False)


def _has(code: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(code)}(?![\w.])", text) is not None


def _people(stage: Stage) -> set[str]:
    """Return what the operators know of persons, and nobody else."""
    told = {getattr(each, name, None) for each in stage.settings.subscribers for name in ATTRIBUTES}
    return {value for value in told if value is not None}


def _on_wire(stage: Stage, people: set[str]) -> Iterator[Finding]:
    for exchange in stage.wire.exchanges:
        kind = exchange.path.rsplit("/", 1)[-1]
        body = _read(exchange.body)
        match = body.get("mode") == "match"
        others = set() if kind not in FIELDS else set(body) - FIELDS[kind] - ({"attributes"} if match else set())
        yield from (Finding(exchange.path, f"a member {name}") for name in sorted(others))
        sent = (exchange.answer if match else exchange.body + exchange.answer).decode(errors="replace")
        yield from _persons(exchange.path, sent, people)
    for raw in stage.hooks.raw:
        yield from _persons("webhook", raw, people)


def _in_logs(logged: str, people: set[str], codes: set[str]) -> Iterator[Finding]:
    yield from _persons("logs", logged, people)
    yield from (Finding("logs", f"a number: {found}") for found in sorted(set(NUMBER.findall(logged))))
    yield from (Finding("logs", "a code") for code in codes if re.search(rf"(?<!\w){code}(?!\w)", logged))


def _in_journal(stage: Stage, people: set[str], codes: set[str]) -> Iterator[Finding]:
    for event in stage.events():
        told = json.dumps(dict(event.data), default=str)
        yield from _persons(f"journal: {event.type}", told, people)
        values = set(_values(event.data))
        yield from (Finding(f"journal: {event.type}", "a code") for code in codes if code in values)


def _persons(where: str, text: str, people: set[str]) -> Iterator[Finding]:
    yield from (Finding(where, f"of a person: {value}") for value in sorted(people) if value in text)
    yield from (Finding(where, f"of a person: {name}") for name in ATTRIBUTES if f'"{name}": "' in text)


def _values(data: Any) -> Iterator[Any]:
    if isinstance(data, dict):
        for value in data.values():
            yield from _values(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _values(value)
    else:
        yield data


def _read(raw: bytes) -> dict[str, Any]:
    try:
        read = json.loads(raw)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
