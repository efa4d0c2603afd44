"""The public register of services: /v1/registry. It is asked by a whole name, and never lists any (S37)."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from gateway.api.types import Instant
from gateway.services import store
from smsc_emulator.base import durations, forms
from smsc_emulator.base.database import Database
from smsc_emulator.base.web import Body, Call, Model, Reply, Routes

ServiceName = Annotated[str, Field(pattern=forms.NAME, examples=["Demo messenger"])]
"""A service's name for people."""


def _with_plus(value: Any) -> Any:
    """Give back the plus of an offset whose query was not escaped: it arrives as a space."""
    return value.replace(" ", "+") if isinstance(value, str) else value


class RegistryQuery(Model):
    """The service that is asked about."""

    name: ServiceName = Field(description="Its name, whole and in its own spelling.")
    at: Annotated[Instant, BeforeValidator(_with_plus)] | None = Field(
        None, description="The instant that is asked about; by default, now."
    )


class Listed(Body):
    """Whether the register has the name."""

    listed: bool


def routes(database: Database) -> Routes:
    """Return the route of the register, which is open to anybody."""
    group = Routes("registry")

    @group.add(
        "GET",
        "/v1/registry",
        "Ask whether a service is in the public register",
        query=RegistryQuery,
        answers={200: Listed},
    )
    async def ask(call: Call) -> Reply:
        wanted: RegistryQuery = call.query
        at = call.received_at if wanted.at is None else durations.instant(wanted.at)
        return Reply(Listed(listed=await database.run(lambda tx: store.is_listed(tx, at, wanted.name))))

    return group
