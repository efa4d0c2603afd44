"""The reference of events, from their table; and what the source says of it."""

import re
from collections.abc import Iterator
from pathlib import Path

from event_table import STORED, VOLATILE
from text import cell, table

from gateway.webhooks.service import TOLD

ROOT = Path(__file__).parents[2]
PACKAGES = ("confirm", "gateway", "smsc_emulator")

INTRODUCTION = """# Events

Whatever happens is an event in the journal: `GET /lab/journal` shows them, and can wait for one. Each has `seq`, its place in the one order of all; `at`, the lab time; `type`; `subject`, the id of what it happened to; and `data`, whose members are listed below. No event holds a code or a text, and none holds the caller number of a missed call, whose end is a code.

An event need not have every member that is listed. Where the members are an object whose shape follows from the case, there is an asterisk.
"""

HEADINGS = {
    "told": "## Told to services\n\nStored, and sent to the webhook endpoints of the service: the body has `id`, `type`, "
    "`created_at` and `data`, which is the object as the API shows it, and where there is none all members but `service_id`. "
    "[How to test a webhook receiver](../howto/test-webhooks.md) tells of signatures and tries.\n",
    "stored": "## Stored\n\nCommitted with what they tell of; they survive a restart.\n",
    "volatile": "## Volatile\n\nOf this run alone.\n",
}

_NAME = re.compile(r"(?:record|publish|events\.append|change|save)\((?:[^()]|\(\))*?\"([a-z_]+\.[a-z_]+)\"", re.S)
_CONSTANT = re.compile(r"^[A-Z_, ]+ = ((?:\"[a-z_]+\.[a-z_]+\"(?:, )?)+)$", re.M)


def page() -> str:
    """Return the page."""
    kinds: dict[str, list[list[str]]] = {kind: [] for kind in HEADINGS}
    for type_, (subject, members, meaning) in sorted((STORED | VOLATILE).items()):
        shown = ", ".join("*" if name == "*" else f"`{name}`" for name in members.split())
        kinds[_kind(type_)].append([f"`{type_}`", subject, shown, cell(meaning)])
    parts = [INTRODUCTION]
    for kind, heading in HEADINGS.items():
        parts += [heading, table(["type", "subject", "members of `data`", "meaning"], kinds[kind])]
    return "\n".join(parts).rstrip() + "\n"


def _kind(type_: str) -> str:
    if type_ in VOLATILE:
        return "volatile"
    kind = type_.partition(".")[0]
    return "told" if kind in TOLD and "service_id" in STORED[type_][1].split() else "stored"


def in_the_source() -> Iterator[str]:
    """Yield the types that stand in the source as they are; others are put together from parts."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            yield from _NAME.findall(source)
            if "record(" in source:
                for found in _CONSTANT.findall(source):
                    yield from re.findall(r"[a-z_]+\.[a-z_]+", found)
