"""The HTTP port over real sockets: what is answered at the front, what is led over to aiohttp, and how it closes."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientSession, web

from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.front import Front
from smsc_emulator.base.request import Request
from smsc_emulator.base.web import (
    FORBIDDEN,
    Answered,
    Call,
    Model,
    ProblemError,
    Reply,
    Routes,
    operations,
)


class Said(Model):
    word: str


class Asked(Model):
    wait: str | None = None


@dataclass
class Faces:
    """One port with a front and one without, of the same routes."""

    front: Front
    port: int
    bare: int
    led_over: list[str]
    seen: list[Answered]
    held: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    made: int = 0
    """How often aiohttp's server was made."""


def routes(faces: Callable[[], Faces]) -> Routes:
    group = Routes("test")

    @group.add("POST", "/said", "Say it back", body=Said, answers={201: Said})
    async def say(call: Call) -> Reply:
        return Reply(call.body, 201, {"X-Word": call.body.word})

    @group.add("GET", "/things/{thing}", "Show it", query=Asked, answers={200: None}, patterns={"thing": r"^[+\w]+$"})
    async def show(call: Call) -> Reply:
        return Reply(f"{call.path['thing']} {call.query.wait}".encode(), content_type="text/plain")

    @group.add("DELETE", "/things/all", "Drop them", answers={204: None})
    async def drop(_call: Call) -> Reply:
        return Reply(None, 204)

    @group.add("GET", "/broken", "Fail", answers={200: None})
    async def fail(_call: Call) -> Reply:
        raise RuntimeError("the code is 123456")

    @group.add("GET", "/held", "Wait", answers={200: None})
    async def hold(_call: Call) -> Reply:
        faces().begun.set()
        await faces().held.wait()
        return Reply(b"{}")

    @group.add("GET", "/stream", "Tell bit by bit", answers={200: None}, streams=True)
    async def stream(_call: Call) -> Reply:
        async def tell(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"bit")
            return response

        return Reply(None, stream=tell)

    return group


def _allow(request: Request) -> None:
    if request.headers.get("X-Foe"):
        raise ProblemError(FORBIDDEN, "Not for you.")


@pytest.fixture
async def faces(clock: LabClock) -> AsyncIterator[Faces]:
    led_over: list[str] = []
    seen: list[Answered] = []
    served = operations([routes(lambda: made)], {}, clock)
    runner = web.AppRunner(application(served, lambda: seen.append), shutdown_timeout=0.1)
    await runner.setup()
    server = runner.server
    assert server is not None

    def lead_over() -> asyncio.Protocol:
        led_over.append("once")
        return server()

    async def make() -> Callable[[], asyncio.Protocol]:
        await asyncio.sleep(0)
        made.made += 1
        return lead_over

    front = Front(served, lambda: seen.append, _allow, make)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made = Faces(front, await front.start("127.0.0.1", 0), runner.addresses[0][1], led_over, seen)
    yield made
    made.held.set()
    await front.close(0.1)
    await runner.cleanup()


async def tell(port: int, octets: bytes, answers: int = 1) -> list[tuple[int, dict[str, str], bytes]]:
    """Send octets over a connection of their own and read that many answers, each with a told length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(octets)
        return [await read(reader) for _ in range(answers)]
    finally:
        writer.close()
        await writer.wait_closed()


async def read(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(first.split()[1]), headers, body


SAY = b'POST /said HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\nContent-Length: 17\r\n\r\n{"word": "hello"}'
SHOW = b"GET /things/%2B7?wait=1s HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\n\r\n"
PLAIN = [
    SAY,
    SHOW,
    b"DELETE /things/all HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\n\r\n",
    b"GET /things/a-b HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\n\r\n",
    b"GET /things/a?what=1 HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\n\r\n",
    b"GET /broken HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\n\r\n",
    b'POST /said HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\nContent-Length: 2\r\n\r\n{"',
]
OTHERS = [
    b"GET /nowhere HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\n\r\n",
    b"GET /things/ HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\n\r\n",
    b"PUT /said HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\n\r\n",
    (
        b"POST /said HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'11\r\n{"word": "hello"}\r\n0\r\n\r\n'
    ),
    b"GET /things/%61 HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\n\r\n",
    b"GET /things/a\x00b HTTP/1.1\r\nHost: lab\r\nX-Request-Id: mine\r\n\r\n",
]


@pytest.mark.parametrize("octets", [*PLAIN, *OTHERS])
async def test_the_front_answers_as_aiohttp_does(faces: Faces, octets: bytes) -> None:
    [(status, headers, body)] = await tell(faces.port, octets)
    [(beside, its_headers, its_body)] = await tell(faces.bare, octets)
    assert (status, body) == (beside, its_body)
    unlike = {"server", "date"}
    assert {name: headers[name] for name in headers.keys() - unlike} == {
        name: its_headers[name] for name in its_headers.keys() - unlike
    }
    assert bool(faces.led_over) is (octets in OTHERS)
    assert all(
        (one.id, one.route, one.status) == ("mine", two.route, two.status)
        for one in faces.seen[:1]
        for two in faces.seen[1:]
    )


@pytest.mark.parametrize(("path", "status"), [("/things/a", 200), ("/broken", 500), ("/said", 405), ("/stream", 405)])
async def test_head_is_answered_as_get_without_the_body(faces: Faces, path: str, status: int) -> None:
    async with ClientSession() as session, session.head(f"http://127.0.0.1:{faces.port}{path}") as answer:
        assert (answer.status, await answer.read()) == (status, b"")
        if status < 405:
            async with session.get(f"http://127.0.0.1:{faces.port}{path}") as whole:
                assert answer.content_length == whole.content_length


async def test_a_form_is_told_to_be_none_of_json(faces: Faces) -> None:
    async with ClientSession() as session:
        for form in ("To=%2B70000000001&Channel=sms", "word="):
            async with session.post(f"http://127.0.0.1:{faces.port}/said", data=form) as answer:
                problem = await answer.json()
                assert problem["detail"].startswith("body: it is a form; this API takes JSON")
                assert [f"{each['field']}: {each['problem']}" for each in problem["errors"]] == [problem["detail"]]
        async with session.post(f"http://127.0.0.1:{faces.port}/said", data='{"word"="a"}') as answer:
            assert "Invalid JSON" in (await answer.json())["detail"]


async def test_what_is_not_allowed_is_refused(faces: Faces) -> None:
    [(status, _, body)] = await tell(faces.port, SHOW.replace(b"Host", b"X-Foe: yes\r\nHost"))
    assert (status, b"Not for you." in body) == (403, True)


async def test_a_connection_carries_one_plain_request_after_the_other(faces: Faces) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", faces.port)
    for octets, wanted in ((SAY, 201), (SHOW, 200), (SAY, 201)):
        writer.write(octets)
        assert (await read(reader))[0] == wanted
    writer.close()
    await writer.wait_closed()
    assert not faces.led_over


async def test_requests_that_come_all_at_once_are_answered_in_their_order(faces: Faces) -> None:
    answers = await tell(faces.port, SAY + SHOW + SAY, 3)
    assert [status for status, _, _ in answers] == [201, 200, 201]
    assert faces.led_over == ["once"]


async def test_a_request_that_comes_before_the_answer_to_the_last_one_waits_for_it(faces: Faces) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", faces.port)
    writer.write(b"GET /held HTTP/1.1\r\nHost: lab\r\n\r\n")
    await faces.begun.wait()
    writer.write(SHOW)
    faces.held.set()
    assert [(await read(reader))[2] for _ in range(2)] == [b"{}", b"+7 1s"]
    writer.close()
    await writer.wait_closed()


async def test_aiohttp_is_made_once_for_all_that_come_first(faces: Faces) -> None:
    made = faces.front.ready
    calls: list[str] = []

    async def ready() -> None:
        calls.append("called")
        await made()

    faces.front.ready = ready  # type: ignore[method-assign]  # to see how many wait
    chunked = OTHERS[3]
    answers = await asyncio.gather(*(tell(faces.port, chunked + SHOW, 2) for _ in range(3)))
    assert [status for two in answers for status, _, _ in two] == [201, 200] * 3
    assert calls == ["called"] * 3
    assert faces.made == 1


async def test_a_connection_that_cannot_be_led_over_is_closed(clock: LabClock) -> None:
    async def fail() -> Callable[[], asyncio.Protocol]:
        raise RuntimeError("no server")

    front = Front([], lambda: lambda _: None, _allow, fail)
    port = await front.start("127.0.0.1", 0)
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: failures.append(told["exception"]))
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await tell(port, OTHERS[0])
    await front.close(0.1)
    gc.collect()
    assert [str(each) for each in failures] == ["no server"]


async def test_a_stream_is_led_over(faces: Faces) -> None:
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{faces.port}/stream") as answer:
        assert await answer.read() == b"bit"
    assert faces.led_over


async def test_a_header_cannot_be_broken_by_its_value(faces: Faces) -> None:
    body = b'{"word": "a\\r\\nSet-Cookie: b"}'
    head = b"POST /said HTTP/1.1\r\nHost: lab\r\nContent-Length: %d\r\n\r\n" % len(body)
    [(status, headers, _)] = await tell(faces.port, head + body)
    assert (status, "set-cookie" in headers) == (500, False)


async def test_at_the_end_a_request_under_way_is_answered_and_an_idle_connection_closed(faces: Faces) -> None:
    idle, _idle_writer = await asyncio.open_connection("127.0.0.1", faces.port)
    busy, writer = await asyncio.open_connection("127.0.0.1", faces.port)
    writer.write(b"GET /held HTTP/1.1\r\nHost: lab\r\n\r\n")
    await faces.begun.wait()
    closing = asyncio.create_task(faces.front.close(5))
    assert await idle.read() == b""
    faces.held.set()
    status, headers, _ = await read(busy)
    assert (status, headers["connection"]) == (200, "close")
    await closing
    assert await busy.read() == b""
    for each in (_idle_writer, writer):
        each.close()
        await each.wait_closed()


async def test_at_the_end_a_request_is_waited_for_whose_client_has_gone(faces: Faces) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", faces.port)
    writer.write(b"GET /held HTTP/1.1\r\nHost: lab\r\n\r\n")
    await faces.begun.wait()
    (connection,) = faces.front.connections
    lost, gone = connection.connection_lost, asyncio.Event()

    def connection_lost(error: Exception | None) -> None:
        lost(error)
        gone.set()

    connection.connection_lost = connection_lost  # type: ignore[method-assign]  # to know when it has
    writer.transport.abort()
    await gone.wait()
    closing = asyncio.create_task(faces.front.close(5))
    await asyncio.sleep(0)
    assert not closing.done()
    faces.held.set()
    await closing
    assert [answered.status for answered in faces.seen] == [200]
    assert not faces.front.connections


async def test_at_the_end_a_request_that_takes_too_long_is_broken_off(faces: Faces) -> None:
    busy, writer = await asyncio.open_connection("127.0.0.1", faces.port)
    writer.write(b"GET /held HTTP/1.1\r\nHost: lab\r\n\r\n")
    await faces.begun.wait()
    await faces.front.close(0.01)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await read(busy)
    writer.close()
