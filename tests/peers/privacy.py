"""What must not be in the messages, the logs and the journal of a lab: read after a scenario (identification, I8)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.scenarios.stage import Stage

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


async def leaks(stage: Stage, logged: str) -> list[Finding]:
    """Return what a lab told that it must not."""
    people = _people(stage)
    codes = await _codes(stage)
    return [*_on_wire(stage, people), *_in_logs(logged, people, codes), *_in_journal(stage, people, codes)]


def _people(stage: Stage) -> set[str]:
    """Return what the operators know of persons, and nobody else."""
    told = {getattr(each, name, None) for each in stage.settings.subscribers for name in ATTRIBUTES}
    return {value for value in told if value is not None}


async def _codes(stage: Stage) -> set[str]:
    """Return the codes in the handsets' texts, and those that went to the registers."""
    codes = {_read(each.body).get("code") for each in stage.wire.exchanges if each.path.endswith("/codes")}
    for handset in (await stage.ask("GET", "/lab/handsets")).body["handsets"]:
        if handset["messages"]:
            inbox = await stage.ask("GET", f"/lab/handsets/{handset['phone_number']}/messages?extract=code")
            codes |= {message["code"] for message in inbox.body["messages"]}
    return {code for code in codes if code}


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
