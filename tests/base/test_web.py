import gzip
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.postgres_errors import CommitInDoubtError, DatabaseUnusableError
from smsc_emulator.base.web import Call, Model, Reply, Routes, operations

Client = TestClient[web.Request, web.Application]


class Said(Model):
    word: str


@pytest.fixture
async def client(clock: LabClock) -> Any:
    group = Routes("test")

    @group.add("POST", "/said", "Say it back", body=Said, answers={200: Said})
    async def say(call: Call) -> Reply:
        return Reply(call.body)

    @group.add("GET", "/broken", "Fail", answers={200: None})
    async def fail(_call: Call) -> Reply:
        raise RuntimeError("the code is 123456")

    @group.add("GET", "/away", "Miss the database", answers={200: None})
    async def miss(_call: Call) -> Reply:
        raise DatabaseUnusableError("the database at secret.example cannot be reached")

    @group.add("GET", "/in-doubt", "Lose the database", answers={200: None})
    async def lose(_call: Call) -> Reply:
        raise CommitInDoubtError("the connection to secret.example ended during a commit")

    @group.add("GET", "/things/{thing_id}", "Show it", answers={200: None})
    async def show(call: Call) -> Reply:
        return Reply(call.path["thing_id"].encode())

    async with TestClient(TestServer(application(operations([group], {}, clock)))) as client:
        yield client


async def problem_of(answer: Awaitable[Any]) -> dict[str, Any]:
    response = await answer
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = await response.json()
    assert body["status"] == response.status
    return body


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_is_not_packed_as_it_says_is_a_bad_request(client: Client, encoding: str) -> None:
    said = client.post("/said", data=b'{"word": "hello"}', headers={"Content-Encoding": encoding})
    assert (await problem_of(said))["code"] == "bad_request"


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_a_packed_body_is_read(client: Client, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    answer = await client.post("/said", data=pack(b'{"word": "hello"}'), headers={"Content-Encoding": encoding})
    assert await answer.json() == {"word": "hello"}


async def test_a_small_body_that_unpacks_to_a_large_one_is_too_large(client: Client) -> None:
    packed = gzip.compress(b" " * (1 << 21) + b'{"word": "hello"}')
    assert len(packed) < 1 << 13
    said = client.post("/said", data=packed, headers={"Content-Encoding": "gzip"})
    assert (await problem_of(said))["code"] == "too_large"


async def test_a_failure_is_a_problem_too_and_tells_nothing_of_itself(client: Client) -> None:
    problem = await problem_of(client.get("/broken"))
    assert (problem["code"], problem["status"]) == ("internal", 500)
    assert "123456" not in str(problem)


async def test_no_failure_says_that_nothing_is_kept_which_the_layer_cannot_know(client: Client) -> None:
    assert "may be kept" in (await problem_of(client.get("/broken")))["detail"]


@pytest.mark.parametrize(
    ("path", "told"), [("/away", "not carried out to its end"), ("/in-doubt", "it may be kept or not")]
)
async def test_a_request_without_a_database_may_come_again_and_is_told_what_is_known(
    client: Client, path: str, told: str
) -> None:
    answer = await client.get(path)
    problem = await answer.json()
    assert (answer.status, problem["code"], answer.headers["Retry-After"]) == (503, "database_unavailable", "5")
    assert told in problem["detail"]
    assert "Idempotency-Key" in problem["detail"]
    assert "secret.example" not in str(problem)


async def test_no_name_with_a_nul_reaches_a_handler(client: Client) -> None:
    assert (await problem_of(client.get("/things/a%00b")))["code"] == "not_found"
    assert (await client.get("/things/ab")).status == 200


@pytest.mark.parametrize("path", ["/said/", "/sad"])
async def test_an_address_that_is_none_is_named_with_the_place_that_lists_all(client: Client, path: str) -> None:
    detail = (await problem_of(client.get(path)))["detail"]
    assert f"no {path} here" in detail
    assert "/openapi.json" in detail


async def test_a_wrong_method_is_answered_with_the_right_one(client: Client) -> None:
    answer = await client.put("/said")
    assert answer.headers["Allow"] == "POST"
    assert (await answer.json())["detail"] == "/said takes POST, and not PUT."
