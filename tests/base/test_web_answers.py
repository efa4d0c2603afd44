"""Who looks on at requests is told of each answer: its id, route, status, and what it was about."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.web import (
    NOT_FOUND,
    Answered,
    Call,
    Model,
    ProblemError,
    Reply,
    Routes,
    operations,
)


class Thing(Model):
    id: str


@pytest.fixture
def seen() -> list[Answered]:
    return []


@pytest.fixture
async def client(clock: LabClock, seen: list[Answered]) -> AsyncIterator[Any]:
    group = Routes("test")

    @group.add("POST", "/things", "Make one", answers={201: Thing})
    async def make(_call: Call) -> Reply:
        return Reply(Thing(id="thg_new"), 201)

    @group.add("POST", "/things/{thing_id}/check", "Look at it", answers={200: None})
    async def check(call: Call) -> Reply:
        if call.path["thing_id"] == "thg_lost":
            raise ProblemError(NOT_FOUND, "It is lost.")
        return Reply(b'{"message_id": "77", "id": "no id of ours"}')

    @group.add("GET", "/things/{thing_id}", "Show it", answers={200: Thing})
    async def show(call: Call) -> Reply:
        return Reply(Thing(id=call.path["thing_id"]))

    app: web.Application = application(operations([group], {}, clock), lambda: seen.append)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_what_was_made_or_changed_is_told(client: Any, seen: list[Answered]) -> None:
    await client.post("/things")
    await client.post("/things/thg_1/check")
    assert [(each.route, each.status, each.about) for each in seen] == [
        ("/things", 201, ("thg_new",)),
        ("/things/{thing_id}/check", 200, ("thg_1", "77")),
    ]
    assert all(0 <= each.seconds < 5 for each in seen)


async def test_requests_that_change_nothing_are_about_nothing(client: Any, seen: list[Answered]) -> None:
    await client.get("/things/thg_1")
    await client.post("/things/thg_lost/check")
    await client.get("/nowhere/thg_1")
    assert [(each.route, each.status, each.about) for each in seen] == [
        ("/things/{thing_id}", 200, ()),
        ("/things/{thing_id}/check", 404, ()),
        ("none", 404, ()),
    ]


async def test_each_answer_has_the_id_of_its_request(client: Any, seen: list[Answered]) -> None:
    theirs = await client.post("/things", headers={"X-Request-Id": "mine-1"})
    ours = await client.post("/things", headers={"X-Request-Id": "not one; at all"})
    failed = await client.get("/nowhere")
    ids = [answer.headers["X-Request-Id"] for answer in (theirs, ours, failed)]
    assert ids == [each.id for each in seen]
    assert ids[0] == "mine-1"
    assert all(each.startswith("rqs_") for each in ids[1:])
