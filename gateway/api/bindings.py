"""Bindings: /v1/bindings; what changes about their users; and users from before the rules."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from gateway.api import errors
from gateway.api.confirmation_models import Start
from gateway.api.errors import as_problems
from gateway.api.identifications import VERIFIED_BY, said
from gateway.api.types import PhoneNumber, Timestamp, UserId
from gateway.identification import bindings, store
from gateway.identification.attempt import StandIn
from gateway.identification.bindings import Basis, State
from gateway.identification.rechecks import ExistingUser
from gateway.identification.service import IdentificationService
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.web import Body, Call, Handler, Model, Reply, Routes
from smsc_emulator.operator.messages import Attributes


class Binding(Body):
    """That a user of the service is identified by a number, or was."""

    id: str
    service_id: str
    user_id: str
    phone_number: str
    state: State
    reason: str | None = Field(description="Why it is not active.")
    basis: Basis
    operator_id: str | None = Field(description="Who has the user's contract; null where no operator was asked.")
    identification_id: str | None = Field(description="The identification that it stands on.")
    identification_code: str | None = Field(description="The code in the operator's register.")
    recheck_due_at: Timestamp | None = Field(description="When the user has to be identified again.")
    entry_id: str | None = Field(description="The line in the operator's register; null while it is not acknowledged.")
    created_at: Timestamp
    updated_at: Timestamp


class BindingPage(Body):
    """Bindings, the standing ones first, and the youngest of either first."""

    bindings: list[Binding]


def _with_plus(value: Any) -> Any:
    """Give back the plus of a number whose query was not escaped: it arrives as a space."""
    return f"+{value[1:]}" if isinstance(value, str) and value.startswith(" ") else value


class BindingQuery(Model):
    """Which of the service's bindings to return."""

    user_id: UserId | None = None
    phone_number: Annotated[PhoneNumber, BeforeValidator(_with_plus)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class DataChange(Model):
    """That what is known of the user has changed."""

    attributes: Attributes | None = Field(None, description="What he says of himself now, in match mode.")
    verified_by: StandIn | None = VERIFIED_BY


class NumberChange(Start):
    """The number that the user wants to go on with, and how he confirms it."""

    attributes: Attributes | None = Field(None, description="What he says of himself, in match mode.")
    sim_in_device: bool | None = Field(None, description="Whether the SIM of the new number is in his device.")


class ChangeBegun(Body):
    """What a change has led to so far."""

    binding: Binding
    identification_id: str = Field(description="By which the user is identified again; /v1/identifications tells more.")


class Existing(Model):
    """A user from before the rules."""

    user_id: UserId
    phone_number: PhoneNumber
    attributes: Attributes | None = None


class ExistingUsers(Model):
    """Users whom the service had before the rules (S09)."""

    users: Annotated[list[Existing], Field(min_length=1, max_length=1000)]


class _Bindings:
    """The handlers."""

    def __init__(self, service: IdentificationService, database: Database) -> None:
        self._service = service
        self._database = database

    async def list_them(self, call: Call) -> Reply:
        wanted: BindingQuery = call.query
        number, user_id = wanted.phone_number, wanted.user_id
        found = await self._database.run(
            lambda tx: store.list_bindings(tx, call.caller, user_id=user_id, phone_number=number, limit=wanted.limit)
        )
        return Reply(BindingPage(bindings=[_shown(binding) for binding in found]))

    async def read(self, call: Call) -> Reply:
        with as_problems():
            found = await self._database.run(lambda tx: self._service.get_binding(tx, call.caller, call.path["id"]))
        return Reply(_shown(found))

    async def change_data(self, call: Call) -> Reply:
        def unit(tx: Tx) -> ChangeBegun:
            binding = self._service.get_binding(tx, call.caller, call.path["id"])
            attempt = self._service.rechecks.change_data(
                tx, call.received_at, binding, said(call.body.attributes), verified_by=call.body.verified_by
            )
            return self._begun(tx, call, attempt.id)

        return await self._begin(unit)

    async def change_number(self, call: Call) -> Reply:
        body: NumberChange = call.body

        def unit(tx: Tx) -> ChangeBegun:
            binding = self._service.get_binding(tx, call.caller, call.path["id"])
            attempt = self._service.rechecks.change_number(
                tx, call.received_at, binding, body.wish(call.caller), said(body.attributes), sim=body.sim_in_device
            )
            return self._begun(tx, call, attempt.id)

        return await self._begin(unit)

    async def take_over(self, call: Call) -> Reply:
        def unit(tx: Tx) -> BindingPage:
            users = [ExistingUser(one.user_id, one.phone_number, said(one.attributes)) for one in call.body.users]
            kept = [self._service.rechecks.take_over(tx, call.received_at, call.caller, user) for user in users]
            return BindingPage(bindings=[_shown(binding) for binding in kept])

        with as_problems():
            page = await self._database.run(unit)
        self._service.wake()
        return Reply(page, 202)

    async def _begin(self, unit: Callable[[Tx], ChangeBegun]) -> Reply:
        with as_problems():
            begun = await self._database.run(unit)
        self._service.wake()
        return Reply(begun, 202)

    def _begun(self, tx: Tx, call: Call, attempt_id: str) -> ChangeBegun:
        binding = self._service.get_binding(tx, call.caller, call.path["id"])
        return ChangeBegun(binding=_shown(binding), identification_id=attempt_id)


def routes(service: IdentificationService, database: Database) -> Routes:
    """Return the routes of the bindings; each service sees its own."""
    group = Routes("bindings")
    handlers = _Bindings(service, database)
    all_, one = "/v1/bindings", "/v1/bindings/{id}"
    changing = (errors.BINDING_STATE, errors.ATTRIBUTES_NOT_ASKED, errors.STAND_IN_NOT_PERMITTED)

    def add(method: str, path: str, summary: str, handler: Handler, **more: Any) -> None:
        group.add(method, path, summary, scheme="service", **more)(handler)

    listed = "List bindings, of one user or one number if given"
    add("GET", all_, listed, handlers.list_them, query=BindingQuery, answers={200: BindingPage})
    add(
        "POST",
        "/v1/existing-users",
        "Take over users from before the rules, as the profile says",
        handlers.take_over,
        body=ExistingUsers,
        answers={202: BindingPage},
        problems=(errors.ATTRIBUTES_NOT_ASKED,),
    )
    add("GET", one, "Read a binding", handlers.read, answers={200: Binding})
    add(
        "POST",
        one + "/data-changed",
        "Tell that what is known of the user has changed: he is identified again",
        handlers.change_data,
        body=DataChange,
        answers={202: ChangeBegun},
        problems=changing,
    )
    add(
        "POST",
        one + "/change-number",
        "Begin to put another number in the place of this one, which stays until the user is identified by the other",
        handlers.change_number,
        body=NumberChange,
        answers={202: ChangeBegun},
        problems=(*changing, errors.METHOD_NOT_PERMITTED, *errors.STARTING),
    )
    return group


def _shown(binding: bindings.Binding) -> Binding:
    shown = {**bindings.snapshot(binding), "identification_code": binding.identification_code}
    return Binding.model_validate(shown)
