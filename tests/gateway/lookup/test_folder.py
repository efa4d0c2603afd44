"""A gateway and an operator of the old kind, joined by nothing but a folder."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from gateway.lookup import outbox
from gateway.lookup.client import OperatorClient
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.durations import MINUTE, instant, parse
from smsc_emulator.base.mailbox import Letter
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.signed_http import signature_guard
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.web import operations
from smsc_emulator.operator import face, register, subscribers
from smsc_emulator.operator.behaviour import Behaviour, Behaviours, Outage
from smsc_emulator.operator.folder_face import TO_GATEWAY, TO_OPERATOR, FolderFace, box
from smsc_emulator.operator.lookups import Lookups
from smsc_emulator.operator.notices import Contracts, NoticeSending
from smsc_emulator.operator.outward import Outward
from smsc_emulator.operator.settings import FolderSettings, OperatorSettings

SECRET = "whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ=="
OLD = OperatorSettings(id="old", name="Old", secret=SECRET, folder=FolderSettings(path=Path("exchange"), poll=MINUTE))
NOON = instant("2026-01-01T12:00:00Z")
NUMBER = "+70000000001"
IDS = {"request_id": "req_1", "attempt_id": "idn_1", "operator_id": "old"}


@dataclass
class Exchange:
    """Both sides, what the gateway's face got, and the turning of the clock."""

    clock: LabClock
    database: Database
    data: Path
    behaviours: Behaviours
    contracts: Contracts
    restart: Callable[[], None]
    ticker: Ticker
    got: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    acked: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)

    async def turn(self, by: str) -> None:
        await self.ticker.advance(parse(by))

    async def behave(self, behaviour: Behaviour) -> None:
        await self.database.run(lambda tx: self.behaviours.put(tx, "old", behaviour))

    async def ask(self) -> None:
        query = {"service_id": "demo", "phone_number": NUMBER, "deadline_at": NOON + 20 * MINUTE}
        await self.database.run(partial(outbox.ask, now=self.clock.now(), **IDS, **query))

    async def hand_over(self) -> None:
        code = {"service_id": "demo", "service_name": "Demo", "phone_number": NUMBER, "code": "CODE1"}
        await self.database.run(partial(outbox.hand_over, now=self.clock.now(), **IDS, **code))

    def files(self, direction: str) -> list[str]:
        return sorted(file.name for file in (self.data / "exchange" / direction).iterdir())

    def got_of(self, path: str) -> list[tuple[int, dict[str, Any]]]:
        return [(at - NOON, body) for at, to, body in self.got if to.endswith(path)]


@pytest.fixture
async def exchange(clock: LabClock, database: Database, tmp_path: Path) -> AsyncIterator[Exchange]:
    activity, behaviours = Activity(clock), Behaviours([OLD])
    urls: dict[str, str] = {}
    await database.run(lambda tx: subscribers.add(tx, NOON, NUMBER, "old"))
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        outward = Outward(session, [OLD], lambda: urls["lab"], tmp_path)
        lookups = Lookups(database, clock, activity, session, [OLD], behaviours, wake=lambda: None, outward=outward)
        sending = NoticeSending(database, clock, activity, behaviours, ["old"], outward)
        contracts = Contracts([OLD], behaviours, SeededRandomness("notices"))

        def start() -> None:
            """Make the parts that look into the folder, as a process that was killed is started again."""
            old_face = FolderFace([OLD], tmp_path, session, activity, lambda: urls["lab"])
            client = OperatorClient(
                database,
                clock,
                activity,
                session,
                [OLD],
                base_url=lambda: urls["lab"],
                on_ack=lambda _tx, now, message, answer: side.acked.append((now - NOON, message.kind, dict(answer))),
                wake=lambda: None,
                data=tmp_path,
            )
            stack.push_async_callback(client.close)
            stack.push_async_callback(old_face.poll.close)
            side.ticker = Ticker(clock, activity, [lookups, sending, old_face.poll, client])

        side = Exchange(clock, database, tmp_path, behaviours, contracts, start, Ticker(clock, activity))
        start()
        routes = face.routes(database, lookups, behaviours, SeededRandomness("folder"))
        app = application(operations([routes], {"gateway": signature_guard({"old": SECRET})}, clock))
        app.router.add_post("/v1/operators/{operator_id}/{resource}", partial(_take, side))
        server = await stack.enter_async_context(TestServer(app))
        urls["lab"] = str(server.make_url("")).rstrip("/")
        yield side


async def _take(side: Exchange, request: web.Request) -> web.Response:
    side.got.append((side.clock.now(), request.path, json.loads(await request.read())))
    return web.json_response({}, status=side.statuses.pop(0) if side.statuses else 200)


async def test_a_query_and_its_verdict_go_as_files_from_look_to_look(exchange):
    await exchange.turn("10s")
    await exchange.ask()
    await exchange.turn("0s")
    assert exchange.files(TO_OPERATOR) == ["req_1.jsonl"]
    assert [kind for _, kind, _ in exchange.acked] == ["query"]
    await exchange.turn("5m")
    ((at, verdict),) = exchange.got_of("/v1/operators/old/verdicts")
    assert (at in (60_000, 120_000), verdict["result"]) == (True, "PRESENT")
    assert exchange.files(TO_OPERATOR) == exchange.files(TO_GATEWAY) == exchange.files("aside") == []


async def test_a_code_is_acknowledged_by_the_answer_in_a_file_and_has_one_entry(exchange):
    await exchange.hand_over()
    await exchange.turn("10m")
    (entry,) = await exchange.database.run(lambda tx: register.page(tx, "old", None))
    ((_, kind, answer),) = exchange.acked
    assert (kind, answer) == ("code", {"entry_id": entry.entry_id, "code": "CODE1"})
    assert exchange.files(TO_OPERATOR) == []


async def test_the_register_is_read_through_the_folder_too(exchange):
    await exchange.hand_over()
    await exchange.turn("5m")
    listing = {"message_id": "lst_1", "subject_id": "rec_1", "operator_id": "old", "until": NOON + parse("1h")}
    await exchange.database.run(partial(outbox.list_open, now=exchange.clock.now(), **listing))
    await exchange.turn("5m")
    kind, answer = exchange.acked[-1][1:]
    assert (kind, [entry["code"] for entry in answer["entries"]], answer["next"]) == ("listing", ["CODE1"], None)


async def test_a_notice_comes_as_a_file(exchange):
    await exchange.hand_over()
    await exchange.turn("5m")
    await exchange.database.run(lambda tx: exchange.contracts.end(tx, exchange.clock.now(), NUMBER))
    await exchange.turn("2m")
    ((_, notice),) = exchange.got_of("/v1/operators/old/notices")
    assert (notice["code"], notice["reason"]) == ("CODE1", "ended")
    assert len(exchange.database.journal.since(0, 100, lambda e: e.type == "operator.notice_acknowledged")) == 1


async def test_repeated_and_contradicting_verdicts_come_in_the_order_in_which_they_were_left(exchange):
    await exchange.behave(Behaviour("truth", 0, verdict_repeat=2, then_contradict=True))
    await exchange.ask()
    await exchange.turn("5m")
    assert [verdict["result"] for _, verdict in exchange.got_of("verdicts")] == ["PRESENT", "PRESENT", "ABSENT"]


async def test_an_operator_that_is_out_leaves_the_files_where_they_are_and_answers_later(exchange):
    await exchange.behave(Behaviour("truth", 0, outage=Outage("refused", NOON, NOON + parse("19m30s"))))
    await exchange.ask()
    await exchange.turn("19m")
    assert exchange.files(TO_OPERATOR) == ["req_1.jsonl"]
    assert exchange.got == []
    await exchange.turn("3m")
    ((at, verdict),) = exchange.got_of("verdicts")
    assert (at in (parse("20m"), parse("21m")), verdict["result"]) == (True, "PRESENT")


async def test_what_the_gateway_cannot_take_for_now_stays_until_the_next_look(exchange):
    exchange.statuses = [503, 503]
    await exchange.ask()
    await exchange.turn("10m")
    assert [at // MINUTE for at, _ in exchange.got_of("verdicts")] in ([1, 2, 3], [0, 1, 2])
    assert exchange.files(TO_GATEWAY) == []


@pytest.mark.parametrize("direction", [TO_OPERATOR, TO_GATEWAY])
async def test_garbage_is_set_aside_with_its_reason_and_holds_up_nothing(exchange, direction):
    folder = exchange.data / "exchange" / direction
    (folder / "!first.jsonl").write_text("no letter")
    box(OLD, exchange.data, direction).put("another", Letter("x_1", "passwords", {}))
    await exchange.ask()
    await exchange.turn("5m")
    aside = {name: (exchange.data / "exchange" / "aside" / name) for name in exchange.files("aside")}
    assert set(aside) == {name + end for name in ("!first.jsonl", "another.jsonl") for end in ("", ".reason.txt")}
    assert aside["!first.jsonl.reason.txt"].read_text() == "line 1 is not JSON\n"
    assert "no letter" in aside["another.jsonl.reason.txt"].read_text()
    assert len(exchange.got_of("verdicts")) == 1


async def test_a_verdict_that_the_gateway_refuses_for_good_is_set_aside(exchange):
    exchange.statuses = [400]
    await exchange.ask()
    await exchange.turn("5m")
    assert len(exchange.got_of("verdicts")) == 1
    assert len(exchange.files("aside")) == 2


async def test_a_file_that_was_acted_on_and_not_taken_away_changes_nothing_when_it_is_read_again(exchange):
    await exchange.hand_over()
    await exchange.ask()
    folder = exchange.data / "exchange" / TO_OPERATOR
    client_only = exchange.ticker
    await client_only.advance(0)
    kept = {name: (folder / name).read_bytes() for name in exchange.files(TO_OPERATOR)}
    await exchange.turn("5m")
    for name, raw in kept.items():  # as after a kill between the commit and the taking away
        (folder / name).write_bytes(raw)
    exchange.restart()
    await exchange.turn("5m")
    assert len(await exchange.database.run(lambda tx: register.page(tx, "old", None))) == 1
    assert {verdict["request_id"] for _, verdict in exchange.got_of("verdicts")} == {"req_1"}
    assert len(exchange.database.journal.since(0, 100, lambda e: e.type == "operator.answered")) == 1
    assert [kind for _, kind, _ in exchange.acked].count("code") == 1
