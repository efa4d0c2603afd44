"""The faults in force: list them with how often they fired, add one, take one or all away."""

from typing import Any

from pydantic import ConfigDict, Field, RootModel

from gateway.api.errors import TOO_MANY_FAULTS, as_problems
from smsc_emulator.base.web import Body, Call, Reply, Routes
from smsc_emulator.core.faults.engine import Faults, Rule
from smsc_emulator.core.faults.registry import AnyFault

_ONE = "/lab/faults/{fault_id}"


class NewFault(RootModel[Any]):
    """What is to go wrong, and when: see docs/faults.md."""

    model_config = ConfigDict(defer_build=True)

    root: AnyFault


class FaultShown(Body):
    """A fault in force."""

    id: str = Field(description="The subject of its events fault.fired in the journal.")
    fitted: int = Field(description="How many PDUs or receipts fitted its keys.")
    fired: int = Field(description="How many times it fired.")
    rule: AnyFault


class FaultList(Body):
    """The faults in force, in the order in which they act."""

    faults: list[FaultShown]


def routes(faults: Faults) -> Routes:
    """Return the routes of the faults."""
    group = Routes("lab: faults")

    @group.add("GET", "/lab/faults", "List the faults in force", answers={200: FaultList})
    async def list_them(_call: Call) -> Reply:
        return Reply(FaultList(faults=[_shown(rule) for rule in faults.rules()]))

    @group.add(
        "POST",
        "/lab/faults",
        "Put a fault in force",
        body=NewFault,
        answers={201: FaultShown},
        problems=(TOO_MANY_FAULTS,),
    )
    async def add(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(faults.add(call.body.root)), 201)

    @group.add("GET", _ONE, "Show a fault", answers={200: FaultShown})
    async def show(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(faults.get(call.path["fault_id"])))

    @group.add("DELETE", _ONE, "Take a fault out of force", answers={204: None})
    async def remove(call: Call) -> Reply:
        with as_problems():
            faults.remove(call.path["fault_id"])
        return Reply(None, 204)

    @group.add(
        "DELETE",
        "/lab/faults",
        "Take all faults out of force and start their counts and their chance anew",
        answers={204: None},
    )
    async def clear(_call: Call) -> Reply:
        faults.clear()
        return Reply(None, 204)

    return group


def _shown(rule: Rule) -> FaultShown:
    return FaultShown(id=rule.id, fitted=rule.fitted, fired=rule.fired, rule=rule.fault)
