"""Whole attempts through HTTP: at a lab of this process, and at another gateway with other routes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from gateway.load.identify import NOT_STARTED, TOO_LONG, UNREADABLE, IdentifyLoad, IdentifyPlan, UnusableError
from gateway.load.journey import Journey
from gateway.load.pace import Shape

LAB = Journey.read_options((None, None, None), ("id", "state"), ((), ()))
NUMBERS = tuple(f"+7000000000{place}" for place in range(1, 6))
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(**handlers: Handler) -> AsyncIterator[str]:
    """Serve each handler at its own path, for all methods; yield the URL."""
    app = web.Application()
    for name, handler in handlers.items():
        app.router.add_route("*", f"/{name}{{rest:.*}}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def user(start_lab: Callable[[], Awaitable[Any]]) -> Any:
    """A lab whose clock runs."""
    user = await start_lab()
    await user.post("/lab/clock/resume", None)
    return user


async def test_users_of_a_lab_are_identified_and_its_handsets_answer_by_themselves(user: Any) -> None:
    load = IdentifyLoad(IdentifyPlan(user.lab.base_url, "lab-demo-key", NUMBERS, LAB, shape=Shape(count=8)))
    record = await load.run()
    assert (record.sent, record.answered, dict(record.errors)) == (8, 8, {})
    assert {name: found.count for name, found in record.others.items()} == {
        "start": 8,
        "handset": 8,
        "check": 8,
        "verdict": 8,
        "sending": 8,
    }


@pytest.mark.parametrize("method", ["flash_call", "call_in", "mo_sms"])
async def test_the_handset_does_what_each_method_asks_for(user: Any, method: str) -> None:
    start = f'POST /v1/confirmations {{"phone_number": "{{number}}", "method": "{method}"}}'
    journey = Journey.read_options(
        (start, 'POST /v1/confirmations/{id}/check {"code": "{code}"}', "GET /v1/confirmations/{id}?wait=10s"),
        ("id", "state"),
        (["confirmed"], ["failed", "expired"]),
    )
    load = IdentifyLoad(IdentifyPlan(user.lab.base_url, "lab-demo-key", NUMBERS[:2], journey, shape=Shape(count=2)))
    record = await load.run()
    assert (record.answered, dict(record.errors)) == (2, {})


OTHER = Journey.read_options(
    (
        'PUT /attempts {"who": "{user}", "msisdn": "{number}"}',
        'POST /attempts/{id} {"otp": "{code}"}',
        "GET /attempts/{id}",
    ),
    ("attempt.key", "attempt.status"),
    (["done"], ["bad"]),
)


async def test_another_gateway_may_have_other_routes_and_numbers_with_a_known_code() -> None:
    asked: list[tuple[str, str, Any]] = []

    async def attempts(request: web.Request) -> web.Response:
        asked.append((request.method, request.path, await request.json() if request.can_read_body else None))
        status = {"PUT": "new", "POST": "asked", "GET": "done"}[request.method]
        return web.json_response({"attempt": {"key": 77, "status": status}})

    async with serving(attempts=attempts) as url:
        plan = IdentifyPlan(url, "", NUMBERS[:1], OTHER, code="000000", shape=Shape(count=1))
        record = await IdentifyLoad(plan).run()
    assert record.answered == 1
    assert [asked[0][:2], *asked[1:]] == [
        ("PUT", "/attempts"),
        ("POST", "/attempts/77", {"otp": "000000"}),
        ("GET", "/attempts/77", None),
    ]
    assert asked[0][2]["msisdn"] == NUMBERS[0]


def fixed(status: int, body: Any) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    return answer


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (fixed(429, {"code": "limited"}), "start: HTTP 429 limited"),
        (fixed(302, {}), "start: HTTP 302"),
        (fixed(200, {"attempt": {"key": 1, "status": "bad"}, "reason": "absent"}), "bad: absent"),
    ],
)
async def test_errors_are_told_by_step_and_reason(handler: Handler, error: str) -> None:
    async with serving(attempts=handler) as url:
        plan = IdentifyPlan(url, "", NUMBERS[:1], OTHER, code="0", shape=Shape(count=3))
        record = await IdentifyLoad(plan).run()
    assert (dict(record.errors), record.answered) == ({error: 3}, 0)


@pytest.fixture
async def hanging() -> AsyncIterator[str]:
    """The URL of a gateway that never answers."""
    over = asyncio.Event()

    async def wait(_request: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with serving(attempts=wait) as url:
        yield url
        over.set()


async def test_an_attempt_that_does_not_end_is_given_up(hanging: str) -> None:
    plan = IdentifyPlan(hanging, "", NUMBERS, OTHER, code="0", shape=Shape(count=2), patience=0.1)
    assert (await IdentifyLoad(plan).run()).errors == {TOO_LONG: 2}


async def test_attempts_that_found_no_user_free_are_not_forgotten(hanging: str) -> None:
    plan = IdentifyPlan(hanging, "", NUMBERS[:1], OTHER, code="0", shape=Shape(rate=100, duration=0.2), patience=0.5)
    assert (await IdentifyLoad(plan).run()).errors == {TOO_LONG: 1, NOT_STARTED: 19}


async def test_stop_ends_it_with_what_is_under_way_finished() -> None:
    answer = fixed(200, {"attempt": {"key": 1, "status": "done"}})
    async with serving(attempts=answer) as url:
        load = IdentifyLoad(IdentifyPlan(url, "", NUMBERS, OTHER, code="0", shape=Shape()))
        record = await load.run(lambda: load.stop() if load.record.answered else None)
    assert record.sent == record.answered > 0


@pytest.mark.parametrize("status", [404, 500])
async def test_handsets_that_cannot_be_read_end_it_at_once(status: int) -> None:
    async with serving(lab=fixed(status, {"code": "not_found"})) as url:
        with pytest.raises(UnusableError, match=f"handset: HTTP {status} not_found"):
            await IdentifyLoad(replace(IdentifyPlan(url, "", NUMBERS, OTHER), shape=Shape(count=1))).run()


async def test_a_gateway_whose_answers_do_not_wait_is_not_asked_without_a_pause() -> None:
    asked = 0

    async def attempts(request: web.Request) -> web.Response:
        nonlocal asked
        asked += request.method == "GET"
        return web.json_response({"attempt": {"key": "1", "status": "open"}})

    async with serving(attempts=attempts) as url:
        plan = IdentifyPlan(url, "", NUMBERS[:1], OTHER, code="1", shape=Shape(count=1), patience=0.35)
        record = await IdentifyLoad(plan).run()
    assert record.errors == {TOO_LONG: 1}
    assert 1 <= asked <= 5


async def test_instructions_that_are_none_are_told() -> None:
    async def attempts(_request: web.Request) -> web.Response:
        return web.json_response({"attempt": {"key": "1"}, "instructions": "wait for the SMS"})

    async def lab(_request: web.Request) -> web.Response:
        return web.json_response({"messages": [], "calls": []})

    async with serving(attempts=attempts, lab=lab) as url:
        record = await IdentifyLoad(IdentifyPlan(url, "", NUMBERS[:1], OTHER, shape=Shape(count=1))).run()
    assert record.errors == {UNREADABLE: 1}
