"""Playing: what a failure tells, what a kill leaves, and that a seed repeats."""

import time
from collections.abc import Callable

import pytest

from gateway.scenarios.playing import play
from gateway.scenarios.reading import Play
from gateway.scenarios.stage import Stage

One = Callable[[str], Play]

IDENTIFY = """
  - when: {identify: {user: ann, number: "+70000000001"}}
"""


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.scenarios.playing.PATIENCE", 0.0)


async def test_a_step_that_fails_tells_what_was_expected_what_was_got_and_the_journal_before_it(one: One) -> None:
    small = one("steps:" + IDENTIFY + "    then: {identifications: {ann: {state: IDENTIFIED}}}\n  - after: 1s\n")
    result = await play(small)
    assert result.steps == 1
    assert result.failure is not None
    assert result.failure.place == f"{small.document.source}:5:5"
    assert result.failure.step == "step 1: identify, then identifications"
    assert result.failure.lines == ("ann.state: expected 'IDENTIFIED', got 'CONFIRMING'",)
    assert any("identification.confirming" in line for line in result.failure.journal)
    assert all(line.strip().startswith("+0.000 s") for line in result.failure.journal)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("  - when: {cancel: bob}\n", "no identification is known as 'bob'; known ones: none"),
        ("  - when: {request: {path: '/${bob.id}'}}\n", "nothing is known as ${bob.id}"),
        (
            "  - after: 2s\n  - at: +1s\n",
            "+1s is 2026-03-02T09:00:01.000Z, but the clock is at 2026-03-02T09:00:02.000Z",
        ),
        (IDENTIFY + "  - when: {verdict: {operator: alpha, user: ann}}\n", "no operator was asked about ann"),
        ("  - when: {verdict: {operator: alpha}}\n", "a verdict needs a user, or both a request_id and a number"),
        ("  - when: {handset: {'+70000000001': {state: lost}}}\n", "was answered with 400"),
        ("  - then: {journal: {order: [lab.stopped]}}\n", "got no such event after those before it"),
        ("  - then: {journal: {never: [lab.started]}}\n", "journal: expected no lab.started, got 1"),
        ("  - then: {journal: {count: {lab.started: 2}}}\n", "journal: number of lab.started: expected 2, got 1"),
        ("  - then: {wire: {alpha: {queries: 1}}}\n", "wire to alpha.queries: expected 1, got 0"),
        ("  - then: {texts: {'+70000000001': 1}}\n", "texts of +70000000001: expected 1, got 0"),
        ("  - then: {calls: {'+70000000001': 1}}\n", "calls of +70000000001: expected 1, got 0"),
        ("  - then: {may_send: {ann: true}}\n", "may ann send.may_send: expected True, got False"),
        ("  - then: {bindings: {ann: [{}]}}\n", "bindings of ann: expected [{}], got []"),
        ("  - then: {register: {alpha: [{}]}}\n", "register of alpha: expected [{}], got []"),
        ("  - then: {webhooks: {order: [identification]}}\n", "webhooks: expected 'identification'"),
        ("  - then: {pages: {/lab/clock: {running: true}}}\n", "/lab/clock.running: expected True, got False"),
        ("  - then: {rules: {S01: pass}}\n", "rules.S01: expected 'pass', got 'not_exercised'"),
        ("  - then: {answer: {status: 200}}\n", "answer: expected {'status': 200}, got None"),
    ],
)
async def test_whatever_is_not_as_expected_fails(one: One, steps: str, told: str) -> None:
    result = await play(one("steps:\n" + steps.lstrip("\n")))
    assert result.failure is not None
    assert told in result.failure.lines[0]


async def test_the_lab_clock_starts_where_the_scenario_says_and_stands_still(one: One) -> None:
    small = one("steps:\n  - then: {pages: {/lab/clock: {now: '2026-03-02T09:00:00.000Z', running: false}}}\n")
    assert (await play(small)).failure is None


@pytest.mark.parametrize(("word", "stops"), [("kill", 0), ("restart", 1)])
async def test_a_kill_leaves_nothing_that_a_stop_writes_and_time_goes_on_in_both(
    one: One, word: str, stops: int
) -> None:
    steps = f"""
  - when: {{{word}: 25m}}
    then:
      pages: {{/lab/clock: {{now: "2026-03-02T09:25:00.000Z"}}}}
      identifications: {{ann: {{state: REFUSED, reason: confirm_expired}}}}
      journal: {{count: {{lab.started: 2, lab.stopped: {stops}}}}}
      webhooks: {{order: [identification.refused]}}
"""
    assert (await play(one("steps:" + IDENTIFY + steps.lstrip("\n")))).failure is None


async def test_a_seed_repeats_the_ids_and_another_gives_others(one: One) -> None:
    small = one("steps:" + IDENTIFY)
    ids = []

    async def look(stage: Stage) -> None:
        ids.append(next(event.subject for event in stage.events() if event.type == "identification.created"))

    for seed in ("a", "a", "b"):
        await play(small, seed, at_end=look)
    assert ids[0] == ids[1] != ids[2]


async def test_only_the_runs_that_a_step_names_have_it(write: Callable[[str], object], one: One) -> None:
    result = await play(one("runs: {a: {}}\nsteps:\n  - {only: [a], after: 1s}\n  - {only: [], after: 1s}\n"))
    assert (result.steps, result.failure) == (1, None)


async def test_a_crowd_goes_around_so_that_what_is_over_a_hundred_has_two_services(one: One) -> None:
    steps = """
given: {services: [{id: demo, name: A, key: lab-demo-key}, {id: other, name: B, key: lab-other-key}]}
steps:
  - when: {crowd: {first: "+70000000001", users: 4, shares: {demo: 75, other: 50}}}
    then:
      pages:
        "/v1/bindings?user_id=user0": {bindings: [{service_id: demo}]}
        "/v1/bindings?user_id=user3": {bindings: []}
      journal: {count: {binding.active: 5}}
  - when: {request: {method: GET, path: "/v1/bindings?user_id=user0", service: other}}
    then: {answer: {bindings: [{service_id: other}]}}
  - when: {request: {method: GET, path: "/v1/bindings?user_id=user3", service: other}}
    then: {answer: {bindings: [{service_id: other}]}}
"""
    result = await play(one(steps))
    assert result.failure is None, result.failure


async def test_the_wall_clock_jumps_and_is_put_back_at_the_end(one: One) -> None:
    seen = []

    async def look(_stage: Stage) -> None:
        seen.append(time.time() - time.monotonic())

    before = time.time() - time.monotonic()
    await play(one("steps: [{when: {wall_clock: +30m}}, {when: {wall_clock: -10m}}]\n"), at_end=look)
    assert [round(each - before) for each in (seen[0], time.time() - time.monotonic())] == [20 * 60, 0]
