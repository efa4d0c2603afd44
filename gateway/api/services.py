"""What a service may do for its users: /v1/services."""

from typing import Literal

from pydantic import BaseModel, Field

from gateway.api.types import UserId
from gateway.identification import bindings
from gateway.identification.service import IdentificationService
from smsc_emulator.base.database import Database
from smsc_emulator.base.web import FORBIDDEN, Call, Model, ProblemError, Reply, Routes


class MaySendQuery(Model):
    """Whom it is about."""

    user: UserId


class MaySend(BaseModel):
    """Whether the service may pass on the user's messages at this instant."""

    may_send: bool
    reason: Literal["not_identified", "suspended", "closed"] | None = Field(description="Why not.")
    state: Literal["NONE", "ACTIVE", "RECHECK", "SUSPENDED", "CLOSED"] = Field(
        description="The state of the binding that decides; NONE if the user has none."
    )
    binding_id: str | None


def routes(service: IdentificationService, database: Database) -> Routes:
    """Return the routes of the services; each service may ask about itself."""
    group = Routes("services")

    @group.add(
        "GET",
        "/v1/services/{id}/may-send",
        "Ask whether a user may send messages",
        scheme="service",
        query=MaySendQuery,
        answers={200: MaySend},
        problems=(FORBIDDEN,),
    )
    async def may_send(call: Call) -> Reply:
        if call.path["id"] != call.caller:
            raise ProblemError(FORBIDDEN, "A service may ask about itself only.")
        permission, binding = await database.run(lambda tx: service.permission(tx, call.caller, call.query.user))
        answer = {
            "may_send": permission.may_send,
            "reason": permission.reason,
            "state": bindings.NONE if binding is None else binding.state.value,
            "binding_id": None if binding is None else binding.id,
        }
        return Reply(MaySend.model_validate(answer))

    return group
