"""The operators' subscribers: who has a contract for which number, and with it a virtual handset."""

from collections.abc import Collection
from functools import partial
from typing import Annotated

from pydantic import BaseModel, Field

from gateway.api.errors import SUBSCRIBER_EXISTS, as_problems
from gateway.api.types import PhoneNumber
from gateway.lookup import porting
from gateway.lookup.routing import NumberingPlan
from smsc_emulator.base import msisdn
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.web import NOT_FOUND, Call, Model, ProblemError, Reply, Routes
from smsc_emulator.operator import subscribers
from smsc_emulator.operator.subscribers import Subscriber

OperatorId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", examples=["alpha"])]
_ONE = "/lab/subscribers/{number}"
_PATTERNS = {"number": msisdn.PATTERN}


class NewSubscriber(Model):
    """A contract to put in force."""

    phone_number: PhoneNumber
    operator_id: OperatorId
    imsi: Annotated[str, Field(pattern=r"^00101[0-9]{10}$")] | None = Field(
        None, description="The SIM's identity, in the test network 001 01; made from the number if absent."
    )


class SubscriberQuery(Model):
    """Which subscribers to return."""

    operator_id: Annotated[str, Field(max_length=32, pattern=r"^[a-z0-9-]*$")] = ""
    after: Annotated[str, Field(max_length=16, pattern=r"^[+ ]?[0-9]*$")] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


class SubscriberShown(BaseModel):
    """A contract in force."""

    phone_number: str
    operator_id: str
    imsi: str


class SubscriberPage(BaseModel):
    """Contracts in force, in the order of their numbers."""

    subscribers: list[SubscriberShown]


def routes(database: Database, plan: NumberingPlan, operator_ids: Collection[str]) -> Routes:
    """Return the routes of the subscribers."""
    group = Routes("lab: subscribers")

    @group.add(
        "GET",
        "/lab/subscribers",
        "List subscribers, up to `limit` after the number `after`",
        query=SubscriberQuery,
        answers={200: SubscriberPage},
    )
    async def list_them(call: Call) -> Reply:
        wanted: SubscriberQuery = call.query
        # A plus in a query that was not escaped arrives as a space.
        after = wanted.after.replace(" ", "+")
        unit = partial(subscribers.page, operator_id=wanted.operator_id, after=after, limit=wanted.limit)
        return Reply(SubscriberPage(subscribers=[_shown(found) for found in await database.run(unit)]))

    @group.add(
        "POST",
        "/lab/subscribers",
        "Add a subscriber with a handset; at an operator that does not hold the number's range it counts as ported",
        body=NewSubscriber,
        answers={201: SubscriberShown},
        problems=(NOT_FOUND, SUBSCRIBER_EXISTS),
    )
    async def add(call: Call) -> Reply:
        new: NewSubscriber = call.body
        if new.operator_id not in operator_ids:
            raise ProblemError(NOT_FOUND, f"There is no operator {new.operator_id!r}.")
        with as_problems():
            added = await database.run(partial(_add, now=call.received_at, plan=plan, new=new))
        return Reply(_shown(added), 201, {"Location": f"/lab/subscribers/{added.phone_number}"})

    @group.add("GET", _ONE, "Show a subscriber", answers={200: SubscriberShown}, patterns=_PATTERNS)
    async def show(call: Call) -> Reply:
        number = call.path["number"]
        return Reply(_shown(_found(await database.run(partial(subscribers.find, phone_number=number)), number)))

    @group.add(
        "DELETE", _ONE, "End a subscriber's contract; the handset goes with it", answers={204: None}, patterns=_PATTERNS
    )
    async def end(call: Call) -> Reply:
        number = call.path["number"]
        _found(await database.run(partial(_end, now=call.received_at, plan=plan, phone_number=number)), number)
        return Reply(None, 204)

    return group


def _add(tx: Tx, now: int, plan: NumberingPlan, new: NewSubscriber) -> Subscriber:
    added = subscribers.add(tx, now, new.phone_number, new.operator_id, new.imsi)
    porting.move(tx, plan, new.phone_number, new.operator_id)
    return added


def _end(tx: Tx, now: int, plan: NumberingPlan, phone_number: str) -> Subscriber | None:
    """End the contract; the number goes back to the holder of its range."""
    ended = subscribers.end(tx, now, phone_number)
    if ended is not None:
        porting.move(tx, plan, phone_number, None)
    return ended


def _found(subscriber: Subscriber | None, number: str) -> Subscriber:
    if subscriber is None:
        raise ProblemError(NOT_FOUND, f"{number} has no contract with any operator.")
    return subscriber


def _shown(subscriber: Subscriber) -> SubscriberShown:
    return SubscriberShown(
        phone_number=subscriber.phone_number, operator_id=subscriber.operator_id, imsi=subscriber.imsi
    )
