"""Confirmations: /v1/confirmations."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from confirm import challenge
from confirm.gate import recording_refusals
from confirm.service import ConfirmService
from gateway.api import errors, idempotency
from gateway.api.confirmation_models import (
    CodeCheck,
    ConfirmationQuery,
    ConfirmationStart,
    InstructedConfirmation,
    Resend,
    secrets,
)
from gateway.api.errors import as_problems
from gateway.api.idempotency import Idempotency
from smsc_emulator.base import durations
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.watch import Watch
from smsc_emulator.base.web import Call, Handler, Reply, Routes

Change = Callable[[Tx, str], challenge.Confirmation]

START_PROBLEMS = (
    errors.CONFIRMATION_PENDING,
    errors.RESEND_TOO_SOON,
    errors.OWN_CODE_UNFIT,
    errors.NO_SUCH_TEMPLATE,
    *errors.STARTING,
    *idempotency.PROBLEMS,
)
"""What can stand in the way of the start of a confirmation."""


class _Confirmations:
    """The handlers."""

    def __init__(
        self,
        service: ConfirmService,
        database: Database,
        watch: Watch,
        keys: Idempotency,
        service_names: Mapping[str, str],
    ) -> None:
        self._service = service
        self._database = database
        self._watch = watch
        self._keys = keys
        self._service_names = service_names

    async def start(self, call: Call) -> Reply:
        body: ConfirmationStart = call.body
        wish = replace(body.wish(call.caller), brand=self._service_names.get(call.caller))

        def create(tx: Tx) -> str:
            return self._service.start(tx, call.received_at, wish).id

        async def answer(confirmation_id: str) -> Reply:
            return Reply(await self._settled(confirmation_id), 201)

        with as_problems():
            async with recording_refusals(self._database, self._service.gate, call.received_at):
                return await self._keys.run(call, create, answer, unkept=secrets)

    async def get(self, call: Call) -> Reply:
        seconds = durations.parse(call.query.wait) / 1000 if call.query.wait else 0.0
        first = await self._read(call)
        if first.state is not challenge.State.PENDING or not seconds:
            return Reply(first)
        changed = await self._watch.until(
            first.id,
            seconds,
            lambda: self._read(call),
            lambda found: (found.state, found.step) != (first.state, first.step),
        )
        return Reply(changed)

    async def check(self, call: Call) -> Reply:
        body: CodeCheck = call.body
        now = call.received_at
        return await self._change(call, lambda tx, one: self._service.check(tx, now, one, body.code, body.source))

    async def next(self, call: Call) -> Reply:
        return await self._send(call, lambda tx, one: self._service.next(tx, call.received_at, one))

    async def resend(self, call: Call) -> Reply:
        code: str | None = call.body.code
        return await self._send(call, lambda tx, one: self._service.resend(tx, call.received_at, one, code))

    async def cancel(self, call: Call) -> Reply:
        return await self._change(call, lambda tx, one: self._service.cancel(tx, call.received_at, one))

    async def _read(self, call: Call) -> InstructedConfirmation:
        with as_problems():
            return await self._database.run(
                lambda tx: self._shown(tx, self._service.get_own(tx, call.path["id"], call.caller))
            )

    async def _send(self, call: Call, change: Change) -> Reply:
        """Apply `change`, and answer when what it sends has been handed over."""
        await self._change(call, change)
        return Reply(await self._settled(call.path["id"]))

    async def _change(self, call: Call, change: Change) -> Reply:
        """Apply `change` to the confirmation that the path names, if it is the caller's and stands alone."""

        def unit(tx: Tx) -> InstructedConfirmation:
            self._service.require_standalone(tx, call.path["id"], call.caller)
            return self._shown(tx, change(tx, call.path["id"]))

        with as_problems():
            changed = await self._database.run(unit)
        self._service.wake()
        return Reply(changed)

    async def _settled(self, confirmation_id: str) -> InstructedConfirmation:
        settled = await self._service.send_settled(confirmation_id)
        return await self._database.run(lambda tx: self._shown(tx, settled))

    def _shown(self, tx: Tx, confirmation: challenge.Confirmation) -> InstructedConfirmation:
        shown = self._service.snapshot(tx, confirmation)
        return InstructedConfirmation.model_validate(
            {**shown, "instructions": self._service.instructions(confirmation)}
        )


def routes(
    service: ConfirmService,
    database: Database,
    watch: Watch,
    keys: Idempotency,
    service_names: Mapping[str, str],
) -> Routes:
    """Return the routes; `keys` is shared by all resources that honour Idempotency-Key.

    `service_names` are the services' names for people, for texts that name who asks.
    """
    group = Routes("confirmations")
    handlers = _Confirmations(service, database, watch, keys, service_names)
    all_, one = "/v1/confirmations", "/v1/confirmations/{id}"
    answer = {200: InstructedConfirmation}
    changing = (errors.CONFIRMATION_OVER, errors.CONFIRMATION_OWNED)

    def add(method: str, path: str, summary: str, handler: Handler, **more: Any) -> None:
        group.add(method, path, summary, scheme="service", **more)(handler)

    add(
        "POST",
        all_,
        "Start the confirmation of a number",
        handlers.start,
        body=ConfirmationStart,
        answers={201: InstructedConfirmation},
        problems=START_PROBLEMS,
        headers=idempotency.HEADERS,
    )
    told = "Read a confirmation; with `wait`, as soon as its state or its step is another"
    add("GET", one, told, handlers.get, query=ConfirmationQuery, answers=answer)
    add("DELETE", one, "Cancel a confirmation", handlers.cancel, answers=answer, problems=changing)
    add(
        "POST",
        one + "/check",
        "Check the code, or the caller's number, that the user gave back",
        handlers.check,
        body=CodeCheck,
        answers=answer,
        problems=(*changing, errors.NOTHING_TO_CHECK, errors.NUMBER_LOCKED),
    )
    add(
        "POST",
        one + "/next",
        "Go on to the next step; the failures stay",
        handlers.next,
        answers=answer,
        problems=(*changing, errors.NO_NEXT_STEP, *errors.SENDING),
    )
    add(
        "POST",
        one + "/resend",
        "Send another code by the present step; the failures stay",
        handlers.resend,
        body=Resend,
        answers=answer,
        problems=(*changing, errors.OWN_CODE_UNFIT, errors.RESEND_TOO_SOON, *errors.SENDING),
    )
    return group
