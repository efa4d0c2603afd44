"""The operators' subscribers: who has, and had, a contract for which number, and with it a virtual handset."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.api.errors import BOTH_PARTIES_NEEDED, NUMBER_IN_QUARANTINE, SAME_OPERATOR, SUBSCRIBER_EXISTS, as_problems
from gateway.api.types import PhoneNumber, Timestamp
from gateway.lookup import porting
from gateway.lookup.routing import NumberingPlan
from smsc_emulator.base import durations, msisdn
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.web import NOT_FOUND, Body, Call, Model, ProblemError, Reply, Routes
from smsc_emulator.operator import subscribers
from smsc_emulator.operator.messages import Attributes
from smsc_emulator.operator.notices import Contracts
from smsc_emulator.operator.settings import EndReason, Kyc, Owner, SimState
from smsc_emulator.operator.subscribers import Person, Subscriber

OperatorId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", examples=["alpha"])]
Imsi = Annotated[str, Field(pattern=r"^00101[0-9]{10}$")]
_ONE = "/lab/subscribers/{number}"
_PATTERNS = {"number": msisdn.PATTERN}


class Line(Model):
    """What a contract says beside its number and operator; what is left out is as in the default configuration."""

    sim: SimState = "active"
    owner: Owner = "own"
    end_user_known: bool = Field(False, description="Whether a legal entity has told who uses the line.")
    kyc: Kyc = "verified"
    person: Attributes | None = Field(
        None, description="A made-up person. He is compared in match mode and is shown to nobody, here neither."
    )

    def told(self, *, only_given: bool = False) -> dict[str, Any]:
        """Return the members as fields of a Subscriber; `only_given` leaves out what the request does not name."""
        read = self.model_dump(exclude_unset=only_given, include=set(Line.model_fields) - {"person"})
        if self.person is not None:
            read["person"] = Person(**self.person.model_dump())
        return read


class NewSubscriber(Line):
    """A contract to put in force."""

    phone_number: PhoneNumber
    operator_id: OperatorId
    imsi: Imsi | None = Field(
        None, description="The SIM's identity, in the test network 001 01; made from the number if absent."
    )
    former_subscriber: bool = Field(
        False,
        description="Whether this is the person of the number's last contract, who need not wait until its quarantine "
        "is over.",
    )


class LineChange(Line):
    """What changes in a contract; the rest stays."""

    imsi: Imsi | None = Field(None, description="The identity of another SIM.")


class Porting(Model):
    """Where a subscriber moves to with his number."""

    operator_id: OperatorId
    imsi: Imsi | None = Field(None, description="The identity of the new operator's SIM; without it, as before.")


class Reissue(Line):
    """The contract of the person that the number goes to, and who has come for that."""

    parties: Annotated[list[Literal["owner", "user"]], Field(max_length=2)] = Field(
        description="Re-registration needs both: whose the contract is, and who is to have it."
    )


class SubscriberQuery(Model):
    """Which subscribers to return."""

    operator_id: Annotated[str, Field(max_length=32, pattern=r"^[a-z0-9-]*$")] = ""
    after: Annotated[str, Field(max_length=16, pattern=r"^[+ ]?[0-9]*$")] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


class SubscriberShown(Body):
    """A contract. Of the person it shows only which attributes are on file."""

    phone_number: str
    operator_id: str
    imsi: str
    sim: SimState
    owner: Owner
    end_user_known: bool
    kyc: Kyc
    attributes: list[str] = Field(description="The names of the attributes of the person that are on file.")
    began_at: Timestamp
    ended_at: Timestamp | None
    end_reason: EndReason | None


class SubscriberPage(Body):
    """Contracts in force, in the order of their numbers."""

    subscribers: list[SubscriberShown]


class ContractHistory(Body):
    """All contracts of a number, the oldest first."""

    contracts: list[SubscriberShown]


class _Desk:
    """The acts of the routes: units of work that keep contracts and moved numbers together."""

    def __init__(self, database: Database, plan: NumberingPlan, contracts: Contracts, wake: Callable[[], None]) -> None:
        self._database = database
        self._plan = plan
        self._contracts = contracts
        self._wake = wake

    async def sell(self, now: int, new: NewSubscriber) -> Subscriber:
        def unit(tx: Tx) -> Subscriber:
            more = new.told() | {"imsi": new.imsi, "former_subscriber": new.former_subscriber}
            sold = self._contracts.sell(tx, now, new.phone_number, new.operator_id, **more)
            porting.move(tx, self._plan, new.phone_number, new.operator_id, since=now)
            return sold

        return await self._database.run(unit)

    async def end(self, now: int, phone_number: str) -> Subscriber:
        """End the contract; the number goes back to the holder of its range."""

        def unit(tx: Tx) -> Subscriber:
            over = self._contracts.end(tx, now, phone_number)
            porting.move(tx, self._plan, phone_number, None, since=now)
            return over

        return await self._run(unit)

    async def port(self, now: int, phone_number: str, wanted: Porting) -> Subscriber:
        def unit(tx: Tx) -> Subscriber:
            moved = self._contracts.port(tx, now, phone_number, wanted.operator_id, wanted.imsi)
            porting.move(tx, self._plan, phone_number, wanted.operator_id, since=now)
            return moved

        return await self._run(unit)

    async def reissue(self, now: int, phone_number: str, wanted: Reissue) -> Subscriber:
        if set(wanted.parties) != {"owner", "user"}:
            raise ProblemError(BOTH_PARTIES_NEEDED, "The owner and the user have to come together.")
        return await self._run(lambda tx: self._contracts.reissue(tx, now, phone_number, **wanted.told()))

    async def change(self, now: int, phone_number: str, wanted: LineChange) -> Subscriber:
        changes = wanted.told(only_given=True) | ({} if wanted.imsi is None else {"imsi": wanted.imsi})
        return await self._run(lambda tx: subscribers.change(tx, now, phone_number, **changes))

    async def _run(self, unit: Callable[[Tx], Subscriber]) -> Subscriber:
        done = await self._database.run(unit)
        self._wake()
        return done


def routes(
    database: Database,
    plan: NumberingPlan,
    operator_ids: Collection[str],
    contracts: Contracts,
    wake: Callable[[], None],
) -> Routes:
    """Return the routes of the subscribers."""
    group = Routes("lab: subscribers")
    desk = _Desk(database, plan, contracts, wake)
    _reading(group, database)

    def known(operator_id: str) -> None:
        if operator_id not in operator_ids:
            raise ProblemError(NOT_FOUND, f"There is no operator {operator_id!r}.")

    @group.add(
        "POST",
        "/lab/subscribers",
        "Sell a number to a subscriber, who gets a handset; at an operator that does not hold its range it is ported",
        body=NewSubscriber,
        answers={201: SubscriberShown},
        problems=(NOT_FOUND, SUBSCRIBER_EXISTS, NUMBER_IN_QUARANTINE),
    )
    async def add(call: Call) -> Reply:
        known(call.body.operator_id)
        with as_problems():
            added = await desk.sell(call.received_at, call.body)
        return Reply(_shown(added), 201, {"Location": f"/lab/subscribers/{added.phone_number}"})

    @group.add(
        "DELETE",
        _ONE,
        "End a subscriber's contract; the handset goes with it, and the services of the number are told",
        answers={204: None},
        patterns=_PATTERNS,
    )
    async def end(call: Call) -> Reply:
        with as_problems():
            await desk.end(call.received_at, call.path["number"])
        return Reply(None, 204)

    @group.add(
        "PATCH",
        _ONE,
        "Change what a subscriber's contract says",
        body=LineChange,
        answers={200: SubscriberShown},
        patterns=_PATTERNS,
    )
    async def change(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(await desk.change(call.received_at, call.path["number"], call.body)))

    _moving(group, desk, known)
    return group


def _moving(group: Routes, desk: _Desk, known: Callable[[str], None]) -> None:
    @group.add(
        "POST",
        f"{_ONE}/port",
        "Move a subscriber to another operator; he keeps his number",
        body=Porting,
        answers={200: SubscriberShown},
        problems=(NOT_FOUND, SAME_OPERATOR),
        patterns=_PATTERNS,
    )
    async def port(call: Call) -> Reply:
        known(call.body.operator_id)
        with as_problems():
            return Reply(_shown(await desk.port(call.received_at, call.path["number"], call.body)))

    @group.add(
        "POST",
        f"{_ONE}/reissue",
        "Re-register a number in another person's name",
        body=Reissue,
        answers={200: SubscriberShown},
        problems=(NOT_FOUND, BOTH_PARTIES_NEEDED),
        patterns=_PATTERNS,
    )
    async def reissue(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(await desk.reissue(call.received_at, call.path["number"], call.body)))


def _reading(group: Routes, database: Database) -> None:
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

    @group.add("GET", _ONE, "Show a subscriber", answers={200: SubscriberShown}, patterns=_PATTERNS)
    async def show(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(await database.run(partial(subscribers.get, phone_number=call.path["number"]))))

    @group.add(
        "GET",
        f"{_ONE}/contracts",
        "List all contracts that a number has had",
        answers={200: ContractHistory},
        patterns=_PATTERNS,
    )
    async def history(call: Call) -> Reply:
        found = await database.run(partial(subscribers.history, phone_number=call.path["number"]))
        return Reply(ContractHistory(contracts=[_shown(each) for each in found]))


def _shown(subscriber: Subscriber) -> SubscriberShown:
    person = subscriber.person
    return SubscriberShown(
        phone_number=subscriber.phone_number,
        operator_id=subscriber.operator_id,
        imsi=subscriber.imsi,
        sim=subscriber.sim,
        owner=subscriber.owner,
        end_user_known=subscriber.end_user_known,
        kyc=subscriber.kyc,
        attributes=[name for name in Person.__dataclass_fields__ if getattr(person, name) is not None],
        began_at=durations.iso(subscriber.began_at),
        ended_at=None if subscriber.ended_at is None else durations.iso(subscriber.ended_at),
        end_reason=subscriber.end_reason,
    )
