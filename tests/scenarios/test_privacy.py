"""That what is looked for after each scenario would be found: test_shipped.py looks at all of them (scenario 26)."""

import json
from collections.abc import Callable

import pytest
from privacy import Finding, leaks

from gateway.scenarios.playing import play
from gateway.scenarios.reading import Play
from gateway.scenarios.stage import Stage
from gateway.scenarios.wire import Exchange

STEPS = """
given:
  subscribers: [{phone_number: "+70000000001", operator_id: alpha, family_name: Sampleova}]
steps:
  - when: {identify: {user: ann, number: "+70000000001"}}
  - when: {type_code: {user: ann}}
    then: {identifications: {ann: {state: IDENTIFIED}}}
"""


def _query(stage: Stage, **more: str) -> None:
    body = {"request_id": "req_1", "phone_number": "+70000000001", "mode": "presence", **more}
    stage.wire.exchanges.append(Exchange("POST", "/operator/alpha/queries", "req_1", json.dumps(body).encode()))


def _code(stage: Stage) -> str:
    bodies = [json.loads(each.body) for each in stage.wire.exchanges if each.path.endswith("/codes")]
    return str(bodies[0]["code"])


def _publish(stage: Stage, **data: str) -> str:
    stage.lab.ground.journal.publish(stage.now, "test.event", "x", **data)
    return ""


PLANTED: dict[str, tuple[Callable[[Stage], str | None], Finding]] = {
    "a name in a query": (
        lambda stage: _query(stage, family_name="Other"),
        Finding("/operator/alpha/queries", "a member family_name"),
    ),
    "a name in a webhook": (
        lambda stage: stage.hooks.raw.append('{"who": "Sampleova"}'),
        Finding("webhook", "of a person: Sampleova"),
    ),
    "a name in the logs": (lambda _: "asked about Sampleova", Finding("logs", "of a person: Sampleova")),
    "a number in the logs": (lambda _: "to +70000000001 sent", Finding("logs", "a number: +70000000001")),
    "a code in the logs": (lambda stage: f"code={_code(stage)}", Finding("logs", "a code")),
    "a code in the journal": (
        lambda stage: _publish(stage, told=_code(stage)),
        Finding("journal: test.event", "a code"),
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
async def test_what_must_not_be_told_is_found(one: Callable[[str], Play], planted: str) -> None:
    plant, expected = PLANTED[planted]
    before: list[Finding] = []
    after: list[Finding] = []

    async def look(stage: Stage) -> None:
        before.extend(await leaks(stage, ""))
        logged = plant(stage) or ""
        await stage.settled()
        after.extend(await leaks(stage, logged))

    assert (await play(one(STEPS), at_end=look)).failure is None
    assert not before
    assert expected in after
