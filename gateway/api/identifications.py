"""Identifications: /v1/identifications."""

from collections.abc import Callable
from typing import Any

from pydantic import Field

from confirm.service import ConfirmService
from gateway.api import idempotency
from gateway.api.confirmations import CodeCheck, Confirmation
from gateway.api.errors import (
    CONFIRMATION_OVER,
    IDENTIFICATION_NOT_CONFIRMING,
    IDENTIFICATION_OVER,
    RESEND_TOO_SOON,
    as_problems,
)
from gateway.api.idempotency import Idempotency
from gateway.api.types import PhoneNumber, ServiceId, Timestamp, UserId, Wait
from gateway.identification.attempt import Attempt, Reason, State
from gateway.identification.service import IdentificationService
from smsc_emulator.base import durations
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.watch import Watch
from smsc_emulator.base.web import FORBIDDEN, Call, Handler, Model, ProblemError, Reply, Routes


class IdentificationStart(Model):
    """Who is to be identified, by which number."""

    service_id: ServiceId | None = Field(None, description="The service of the API key, which is also the default.")
    user_id: UserId
    phone_number: PhoneNumber


class Identification(Model):
    """An attempt to identify a user by his number, under way or over."""

    id: str
    service_id: str
    user_id: str
    phone_number: PhoneNumber
    state: State
    reason: Reason | None = Field(description="Why it was refused.")
    confirmation: Confirmation | None = Field(description="The proof that the user holds the number.")
    operator_id: str | None = Field(description="The operator that is asked.")
    deadline_at: Timestamp | None = Field(description="When the operator's time to answer ends; only while PENDING.")
    identification_code: str | None = Field(description="The code in the operator's register; only once IDENTIFIED.")
    binding_id: str | None = Field(description="The binding that the identification made.")
    profile: str = Field(description="The rules that the attempt began and ends under.")
    created_at: Timestamp
    updated_at: Timestamp


class IdentificationQuery(Model):
    """How long to wait for another state than the one that the caller knows, by default the present one."""

    wait: Wait | None = None
    state: State | None = None


class _Identifications:
    """The handlers."""

    def __init__(
        self,
        service: IdentificationService,
        confirm: ConfirmService,
        database: Database,
        watch: Watch,
        keys: Idempotency,
    ) -> None:
        self._service = service
        self._confirm = confirm
        self._database = database
        self._watch = watch
        self._keys = keys

    async def start(self, call: Call) -> Reply:
        body: IdentificationStart = call.body
        if body.service_id not in (None, call.caller):
            raise ProblemError(FORBIDDEN, f"The API key is not one of the service {body.service_id}.")

        def create(tx: Tx) -> str:
            return self._service.start(tx, call.received_at, call.caller, body.user_id, body.phone_number).id

        async def answer(attempt_id: str) -> Reply:
            await self._code_sent(call, attempt_id)
            return Reply(await self._read(call, attempt_id), 201)

        return await self._keys.run(call, create, answer)

    async def get(self, call: Call) -> Reply:
        seconds = durations.parse(call.query.wait) / 1000 if call.query.wait else 0.0
        first = await self._read(call, call.path["id"])
        known: State = call.query.state or first.state
        if first.state.over or first.state is not known or not seconds:
            return Reply(first)
        changed = await self._watch.until(
            first.id, seconds, lambda: self._read(call, first.id), lambda found: found.state is not known
        )
        return Reply(changed)

    async def check(self, call: Call) -> Reply:
        now, code = call.received_at, call.body.code
        return await self._change(call, lambda tx, one: self._service.check(tx, now, call.caller, one, code))

    async def resend(self, call: Call) -> Reply:
        now = call.received_at
        await self._change(call, lambda tx, one: self._service.resend(tx, now, call.caller, one))
        await self._code_sent(call, call.path["id"])
        return Reply(await self._read(call, call.path["id"]))

    async def cancel(self, call: Call) -> Reply:
        now = call.received_at
        return await self._change(call, lambda tx, one: self._service.cancel(tx, now, call.caller, one))

    async def _change(self, call: Call, change: Callable[[Tx, str], Attempt]) -> Reply:
        def unit(tx: Tx) -> Identification:
            return self._model(tx, change(tx, call.path["id"]))

        with as_problems():
            changed = await self._database.run(unit)
        self._service.wake()
        return Reply(changed)

    async def _read(self, call: Call, attempt_id: str) -> Identification:
        with as_problems():
            return await self._database.run(
                lambda tx: self._model(tx, self._service.get(tx, call.caller, attempt_id)),
            )

    async def _code_sent(self, call: Call, attempt_id: str) -> None:
        """Wait until nothing about the code's sending is in doubt, if there is a code to send."""
        found = await self._read(call, attempt_id)
        if found.confirmation is not None:
            await self._confirm.send_settled(found.confirmation.id)

    def _model(self, tx: Tx, attempt: Attempt) -> Identification:
        code = attempt.identification_code if attempt.state is State.IDENTIFIED else None
        return Identification.model_validate({**self._service.snapshot(tx, attempt), "identification_code": code})


def routes(
    service: IdentificationService,
    confirm: ConfirmService,
    database: Database,
    watch: Watch,
    keys: Idempotency,
) -> Routes:
    """Return the routes; `keys` is shared by all resources that honour Idempotency-Key."""
    group = Routes("identifications")
    handlers = _Identifications(service, confirm, database, watch, keys)
    all_, one = "/v1/identifications", "/v1/identifications/{id}"
    answer = {200: Identification}
    confirming = (IDENTIFICATION_NOT_CONFIRMING, CONFIRMATION_OVER)

    def add(method: str, path: str, summary: str, handler: Handler, **more: Any) -> None:
        group.add(method, path, summary, scheme="service", **more)(handler)

    add(
        "POST",
        all_,
        "Start to identify a user by his number",
        handlers.start,
        body=IdentificationStart,
        answers={201: Identification},
        problems=(FORBIDDEN, *idempotency.PROBLEMS),
        headers=idempotency.HEADERS,
    )
    add(
        "GET",
        one,
        "Read an identification; with `wait`, as soon as its state is another",
        handlers.get,
        query=IdentificationQuery,
        answers=answer,
    )
    add("DELETE", one, "Cancel an identification", handlers.cancel, answers=answer, problems=(IDENTIFICATION_OVER,))
    add(
        "POST",
        one + "/check",
        "Check the code that the user typed",
        handlers.check,
        body=CodeCheck,
        answers=answer,
        problems=confirming,
    )
    add(
        "POST",
        one + "/resend",
        "Send another code; neither the failures nor the time start anew",
        handlers.resend,
        answers=answer,
        problems=(IDENTIFICATION_NOT_CONFIRMING, RESEND_TOO_SOON),
    )
    return group
