"""The lab's operators: how they answer, and what stands in their registers."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from gateway.api.types import Duration, PhoneNumber, Timestamp
from smsc_emulator.base import durations
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.web import NOT_FOUND, Call, Model, ProblemError, Reply, Routes
from smsc_emulator.operator import register
from smsc_emulator.operator.behaviour import Behaviour, Behaviours
from smsc_emulator.operator.register import Entry
from smsc_emulator.operator.settings import Answer, OperatorSettings, RegisterState

_BEHAVIOUR = "/lab/operators/{operator_id}/behaviour"


class BehaviourChange(Model):
    """How the operator answers queries that come from now on; those under way keep what they began with."""

    answer: Answer
    delay: Duration = "0s"
    register_: Annotated[RegisterState, Field(alias="register")] = "open"


class BehaviourShown(BaseModel):
    """How an operator answers."""

    answer: Answer
    delay: str = Field(description="Lab time between a query and its answer.")
    register_: RegisterState = Field(alias="register", description="Whether it takes identification codes.")


class OperatorShown(BehaviourShown):
    """A mobile operator."""

    id: str
    name: str


class OperatorList(BaseModel):
    """The operators, as configured."""

    operators: list[OperatorShown]


def _with_plus(value: Any) -> Any:
    """Give back the plus of a number whose query was not escaped: it arrives as a space."""
    return "+" + value[1:] if isinstance(value, str) and value.startswith(" ") else value


class RegisterQuery(Model):
    """Which entries to return."""

    phone_number: Annotated[PhoneNumber, BeforeValidator(_with_plus)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


class RegisterEntry(BaseModel):
    """A line of an operator's register of identification codes."""

    entry_id: str
    phone_number: str
    service_id: str
    service_name: str
    code: str
    state: str = Field(description="OPEN, ENDED or VOID.")
    opened_at: Timestamp
    ended_at: Timestamp | None
    reason: str | None


class RegisterPage(BaseModel):
    """Entries, oldest first."""

    entries: list[RegisterEntry]


def routes(database: Database, operators: Sequence[OperatorSettings], behaviours: Behaviours) -> Routes:
    """Return the routes of the operators that the lab plays."""
    group = Routes("lab: operators")
    names = {operator.id: operator.name for operator in operators}

    def known(call: Call) -> str:
        operator_id = call.path["operator_id"]
        if operator_id not in names:
            raise ProblemError(NOT_FOUND, f"There is no operator {operator_id!r}.")
        return operator_id

    @group.add("GET", "/lab/operators", "List the operators and how they answer", answers={200: OperatorList})
    async def list_them(_call: Call) -> Reply:
        found = await database.run(lambda tx: {id_: behaviours.get(tx, id_) for id_ in names})
        shown = [OperatorShown(id=id_, name=names[id_], **_spelled(found[id_])) for id_ in names]
        return Reply(OperatorList(operators=shown))

    @group.add("GET", _BEHAVIOUR, "Show how an operator answers", answers={200: BehaviourShown})
    async def show(call: Call) -> Reply:
        behaviour = await database.run(partial(behaviours.get, operator_id=known(call)))
        return Reply(BehaviourShown(**_spelled(behaviour)))

    @group.add(
        "PUT",
        _BEHAVIOUR,
        "Set how an operator answers queries that come from now on",
        body=BehaviourChange,
        answers={200: BehaviourShown},
    )
    async def change(call: Call) -> Reply:
        behaviour = Behaviour(call.body.answer, durations.parse(call.body.delay), call.body.register_)
        await database.run(partial(behaviours.put, operator_id=known(call), behaviour=behaviour))
        return Reply(BehaviourShown(**_spelled(behaviour)))

    @group.add(
        "GET",
        "/lab/operators/{operator_id}/register",
        "Read an operator's register, of one number or whole",
        query=RegisterQuery,
        answers={200: RegisterPage},
    )
    async def read(call: Call) -> Reply:
        wanted: RegisterQuery = call.query
        operator_id = known(call)

        def unit(tx: Tx) -> list[Entry]:
            return register.page(tx, operator_id, wanted.phone_number, limit=wanted.limit)

        return Reply(RegisterPage(entries=[_entry(entry) for entry in await database.run(unit)]))

    return group


def _spelled(behaviour: Behaviour) -> dict[str, Any]:
    return {**asdict(behaviour), "delay": durations.spell(behaviour.delay)}


def _entry(entry: Entry) -> RegisterEntry:
    return RegisterEntry(
        entry_id=entry.entry_id,
        phone_number=entry.phone_number,
        service_id=entry.service_id,
        service_name=entry.service_name,
        code=entry.code,
        state=entry.state,
        opened_at=durations.iso(entry.opened_at),
        ended_at=None if entry.ended_at is None else durations.iso(entry.ended_at),
        reason=entry.reason,
    )
