"""Sessions of users' devices: /v1/sessions. They end with the right to use the service, on every device (S13, S19)."""

from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from gateway.api.errors import SESSION_REFUSED, as_problems
from gateway.api.types import Timestamp, UserId
from gateway.identification import sessions
from gateway.identification.service import IdentificationService
from gateway.identification.sessions import Kind
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.web import Body, Call, Model, Reply, Routes

Device = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$", examples=["phone-1"])]
"""The service's own word for a device: nothing that tells of the device itself."""


class SessionStart(Model):
    """Who begins to use the service, on which device."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [name], "properties": {name: {"type": "string"}}}
                for name in ("user_id", "identification_code")
            ]
        }
    )

    user_id: UserId | None = None
    identification_code: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = Field(
        None, description="Instead of `user_id`, where the profile lets users log in by their code (S14)."
    )
    device: Device
    kind: Kind = Field("app", description="web: a device without the SIM, whose session some profiles limit.")

    @model_validator(mode="after")
    def _names_one_user(self) -> "SessionStart":
        if (self.user_id is None) == (self.identification_code is None):
            raise ValueError("give user_id or identification_code, and not both")
        return self


class Session(Body):
    """A user's device at work, or one that was."""

    id: str
    service_id: str
    user_id: str
    binding_id: str = Field(description="The binding that the user may use the service by.")
    device: str
    kind: Kind
    created_at: Timestamp
    expires_at: Timestamp | None = Field(description="When it ends by itself.")
    ended_at: Timestamp | None
    reason: str | None = Field(description="Why it ended: closed, expired, suspended, or why its binding closed.")


class SessionPage(Body):
    """Sessions, the youngest first."""

    sessions: list[Session]


class SessionQuery(Model):
    """Whose sessions."""

    user_id: UserId
    all: bool = Field(False, description="Whether those that are over are wanted too.")


def routes(service: IdentificationService, database: Database) -> Routes:
    """Return the routes of the sessions; each service sees its own."""
    group = Routes("sessions")

    @group.add(
        "POST",
        "/v1/sessions",
        "Open a session of a user who may use the service",
        scheme="service",
        body=SessionStart,
        answers={201: Session},
        problems=(SESSION_REFUSED,),
    )
    async def start(call: Call) -> Reply:
        body: SessionStart = call.body

        def unit(tx: Tx) -> sessions.Session:
            if body.identification_code is not None:
                code = body.identification_code
                return service.sessions.log_in(tx, call.received_at, call.caller, code, body.device, body.kind)
            user_id = body.user_id or ""
            return service.sessions.open(tx, call.received_at, call.caller, user_id, body.device, body.kind)

        with as_problems():
            opened = await database.run(unit)
        service.wake()
        return Reply(_shown(opened), 201)

    @group.add(
        "GET",
        "/v1/sessions",
        "List a user's sessions",
        scheme="service",
        query=SessionQuery,
        answers={200: SessionPage},
    )
    async def list_them(call: Call) -> Reply:
        wanted: SessionQuery = call.query
        found = await database.run(
            lambda tx: service.sessions.of_user(tx, call.caller, wanted.user_id, is_open=not wanted.all)
        )
        return Reply(SessionPage(sessions=[_shown(one) for one in found]))

    @group.add("GET", "/v1/sessions/{id}", "Read a session", scheme="service", answers={200: Session})
    async def read(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(await database.run(lambda tx: service.sessions.get(tx, call.caller, call.path["id"]))))

    @group.add("DELETE", "/v1/sessions/{id}", "End a session", scheme="service", answers={200: Session})
    async def end(call: Call) -> Reply:
        def unit(tx: Tx) -> sessions.Session:
            session = service.sessions.get(tx, call.caller, call.path["id"])
            return service.sessions.end(tx, call.received_at, session, "closed")

        with as_problems():
            return Reply(_shown(await database.run(unit)))

    return group


def _shown(session: sessions.Session) -> Session:
    return Session.model_validate(sessions.snapshot(session))
