"""What stands against messages, and what is sent to all users: /v1/services/{id}/blocks, stops, reports, broadcasts."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from gateway.api import idempotency
from gateway.api.errors import as_problems
from gateway.api.idempotency import Idempotency
from gateway.api.services import own
from gateway.api.types import Timestamp, UserId
from gateway.identification import bindings, store
from gateway.services import broadcasts
from gateway.services.lists import Ground, Lists
from gateway.services.rules import Rules, RulesAt, Scope
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import iso
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.base.web import FORBIDDEN, NOT_FOUND, Body, Call, Handler, Model, ProblemError, Reply, Routes


class BlockList(Model):
    """Whose messages a user refuses, and nobody else's."""

    user: UserId
    blocked: Annotated[list[UserId], Field(max_length=1000)]


class BlockListTaken(Body):
    """How many there are; the gateway cannot tell who."""

    count: int


class NewReport(Model):
    """That a user reports a sender."""

    reporter: UserId
    sender: UserId
    ground: Ground


class ReportsQuery(Model):
    """Of whom."""

    sender: UserId


class ReportShown(Body):
    """A report of a sender; nobody is told whose."""

    sender: str
    ground: Ground
    at: Timestamp


class Reports(Body):
    """Reports, the oldest first."""

    reports: list[ReportShown]


class NewBroadcast(Model):
    """What every user is to read."""

    text: Annotated[str, Field(min_length=1, max_length=1000)]


class BroadcastShown(Model):
    """A broadcast, under way or over."""

    id: str
    service_id: str
    scope: Scope = Field(description="Whether it goes to users with an active binding, or to all with one not closed.")
    started_at: Timestamp
    ended_at: Timestamp | None
    recipients: int
    states: dict[str, int] = Field(
        description="How many of them are queued, submitting, sent, refused, in_doubt or expired."
    )


class Broadcaster:
    """Makes broadcasts. `sender` is the address that they come from, whom a user may refuse like anybody else.

    `rules` tells the profile in force; `randomness` is drawn from on the database's thread only.
    """

    def __init__(self, rules: RulesAt, lists: Lists, sender: str, randomness: Randomness) -> None:
        self._rules = rules
        self._lists = lists
        self._sender = sender
        self._randomness = randomness

    def start(self, tx: Tx, now: int, service_id: str, text: str) -> str:
        """Send `text` to the users whom the profile names, and return the broadcast's id."""
        rules, broadcast_id = self._rules(now), f"brd_{self._randomness.token(20)}"
        numbers = self._recipients(tx, service_id, rules)
        broadcasts.start(tx, now, broadcast_id, service_id, text, rules.broadcast_scope, numbers)
        return broadcast_id

    def _recipients(self, tx: Tx, service_id: str, rules: Rules) -> list[str]:
        """Return the numbers of those who are to get a broadcast, who came first the first."""
        active = bindings.State.ACTIVE if rules.broadcast_scope == "active" else None
        found = [each for each in store.list_bindings(tx, service_id, state=active) if each.state is not _CLOSED]
        if not rules.broadcast_ignores_blocklist:
            found = [each for each in found if not self._lists.refuses(tx, service_id, each.user_id, self._sender)]
        return [each.phone_number for each in reversed(found)]


_CLOSED = bindings.State.CLOSED


class _Sending:
    """The handlers."""

    def __init__(
        self,
        database: Database,
        lists: Lists,
        broadcaster: Broadcaster,
        keys: Idempotency,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._lists = lists
        self._broadcaster = broadcaster
        self._keys = keys
        self._wake = wake

    async def block(self, call: Call) -> Reply:
        service_id, body = own(call), call.body
        count = await self._database.run(lambda tx: self._lists.refuse(tx, service_id, body.user, body.blocked))
        return Reply(BlockListTaken(count=count))

    async def stop(self, call: Call) -> Reply:
        service_id, message_id = own(call), call.path["message_id"]
        await self._database.run(lambda tx: self._lists.stop(tx, call.received_at, service_id, message_id))
        return Reply(None, 204)

    async def release(self, call: Call) -> Reply:
        service_id, message_id = own(call), call.path["message_id"]
        if not await self._database.run(lambda tx: self._lists.release(tx, call.received_at, service_id, message_id)):
            raise ProblemError(NOT_FOUND, f"The message {message_id} is not stopped.")
        return Reply(None, 204)

    async def report(self, call: Call) -> Reply:
        service_id, now, new = own(call), call.received_at, call.body
        await self._database.run(
            lambda tx: self._lists.report(tx, now, service_id, new.reporter, new.sender, new.ground)
        )
        return Reply(ReportShown(sender=new.sender, ground=new.ground, at=iso(now)), 201)

    async def reported(self, call: Call) -> Reply:
        service_id, sender = own(call), call.query.sender
        found = await self._database.run(lambda tx: self._lists.reported(tx, service_id, sender))
        shown = [ReportShown(sender=one.sender, ground=one.ground, at=iso(one.at)) for one in found]
        return Reply(Reports(reports=shown))

    async def broadcast(self, call: Call) -> Reply:
        service_id, now, text = own(call), call.received_at, call.body.text

        def create(tx: Tx) -> str:
            return self._broadcaster.start(tx, now, service_id, text)

        async def answer(broadcast_id: str) -> Reply:
            self._wake()
            return Reply(await self._shown(service_id, broadcast_id), 201)

        return await self._keys.run(call, create, answer)

    async def show(self, call: Call) -> Reply:
        with as_problems():
            return Reply(await self._shown(own(call), call.path["broadcast_id"]))

    async def _shown(self, service_id: str, broadcast_id: str) -> BroadcastShown:
        found = await self._database.run(lambda tx: broadcasts.get(tx, service_id, broadcast_id))
        return BroadcastShown(
            id=found.id,
            service_id=found.service_id,
            scope=found.scope,
            started_at=iso(found.started_at),
            ended_at=None if found.ended_at is None else iso(found.ended_at),
            recipients=sum(found.counts.values()),
            states=dict(found.counts),
        )


def routes(
    database: Database, lists: Lists, broadcaster: Broadcaster, keys: Idempotency, wake: Callable[[], None]
) -> Routes:
    """Return the routes of what stands against messages and of broadcasts; each service sees its own.

    `keys` is shared by all resources that honour Idempotency-Key; `wake` makes the ticker look for what is to be sent.
    """
    group = Routes("sending")
    handlers = _Sending(database, lists, broadcaster, keys, wake)
    one = "/v1/services/{id}"
    message = {"message_id": r"^[A-Za-z0-9._:-]{1,64}$"}

    def add(method: str, path: str, summary: str, handler: Handler, *problems: Any, **more: Any) -> None:
        problems = (FORBIDDEN, *problems)
        group.add(method, one + path, summary, scheme="service", problems=problems, **more)(handler)

    add(
        "PUT",
        "/blocks",
        "Say whose messages a user refuses",
        handlers.block,
        body=BlockList,
        answers={200: BlockListTaken},
    )
    stopped = "/stops/{message_id}"
    add("PUT", stopped, "Stop a message", handlers.stop, answers={204: None}, patterns=message)
    add("DELETE", stopped, "Stop it no more", handlers.release, answers={204: None}, patterns=message)
    reports = "/reports"
    add("POST", reports, "Report a sender", handlers.report, body=NewReport, answers={201: ReportShown})
    add("GET", reports, "List the reports of a sender", handlers.reported, query=ReportsQuery, answers={200: Reports})
    add(
        "POST",
        "/broadcasts",
        "Send an SMS to every user, once, at the authorities' initiative",
        handlers.broadcast,
        *idempotency.PROBLEMS,
        body=NewBroadcast,
        answers={201: BroadcastShown},
        headers=idempotency.HEADERS,
    )
    add("GET", "/broadcasts/{broadcast_id}", "Read a broadcast", handlers.show, answers={200: BroadcastShown})
    return group
