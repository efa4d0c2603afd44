"""Confirmations: /v1/confirmations."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from confirm import challenge
from confirm.challenge import SendState, State
from confirm.service import ConfirmService
from gateway.api import idempotency
from gateway.api.errors import CONFIRMATION_OVER, CONFIRMATION_OWNED, RESEND_TOO_SOON, as_problems
from gateway.api.idempotency import Idempotency
from gateway.api.types import PhoneNumber, Timestamp, Wait
from smsc_emulator.base import durations
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.watch import Watch
from smsc_emulator.base.web import Call, Handler, Model, Reply, Routes


class ConfirmationStart(Model):
    """What a confirmation needs."""

    phone_number: PhoneNumber
    method: Literal["sms_code"] = "sms_code"


class CodeCheck(Model):
    """What the user typed."""

    code: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", examples=["123456"])]


class CodeSent(Model):
    """How far the last code has come."""

    state: SendState
    at: Timestamp | None
    message_id: str | None
    """The SMSC's id of the message."""
    command_status: int | None
    """The SMSC's reason where it refused the message."""


class Confirmation(Model):
    """The proof that a user holds a number, under way or over."""

    id: str
    service_id: str
    phone_number: PhoneNumber
    method: str
    state: State
    reason: str | None
    """Why it ended so: too_many_attempts, send_failed, requested, replaced."""
    attempts_left: int
    created_at: Timestamp
    expires_at: Timestamp
    code_sent: CodeSent


class ConfirmationQuery(Model):
    """How long to wait for another state."""

    wait: Wait | None = None


def model(confirmation: challenge.Confirmation) -> Confirmation:
    """Return the confirmation as the API shows it."""
    return Confirmation.model_validate(challenge.snapshot(confirmation))


class _Confirmations:
    """The handlers."""

    def __init__(self, service: ConfirmService, database: Database, watch: Watch, keys: Idempotency) -> None:
        self._service = service
        self._database = database
        self._watch = watch
        self._keys = keys

    async def start(self, call: Call) -> Reply:
        body: ConfirmationStart = call.body

        def create(tx: Tx) -> str:
            return self._service.open(tx, call.received_at, call.caller, body.phone_number, body.method).id

        async def answer(confirmation_id: str) -> Reply:
            return Reply(model(await self._service.send_settled(confirmation_id)), 201)

        return await self._keys.run(call, create, answer)

    async def get(self, call: Call) -> Reply:
        seconds = durations.parse(call.query.wait) / 1000 if call.query.wait else 0.0
        first = await self._read(call)
        if first.over or not seconds:
            return Reply(model(first))
        changed = await self._watch.until(
            first.id, seconds, lambda: self._read(call), lambda found: found.state is not first.state
        )
        return Reply(model(changed))

    async def check(self, call: Call) -> Reply:
        code: str = call.body.code
        checked = await self._change(call, lambda tx, one: self._service.check(tx, call.received_at, one, code))
        return Reply(model(checked))

    async def resend(self, call: Call) -> Reply:
        queued = await self._change(call, lambda tx, one: self._service.resend(tx, call.received_at, one))
        return Reply(model(await self._service.send_settled(queued.id)))

    async def cancel(self, call: Call) -> Reply:
        cancelled = await self._change(call, lambda tx, one: self._service.cancel(tx, call.received_at, one))
        return Reply(model(cancelled))

    async def _read(self, call: Call) -> challenge.Confirmation:
        with as_problems():
            return await self._database.run(lambda tx: self._service.get_own(tx, call.path["id"], call.caller))

    async def _change(self, call: Call, change: Callable[[Tx, str], challenge.Confirmation]) -> challenge.Confirmation:
        """Apply `change` to the confirmation that the path names, if it is the caller's and stands alone."""

        def unit(tx: Tx) -> challenge.Confirmation:
            self._service.require_standalone(tx, call.path["id"], call.caller)
            return change(tx, call.path["id"])

        with as_problems():
            return await self._database.run(unit)


def routes(service: ConfirmService, database: Database, watch: Watch, keys: Idempotency) -> Routes:
    """Return the routes; `keys` is shared by all resources that honour Idempotency-Key."""
    group = Routes("confirmations")
    handlers = _Confirmations(service, database, watch, keys)
    path = "/v1/confirmations"
    answer = {200: Confirmation}
    changing = (CONFIRMATION_OVER, CONFIRMATION_OWNED)

    def add(method: str, path: str, summary: str, handler: Handler, **more: Any) -> None:
        group.add(method, path, summary, scheme="service", **more)(handler)

    add(
        "POST",
        path,
        "Start the confirmation of a number",
        handlers.start,
        body=ConfirmationStart,
        answers={201: Confirmation},
        problems=idempotency.PROBLEMS,
        headers=idempotency.HEADERS,
    )
    add("GET", path + "/{id}", "Read a confirmation", handlers.get, query=ConfirmationQuery, answers=answer)
    add("DELETE", path + "/{id}", "Cancel a confirmation", handlers.cancel, answers=answer, problems=changing)
    add(
        "POST",
        path + "/{id}/check",
        "Check the code that the user typed",
        handlers.check,
        body=CodeCheck,
        answers=answer,
        problems=changing,
    )
    add(
        "POST",
        path + "/{id}/resend",
        "Send another code; the failures stay",
        handlers.resend,
        answers=answer,
        problems=(*changing, RESEND_TOO_SOON),
    )
    return group
