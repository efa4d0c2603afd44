"""Many identifications over two gateways of one PostgreSQL, of which the one that holds the links is killed with -9.

`python tests/peers/many_identifications.py 2000 postgresql://...` runs that many on an empty database, and prints what
it has counted and measured. A lab on SQLite plays the operators, the SMSC and the handsets. Users and operators reach
the gateways through a balancer, which asks the other one where one is gone.

Half of the users wait for each other before they give their codes, and the kill comes when three quarters have begun:
so most attempts are under way then, in every state. Some users never give their codes, and one operator never answers;
the deadlines of these attempts are moved, by SQL, into the seconds around the kill. Some contracts end, and the
operator's notices of that are sent while the gateway is killed too.
"""

import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from serving import Serving

from gateway.webhooks.tries import UNWRITTEN

SECRET = "whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ=="
KEY = {"Authorization": "Bearer lab-demo-key"}
ENDS = {f"identification.{state}": state.upper() for state in ("identified", "refused", "cancelled", "superseded")}
AT_ONCE = 50
"""Users that begin at one time, at the most; some are to begin after the kill."""

SPREAD = 10_000
"""Milliseconds from the kill over which deadlines are spread."""

IN_TIME = 1_000
"""Milliseconds that a deadline may be late beyond the take-over."""

MUTE, SILENT, LEAVING = 0, 1, 2
"""By the last digit of a user's number: he never gives his code; his operator never answers; his contract ends."""

MOVE = """
WITH waiting AS (
  SELECT id, row_number() OVER (ORDER BY created_at) AS place, count(*) OVER () AS many FROM attempts
  WHERE NOT id = ANY($3) AND (state = 'PENDING' AND operator_id = 'beta' OR state = 'CONFIRMING' AND user_id LIKE '%0')
)
UPDATE attempts SET due_at = $1::bigint + waiting.place * $2::bigint / waiting.many
FROM waiting WHERE attempts.id = waiting.id RETURNING attempts.id, attempts.due_at
"""


@dataclass
class Place:
    """The lab, two gateways, and what the users have done and heard."""

    lab: Serving
    gateways: list[Serving]
    url: str
    many: int
    resent: Counter[str] = field(default_factory=Counter)
    ids: dict[str, str] = field(default_factory=dict)
    """Each user's attempt."""
    sent: dict[str, list[str]] = field(default_factory=dict)
    """The texts that each user has received, once his attempt is over."""
    hooks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """The webhooks: the id and the body of each."""
    over: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    """Whether an attempt has ended, and whether a user is to be identified again, as webhooks tell."""
    due: dict[str, int] = field(default_factory=dict)
    """The deadlines that were moved, by attempt."""
    killed_at: int = 0
    """When the gateway was gone, in milliseconds since 1970."""
    under_way: int = 0
    """Attempts that were under way then."""

    @property
    def users(self) -> list[str]:
        return [f"+7000001{n:04d}" if n % 10 != SILENT else f"+7000002{n:04d}" for n in range(self.many)]


class Course:
    """What the users do, from the first start to the last end."""

    def __init__(self, place: Place, session: ClientSession, gateway: str) -> None:
        self.place = place
        self._session = session
        self._gateway = gateway
        self._slots = asyncio.Semaphore(min(AT_ONCE, place.many // 8))
        self._half = asyncio.Event()

    async def run(self, database: asyncpg.Connection) -> None:
        users = [asyncio.create_task(self.live(user)) for user in self.place.users]
        while len(self.place.ids) < self.place.many * 3 // 4:
            await asyncio.wait(users, timeout=0.02, return_when=asyncio.FIRST_EXCEPTION)
            _ = [user.result() for user in users if user.done()]
        await self._kill(database)
        waiting = {user for number, user in zip(self.place.users, users, strict=True) if int(number[-1]) <= SILENT}
        await asyncio.gather(*(user for user in users if user not in waiting))
        while len(self.place.due) < len(waiting):
            await self._move_deadlines(database, SPREAD // 5)
            await asyncio.wait(waiting, timeout=0.2)
        await asyncio.gather(*waiting)

    async def live(self, user: str) -> None:
        """Be a user from the start to the end of his identification."""
        kind = int(user[-1])
        wish = {"service_id": "demo", "user_id": user, "phone_number": user}
        async with self._slots:
            status, started = await self.ask("POST", "/v1/identifications", wish, {"Idempotency-Key": user})
        assert status == 201, (status, started)
        mine = self.place.ids[user] = started["id"]
        if len(self.place.ids) == self.place.many // 2:
            self._half.set()
        await self._half.wait()
        if kind != MUTE:
            code = await self._code(user, f"/v1/identifications/{mine}")
            status, answer = await self.ask("POST", f"/v1/identifications/{mine}/check", {"code": code})
            # A check whose answer was lost with the gateway is asked twice, and the second time in vain.
            assert status == 200 or (status == 409 and self.place.killed_at), (status, answer)
        async with asyncio.timeout(60 + self.place.many):
            await self.place.over[mine].wait()
        self.place.sent[user] = [message["text"] for message in await self._messages(user)]
        if kind == LEAVING:
            assert (await self._lab("DELETE", f"/lab/subscribers/{quote(user)}"))[0] == 204

    async def _code(self, user: str, path: str) -> str:
        while not (messages := await self._messages(user, "?wait=8s&extract=code")):
            # In doubt with the gateway that was killed: the user asks for another one.
            status, answer = await self.ask("POST", f"{path}/resend")
            assert status == 200, answer
            self.place.resent[user] += 1
        return str(messages[-1]["code"])

    async def _messages(self, user: str, query: str = "") -> list[dict[str, Any]]:
        status, answer = await self._lab("GET", f"/lab/handsets/{quote(user)}/messages{query}")
        return list(answer["messages"]) if status == 200 else []

    async def register(self, operator_id: str, user: str) -> list[Any]:
        """Return an operator's entries of a number."""
        _, answer = await self._lab("GET", f"/lab/operators/{operator_id}/register?phone_number={quote(user)}")
        return list(answer["entries"])

    async def notices_told(self) -> None:
        """Wait until every user whose contract has ended is to be identified again."""
        async with asyncio.timeout(60):
            for user in self.place.users:
                if int(user[-1]) == LEAVING:
                    await self.place.over[user].wait()

    async def _kill(self, database: asyncpg.Connection) -> None:
        place = self.place
        await self._move_deadlines(database, SPREAD)
        place.under_way = len(place.ids) - sum(end.is_set() for end in place.over.values())
        await asyncio.to_thread(place.gateways[0].kill)
        place.killed_at = time.time_ns() // 1_000_000

    async def _move_deadlines(self, database: asyncpg.Connection, spread: int) -> None:
        now = time.time_ns() // 1_000_000
        rows = await database.fetch(MOVE, now, spread, list(self.place.due))
        self.place.due |= {row["id"]: row["due_at"] for row in rows}

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Ask the gateways through the balancer."""
        async with self._session.request(method, self._gateway + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def _lab(self, method: str, path: str) -> tuple[int, Any]:
        async with self._session.request(method, self.place.lab.url + path) as answer:
            return answer.status, await answer.json(content_type=None)


class Balancer:
    """Hands each request to one of the gateways, by turns, and to the other if that is gone; takes their webhooks."""

    def __init__(self, place: Place, session: ClientSession) -> None:
        self._place = place
        self._session = session
        self._turn = 0
        self.app = web.Application()
        self.app.router.add_post("/hook", self._hook)
        self.app.router.add_route("*", "/{path:.*}", self._hand_on)

    async def _hook(self, request: web.Request) -> web.Response:
        event = await request.json()
        self._place.hooks.append((request.headers["webhook-id"], event))
        if event["type"] in ENDS:
            self._place.over[event["data"]["id"]].set()
        if event["type"] == "binding.recheck":
            self._place.over[event["data"]["user_id"]].set()
        return web.Response(status=204)

    async def _hand_on(self, request: web.Request) -> web.Response:
        self._turn += 1
        gateways = [self._place.gateways[(self._turn + n) % 2] for n in range(2)]
        body = await request.read()
        names = ("Authorization", "Content-Type", "Idempotency-Key", "webhook-id", "webhook-timestamp")
        headers = {name: request.headers[name] for name in (*names, "webhook-signature") if name in request.headers}
        failures = []
        for gateway in gateways:
            try:
                url = gateway.url + request.path_qs
                async with self._session.request(request.method, url, data=body, headers=headers) as answer:
                    return web.Response(status=answer.status, body=await answer.read())
            except (ClientError, OSError) as error:
                failures.append(repr(error))
        return web.json_response(failures, status=502)


async def check(course: Course, database: asyncpg.Connection) -> dict[str, Any]:
    """Check that nothing is lost and nothing doubled; return what was counted and measured."""
    place = course.place
    told: defaultdict[str, set[str]] = defaultdict(set)
    for hook, event in place.hooks:
        told[json.dumps([event["type"], event["data"]], sort_keys=True)].add(hook)
    doubled = {what: ids for what, ids in told.items() if len(ids) > 1}
    assert not doubled, f"one event went out under two ids: {doubled}"
    ends = {(event["data"]["id"], ENDS[event["type"]]) for _, event in place.hooks if event["type"] in ENDS}
    expected = {mine: "REFUSED" if int(user[-1]) <= SILENT else "IDENTIFIED" for user, mine in place.ids.items()}
    first = {end for end in ends if end[0] in expected}  # the others are re-checks, of numbers that nobody has now
    assert first == set(expected.items())
    again = len(place.hooks) - len({hook for hook, _ in place.hooks})
    assert again <= 1 + UNWRITTEN, f"{again} went out again: more than was not on record when the gateway was killed"
    await _check_sms_and_register(course)
    recorded = await _check_journal(place, database)
    late, take_over = await _lateness(place, database)
    assert max(late) <= IN_TIME + take_over, (max(late), take_over)
    return {
        "under way at the kill": place.under_way,
        "ends": dict(Counter(expected.values())),
        "codes in doubt": sum(place.resent.values()),
        "webhooks": len(place.hooks),
        "webhooks again": again,
        "notices": recorded,
        "first SMS after the kill, ms": take_over,
        "deadlines": len(late),
        "latest, ms": max(late),
    }


async def _check_sms_and_register(course: Course) -> None:
    place = course.place
    for user, texts in place.sent.items():
        assert 1 <= len(texts) <= 1 + place.resent[user], (user, texts)
        assert len(set(texts)) == len(texts), "one code went twice"
        kind = int(user[-1])
        entries = await course.register("beta" if kind == SILENT else "alpha", user)
        assert len(entries) == (kind > SILENT), (user, entries)


async def _check_journal(place: Place, database: asyncpg.Connection) -> int:
    """Check that each end, notice and re-check is in the journal once; return the number of notices."""
    query = "SELECT type, subject, count(*) AS times FROM journal WHERE type = ANY($1) GROUP BY type, subject"
    rows = await database.fetch(query, [*ENDS, "notice.received"])
    assert {row["times"] for row in rows} == {1}
    ended = Counter(row["subject"] for row in rows if row["type"] in ENDS)
    assert {ended[mine] for mine in place.ids.values()} == {1}
    leaving = [user for user in place.users if int(user[-1]) == LEAVING]
    notices = sum(row["type"] == "notice.received" for row in rows)
    assert notices == len(leaving)
    again = await database.fetch("SELECT user_id FROM attempts WHERE id != ALL($1)", list(place.ids.values()))
    assert sorted(row["user_id"] for row in again) == sorted(leaving), "a user was not identified again once"
    return notices


async def _lateness(place: Place, database: asyncpg.Connection) -> tuple[list[int], int]:
    """Return how late each moved deadline was, and how long nothing was sent, in milliseconds."""
    rows = await database.fetch("SELECT subject, at FROM journal WHERE type = 'identification.refused'")
    late = [row["at"] - place.due[row["subject"]] for row in rows if row["subject"] in place.due]
    assert len(late) == len(place.due)
    sent = "SELECT min(at) FROM journal WHERE type = 'confirmation.code_sent' AND at > $1"
    return late, await database.fetchval(sent, place.killed_at) - place.killed_at


@asynccontextmanager
async def _balanced(place: Place, listening: socket.socket) -> AsyncIterator[Course]:
    patient = ClientTimeout(total=600)
    async with (
        ClientSession(headers=KEY, connector=TCPConnector(limit=400), timeout=patient) as session,
        ClientSession(connector=TCPConnector(limit=400), timeout=patient) as onward,
    ):
        runner = web.AppRunner(Balancer(place, onward).app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        try:
            yield Course(place, session, _url(listening))
        finally:
            await runner.cleanup()


def _url(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def open_place(stack: ExitStack, folder: Path, url: str, many: int, balancer: str) -> Place:
    """Start the lab and the gateways; who leaves `stack` stops them."""

    def start(name: str, config: dict[str, Any]) -> Serving:
        data = folder / name
        data.mkdir(parents=True, exist_ok=True)
        (data / "codes.key").write_bytes(key)
        return stack.enter_context(Serving.of(data, config))

    key = os.urandom(32)
    operators = [
        {"id": name, "name": name, "secret": SECRET, "ranges": [{"first": f"{first}0000", "last": f"{first}9999"}]}
        for name, first in (("alpha", "+7000001"), ("beta", "+7000002"))
    ]
    place = Place(None, [], url, many)  # type: ignore[arg-type]  # the lab starts next
    people = [
        {"phone_number": user, "operator_id": "beta" if int(user[-1]) == SILENT else "alpha"} for user in place.users
    ]
    answers = {"alpha": "truth", "beta": "silent"}
    played = [{**each, "gateway_url": balancer, "answer": answers[each["id"]]} for each in operators]
    place.lab = start("lab", {"operators": played, "subscribers": people})
    gateway = {
        "server": {"database": url},
        "lab": {"enabled": False},
        "smsc_link": {"host": "127.0.0.1", "port": place.lab.ports["smpp"]},
        "services": [{"id": "demo", "name": "Demo", "key": "lab-demo-key"}],
        "operators": [{**each, "url": f"{place.lab.url}/operator/{each['id']}"} for each in operators],
        "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        "confirmation": {"resend_gap": "0s", "code_lifetime": "14m"},
    }
    place.gateways = [start(name, gateway) for name in ("victim", "survivor")]
    assert place.gateways[0].post("/v1/webhook-endpoints", {"url": f"{balancer}/hook"}).status == 201
    return place


async def pass_through(place: Place, listening: socket.socket) -> dict[str, Any]:
    """Let all users live, and check what has come of it."""
    database = await asyncpg.connect(place.url)
    try:
        async with _balanced(place, listening) as course:
            await course.run(database)
            await course.notices_told()
            return await check(course, database)
    finally:
        await database.close()


def identify(folder: Path, url: str, many: int) -> dict[str, Any]:
    """Return what was counted and measured. Raises AssertionError."""
    with ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as listening:
        place = open_place(stack, folder, url, many, _url(listening))
        return asyncio.run(pass_through(place, listening))


def main(many: str, url: str) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for what, found in identify(Path(folder), url, int(many)).items():
            print(f"{what}: {found}")
    print(f"seconds: {time.monotonic() - began:.0f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
