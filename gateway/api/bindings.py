"""Bindings: /v1/bindings."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from gateway.api.errors import as_problems
from gateway.api.types import PhoneNumber, Timestamp, UserId
from gateway.identification import bindings, store
from gateway.identification.bindings import Basis, State
from gateway.identification.service import IdentificationService
from smsc_emulator.base.database import Database
from smsc_emulator.base.web import Call, Model, Reply, Routes


class Binding(BaseModel):
    """That a user of the service is identified by a number, or was."""

    id: str
    service_id: str
    user_id: str
    phone_number: str
    state: State
    reason: str | None = Field(description="Why it is not active.")
    basis: Basis
    operator_id: str
    identification_id: str = Field(description="The identification that made it.")
    identification_code: str
    entry_id: str | None = Field(description="The line in the operator's register; null while it is not acknowledged.")
    created_at: Timestamp
    updated_at: Timestamp


class BindingPage(BaseModel):
    """Bindings, the youngest first."""

    bindings: list[Binding]


def _with_plus(value: Any) -> Any:
    """Give back the plus of a number whose query was not escaped: it arrives as a space."""
    return f"+{value[1:]}" if isinstance(value, str) and value.startswith(" ") else value


class BindingQuery(Model):
    """Which of the service's bindings to return."""

    user_id: UserId | None = None
    phone_number: Annotated[PhoneNumber, BeforeValidator(_with_plus)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


def routes(service: IdentificationService, database: Database) -> Routes:
    """Return the routes of the bindings; each service sees its own."""
    group = Routes("bindings")

    @group.add(
        "GET",
        "/v1/bindings",
        "List bindings, of one user or one number if given",
        scheme="service",
        query=BindingQuery,
        answers={200: BindingPage},
    )
    async def list_them(call: Call) -> Reply:
        wanted: BindingQuery = call.query
        number, user_id = wanted.phone_number, wanted.user_id
        found = await database.run(
            lambda tx: store.list_bindings(tx, call.caller, user_id=user_id, phone_number=number, limit=wanted.limit)
        )
        return Reply(BindingPage(bindings=[_shown(binding) for binding in found]))

    @group.add("GET", "/v1/bindings/{id}", "Read a binding", scheme="service", answers={200: Binding})
    async def read(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(await database.run(lambda tx: service.get_binding(tx, call.caller, call.path["id"]))))

    return group


def _shown(binding: bindings.Binding) -> Binding:
    shown = {**bindings.snapshot(binding), "identification_code": binding.identification_code}
    return Binding.model_validate(shown)
