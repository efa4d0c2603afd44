"""Calling an ESME: the SMSC connects to it and asks it, by outbind, to bind as a receiver."""

from pydantic import Field

from gateway.api.errors import CALL_FAILED, NO_OUTBIND, as_problems
from smsc_emulator.base.web import NOT_FOUND, Body, Call, Reply, Routes
from smsc_emulator.net.outbind import Caller


class OutbindSent(Body):
    """The ESME has been called."""

    system_id: str = Field(description="The account; whether its ESME binds is told by the journal's smpp.bound.")


def routes(caller: Caller) -> Routes:
    """Return the route that calls."""
    group = Routes("lab: accounts")

    @group.add(
        "POST",
        "/lab/accounts/{system_id}/outbind",
        "Connect to the account's ESME and send outbind",
        answers={202: OutbindSent},
        problems=(NOT_FOUND, NO_OUTBIND, CALL_FAILED),
    )
    async def call(call: Call) -> Reply:
        with as_problems():
            await caller.call(call.path["system_id"])
        return Reply(OutbindSent(system_id=call.path["system_id"]), 202)

    return group
