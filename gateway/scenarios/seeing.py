"""What a step may look at: one function for each word of `script.Then`, which yields where it is not as expected."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from gateway.scenarios.acting import Cast
from gateway.scenarios.matching import differences, matches
from gateway.scenarios.script import Events
from smsc_emulator.base import durations

Differences = AsyncIterator[str]


async def _answer(cast: Cast, expected: Any) -> Differences:
    got = None if cast.answer is None else cast.answer.shown()
    for line in differences(expected, got, "answer"):
        yield line


async def _identifications(cast: Cast, expected: Mapping[str, Any]) -> Differences:
    for name, wanted in expected.items():
        for line in differences(wanted, (await cast.about(name)).shown(), name):
            yield line


async def _may_send(cast: Cast, expected: Mapping[str, Any]) -> Differences:
    for user, wanted in expected.items():
        service = cast.services.get(user) or cast.stage.settings.services[0].id
        path = f"/v1/services/{service}/may-send?user={quote(user)}"
        answer = await cast.stage.ask("GET", path, service=service)
        members = {"may_send": wanted} if isinstance(wanted, bool) else wanted
        for line in differences(members, answer.shown(), f"may {user} send"):
            yield line


async def _bindings(cast: Cast, expected: Mapping[str, Any]) -> Differences:
    for user, wanted in expected.items():
        path = f"/v1/bindings?user_id={quote(user)}"
        answer = await cast.stage.ask("GET", path, service=cast.services.get(user))
        for line in differences(wanted, answer.body["bindings"], f"bindings of {user}"):
            yield line


async def _register(cast: Cast, expected: Mapping[str, Any]) -> Differences:
    for operator, wanted in expected.items():
        answer = await cast.stage.ask("GET", f"/lab/operators/{operator}/register")
        for line in differences(wanted, answer.body.get("entries"), f"register of {operator}"):
            yield line


async def _journal(cast: Cast, expected: Events) -> Differences:
    events = [
        {"type": event.type, "subject": event.subject, "at": durations.iso(event.at), **event.data}
        for event in cast.stage.events()
    ]
    for line in _of_events(expected, events, "journal"):
        yield line


async def _webhooks(cast: Cast, expected: Events) -> Differences:
    for line in _of_events(expected, cast.stage.hooks.events, "webhooks"):
        yield line


def _of_events(expected: Events, events: Sequence[Mapping[str, Any]], where: str) -> list[str]:
    found = []
    rest = iter(events)
    for wanted in expected.order or ():
        members = {"type": wanted} if isinstance(wanted, str) else wanted
        if not any(_fits(members, event) for event in rest):
            found.append(f"{where}: expected {wanted!r} in this order, got no such event after those before it")
            break
    for kind in expected.never or ():
        count = sum(event["type"].startswith(kind) for event in events)
        if count:
            found.append(f"{where}: expected no {kind}, got {count}")
    for kind, wanted in (expected.count or {}).items():
        count = sum(event["type"].startswith(kind) for event in events)
        found += differences(wanted, count, f"{where}: number of {kind}")
    return found


def _fits(members: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    kind = members.get("type", "")
    return str(event["type"]).startswith(kind) and matches({k: v for k, v in members.items() if k != "type"}, event)


async def _wire(cast: Cast, expected: Mapping[str, Any]) -> Differences:
    for operator, wanted in expected.items():
        for line in differences(wanted, cast.stage.wire.to(operator), f"wire to {operator}"):
            yield line


async def _texts(cast: Cast, expected: Mapping[str, Any]) -> Differences:
    for number, wanted in expected.items():
        answer = await cast.stage.ask("GET", f"/lab/handsets/{number}/messages")
        for line in differences(wanted, len(answer.body["messages"]), f"texts of {number}"):
            yield line


async def _calls(cast: Cast, expected: Mapping[str, Any]) -> Differences:
    for number, wanted in expected.items():
        answer = await cast.stage.ask("GET", f"/lab/handsets/{number}/calls")
        for line in differences(wanted, len(answer.body["calls"]), f"calls of {number}"):
            yield line


async def _pages(cast: Cast, expected: Mapping[str, Any]) -> Differences:
    for path, wanted in expected.items():
        for line in differences(wanted, (await cast.stage.ask("GET", path)).shown(), path):
            yield line


async def _rules(cast: Cast, expected: Mapping[str, Any]) -> Differences:
    report = await cast.stage.ask("GET", "/lab/reports/conformance")
    outcomes = {rule["id"]: rule["outcome"] for rule in report.body["rules"]}
    for line in differences(expected, outcomes, "rules"):
        yield line


LOOKS: Final[dict[str, Callable[[Cast, Any], Differences]]] = {
    "answer": _answer,
    "identifications": _identifications,
    "may_send": _may_send,
    "bindings": _bindings,
    "register_": _register,
    "journal": _journal,
    "webhooks": _webhooks,
    "wire": _wire,
    "texts": _texts,
    "calls": _calls,
    "pages": _pages,
    "rules": _rules,
}
"""Where is looked for each word."""
