"""That what is looked for after each scenario would be found: test_shipped.py looks at all of them (scenario 26)."""

import json
from collections.abc import Awaitable, Callable

import pytest
from privacy import Finding, Secrets, leaks, secrets_of
from sqlalchemy import update

from gateway.scenarios.playing import play
from gateway.scenarios.reading import Play
from gateway.scenarios.stage import Stage
from gateway.scenarios.wire import Exchange
from smsc_emulator.base.database import metadata

Plant = Callable[[Stage, Secrets], Awaitable[str]]
"""Puts something where it must not be; returns what is in the logs."""

STEPS = """
given:
  subscribers: [{phone_number: "+70000000001", operator_id: alpha, family_name: Sampleova}]
steps:
  - when: {identify: {user: ann, number: "+70000000001"}}
  - when: {type_code: {user: ann}}
    then: {identifications: {ann: {state: IDENTIFIED}}}
"""


def _sent(path: str, **more: str) -> Plant:
    """Return what puts a message on the wire, with members beside its own."""

    async def plant(stage: Stage, _secrets: Secrets) -> str:
        body = {"request_id": "req_1", "phone_number": "+70000000001", **more}
        stage.wire.exchanges.append(Exchange("POST", path, "req_1", json.dumps(body).encode()))
        return ""

    return plant


def _logged(what: Callable[[Secrets], str]) -> Plant:
    async def plant(_stage: Stage, secrets: Secrets) -> str:
        return f"told {what(secrets)} to somebody"

    return plant


def _published(what: Callable[[Secrets], str]) -> Plant:
    async def plant(stage: Stage, secrets: Secrets) -> str:
        stage.lab.ground.journal.publish(stage.now, "test.event", "x", told=what(secrets))
        return ""

    return plant


def _hooked(what: Callable[[Secrets], str]) -> Plant:
    async def plant(stage: Stage, secrets: Secrets) -> str:
        stage.hooks.raw.append(json.dumps({"told": what(secrets)}))
        return ""

    return plant


def _stored(what: Callable[[Secrets], str]) -> Plant:
    async def plant(stage: Stage, secrets: Secrets) -> str:
        changed = update(metadata.tables["bindings"]).values(reason=what(secrets)[:32])
        await stage.lab.ground.database.run(lambda tx: tx.conn.execute(changed))
        return ""

    return plant


async def _typed_to_an_operator(stage: Stage, secrets: Secrets) -> str:
    return await _sent("/operator/alpha/queries", code=min(secrets.typed))(stage, secrets)


async def _text_in_the_queue(stage: Stage, secrets: Secrets) -> str:
    changed = update(metadata.tables["operator_messages"]).values(body={"told": min(secrets.texts)})
    await stage.lab.ground.database.run(lambda tx: tx.conn.execute(changed))
    return ""


PLANTED: dict[str, tuple[Plant, Finding]] = {
    "a name in a query": (
        _sent("/operator/alpha/queries", family_name="Other"),
        Finding("/operator/alpha/queries", "a member family_name"),
    ),
    "a name in a verdict": (
        _sent("/v1/operators/alpha/verdicts", birth_date="2000-01-01"),
        Finding("/v1/operators/alpha/verdicts", "a member birth_date"),
    ),
    "a name in a webhook": (_hooked(lambda _: "Sampleova"), Finding("webhook", "of a person: Sampleova")),
    "a name in the logs": (_logged(lambda _: "Sampleova"), Finding("logs", "of a person: Sampleova")),
    "a name in the database": (_stored(lambda _: "Sampleova"), Finding("table bindings", "of a person: Sampleova")),
    "a number in the logs": (_logged(lambda _: "+70000000001"), Finding("logs", "a number: +70000000001")),
    "a code in the logs": (_logged(lambda secrets: min(secrets.entered)), Finding("logs", "a code")),
    "a code in the journal": (
        _published(lambda secrets: min(secrets.entered)),
        Finding("journal: test.event", "a code"),
    ),
    "a typed code in the logs": (_logged(lambda secrets: min(secrets.typed)), Finding("logs", "a code")),
    "a typed code in a webhook": (_hooked(lambda secrets: min(secrets.typed)), Finding("webhook", "a code")),
    "a typed code in the database": (_stored(lambda secrets: min(secrets.typed)), Finding("table bindings", "a code")),
    "a typed code to an operator": (_typed_to_an_operator, Finding("/operator/alpha/queries", "a code")),
    "a message in the journal": (
        _published(lambda secrets: min(secrets.texts)),
        Finding("journal: test.event", "a message's content"),
    ),
    "a message in the logs": (_logged(lambda secrets: min(secrets.texts)), Finding("logs", "a message's content")),
    "a message in the database": (_text_in_the_queue, Finding("table operator_messages", "a message's content")),
}


@pytest.mark.parametrize("planted", PLANTED)
async def test_what_must_not_be_told_is_found(one: Callable[[str], Play], planted: str) -> None:
    plant, expected = PLANTED[planted]
    before: list[Finding] = []
    after: list[Finding] = []

    async def look(stage: Stage) -> None:
        before.extend(await leaks(stage, ""))
        logged = await plant(stage, await secrets_of(stage))
        await stage.settled()
        after.extend(await leaks(stage, logged))

    assert (await play(one(STEPS), at_end=look)).failure is None
    assert not before
    assert expected in after
