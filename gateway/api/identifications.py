"""Identifications: /v1/identifications."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from pydantic import Field

from confirm.gate import recording_refusals
from confirm.service import ConfirmService
from gateway.api import errors, idempotency
from gateway.api.confirmation_models import CodeCheck, Confirmation, Cost, Instructions, Start, secrets
from gateway.api.errors import as_problems
from gateway.api.idempotency import Idempotency
from gateway.api.types import PhoneNumber, ServiceId, Timestamp, UserId, Wait
from gateway.identification.attempt import Attempt, Cause, Mode, Party, Reason, StandIn, State
from gateway.identification.service import IdentificationService
from smsc_emulator.base import durations
from smsc_emulator.base.database import Database, Tx, Unit
from smsc_emulator.base.watch import Watch
from smsc_emulator.base.web import FORBIDDEN, Call, Handler, Model, ProblemError, Reply, Routes
from smsc_emulator.frozen import frozen
from smsc_emulator.operator.messages import Attributes

VERIFIED_BY: Any = Field(
    None,
    description="By what the service has verified the user instead of his number, where the profile lets it. What he "
    "showed stays with the service.",
)


class IdentificationStart(Start):
    """Who is to be identified, by which number. The methods are some that the profile permits."""

    service_id: ServiceId | None = Field(None, description="The service of the API key, which is also the default.")
    user_id: UserId
    attributes: Attributes | None = Field(
        None, description="What the user says of himself, where the operator is asked to compare it (match mode)."
    )
    sim_in_device: bool | None = Field(
        None, description="Whether the SIM of the number is in the user's device; some profiles want it there."
    )
    consent: bool = Field(False, description="Whether the user has consented; some profiles ask for it.")
    verified_by: StandIn | None = VERIFIED_BY


def said(attributes: Attributes | None) -> dict[str, str] | None:
    """Return what the user says of himself, by name; None if he says nothing."""
    return (attributes.given() or None) if attributes is not None else None


class Identification(Model):
    """An attempt to identify a user by his number, under way or over."""

    id: str
    service_id: str
    user_id: str
    phone_number: PhoneNumber
    state: State
    reason: Reason | None = Field(description="Why it was refused.")
    responsible: Party | None = Field(description="Whose doing the refusal is; liable is the service in any case.")
    hint: str | None = Field(description="What may be done about the refusal, such as try_again or change_number.")
    cause: Cause = Field(description="Why it is made; all but `new` are re-checks.")
    mode: Mode = Field(
        description="Who identifies: the operator, the service, the confirmation alone; or by what else."
    )
    rechecks: str | None = Field(description="The binding whose user is identified again.")
    confirmation: Confirmation | None = Field(description="The proof that the user holds the number.")
    instructions: Instructions | None = Field(description="What the user is to do now; null when he is to do nothing.")
    operator_id: str | None = Field(description="The operator that is asked.")
    deadline_at: Timestamp | None = Field(description="When the operator's time to answer ends; only while PENDING.")
    identification_code: str | None = Field(description="The code in the operator's register; only once IDENTIFIED.")
    binding_id: str | None = Field(description="The binding that the identification made.")
    cost: Cost = Field(description="Of its confirmations and of the question to the operator.")
    profile: str = Field(description="The rules that the attempt began and ends under.")
    created_at: Timestamp
    updated_at: Timestamp


class IdentificationQuery(Model):
    """How long to wait for another state than the one that the caller knows, by default the present one."""

    wait: Wait | None = None
    state: State | None = Field(
        None, description="The state that the caller knows: `wait` ends at any other. By default the present one."
    )


Change = Callable[[Tx, str], Attempt]

SETTLING = 2.0
"""Real seconds for which an answer waits for a code to be sent."""


@frozen
class _Changed:
    """An attempt that was changed."""

    id: str
    sending: str | None
    """Its confirmation, while the sending of its code is in doubt."""


def _is_there(shown: Identification | None) -> bool:
    return shown is not None


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

        made: list[_Changed] = []

        def create(tx: Tx) -> str:
            more: dict[str, Any] = {
                "sim_in_device": body.sim_in_device,
                "consent": body.consent,
                "attributes": said(body.attributes),
            }
            more["verified_by"] = body.verified_by
            attempt = self._service.start(tx, call.received_at, body.user_id, body.wish(call.caller), **more)
            made[:] = [self._changed(tx, attempt)]
            return attempt.id

        async def answer(attempt_id: str) -> Reply:
            return Reply(await (self._settled(call, made[0]) if made else self._read(call, attempt_id)), 201)

        with as_problems():
            async with recording_refusals(self._database, self._confirm.gate, call.received_at):
                return await self._keys.run(call, create, answer, unkept=secrets)

    async def get(self, call: Call) -> Reply:
        seconds = durations.parse(call.query.wait) / 1000 if call.query.wait else 0.0
        attempt_id: str = call.path["id"]
        known: State | None = call.query.state

        def changed(_tx: Tx, found: Attempt) -> bool:
            nonlocal known
            known = known or found.state
            return found.state.over or found.state is not known

        if not seconds:
            return Reply(await self._read(call, attempt_id))
        look = partial(self._look, self._database.read, call, attempt_id, changed)
        shown = await self._watch.until(attempt_id, seconds, look, _is_there)
        return Reply(shown or await self._read(call, attempt_id))

    async def check(self, call: Call) -> Reply:
        now, body = call.received_at, call.body
        return await self._change(
            call, lambda tx, one: self._service.check(tx, now, call.caller, one, body.code, body.source)
        )

    async def next(self, call: Call) -> Reply:
        return await self._send(call, lambda tx, one: self._service.next(tx, call.received_at, call.caller, one))

    async def resend(self, call: Call) -> Reply:
        return await self._send(call, lambda tx, one: self._service.resend(tx, call.received_at, call.caller, one))

    async def cancel(self, call: Call) -> Reply:
        now = call.received_at
        return await self._change(call, lambda tx, one: self._service.cancel(tx, now, call.caller, one))

    async def _send(self, call: Call, change: Change) -> Reply:
        """Apply `change`, and answer when what it sends has been handed over."""
        with as_problems():
            async with recording_refusals(self._database, self._confirm.gate, call.received_at):
                changed = await self._database.run(lambda tx: self._changed(tx, change(tx, call.path["id"])))
        return Reply(await self._settled(call, changed))

    async def _change(self, call: Call, change: Change) -> Reply:
        def unit(tx: Tx) -> Identification:
            return self._model(tx, change(tx, call.path["id"]))

        with as_problems():
            changed = await self._database.run(unit)
        self._service.wake()
        return Reply(changed)

    async def _read(self, call: Call, attempt_id: str) -> Identification:
        with as_problems():
            return await self._database.read(
                lambda tx: self._model(tx, self._service.get(tx, call.caller, attempt_id)),
            )

    def _changed(self, tx: Tx, attempt: Attempt) -> "_Changed":
        """Return what is to be waited for after a change that sends something."""
        confirmation_id = attempt.confirmation_id
        doubtful = confirmation_id is not None and not self._confirm.get(tx, confirmation_id).send_settled
        return _Changed(attempt.id, confirmation_id if doubtful else None)

    async def _settled(self, call: Call, changed: "_Changed") -> Identification:
        """Return the attempt once nothing about the sending of its code is in doubt."""
        confirmation_id = changed.sending
        if confirmation_id is None:
            return await self._read(call, changed.id)

        def settled(tx: Tx, _attempt: Attempt) -> bool:
            return self._confirm.get(tx, confirmation_id).send_settled

        self._confirm.wake()
        # By the database, whose answer comes after what has been put off until the sending is noted.
        look = partial(self._look, self._database.run, call, changed.id, settled)
        return await self._watch.until_after(confirmation_id, SETTLING, look, _is_there) or await self._read(
            call, changed.id
        )

    async def _look(
        self,
        ask: Callable[[Unit["Identification | None"]], Awaitable["Identification | None"]],
        call: Call,
        attempt_id: str,
        fits: Callable[[Tx, Attempt], bool],
    ) -> Identification | None:
        """Return the attempt if it `fits`; `ask` runs a unit."""

        def unit(tx: Tx) -> Identification | None:
            found = self._service.get(tx, call.caller, attempt_id)
            return self._model(tx, found) if fits(tx, found) else None

        with as_problems():
            return await ask(unit)

    def _model(self, tx: Tx, attempt: Attempt) -> Identification:
        instructions = None
        if attempt.confirmation_id is not None and attempt.state is State.CONFIRMING:
            instructions = self._confirm.instructions(self._confirm.get(tx, attempt.confirmation_id))
        shown = {
            **self._service.snapshot(tx, attempt),
            "identification_code": attempt.identification_code if attempt.state is State.IDENTIFIED else None,
            "instructions": instructions,
            "cost": self._service.cost(tx, attempt).snapshot(),
        }
        return Identification.model_validate(shown)


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
    confirming = (errors.IDENTIFICATION_NOT_CONFIRMING, errors.CONFIRMATION_OVER)

    def add(method: str, path: str, summary: str, handler: Handler, **more: Any) -> None:
        group.add(method, path, summary, scheme="service", **more)(handler)

    add(
        "POST",
        all_,
        "Start to identify a user by his number",
        handlers.start,
        body=IdentificationStart,
        answers={201: Identification},
        problems=(FORBIDDEN, *errors.IDENTIFYING, *errors.STARTING, *idempotency.PROBLEMS),
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
    over = (errors.IDENTIFICATION_OVER,)
    add("DELETE", one, "Cancel an identification", handlers.cancel, answers=answer, problems=over)
    add(
        "POST",
        one + "/check",
        "Check the code, or the caller's number, that the user gave back",
        handlers.check,
        body=CodeCheck,
        answers=answer,
        problems=(*confirming, errors.NOTHING_TO_CHECK, errors.NUMBER_LOCKED),
    )
    add(
        "POST",
        one + "/next",
        "Go on to the next way to confirm the number; neither the failures nor the time start anew",
        handlers.next,
        answers=answer,
        problems=(*confirming, errors.NO_NEXT_STEP, *errors.SENDING),
    )
    add(
        "POST",
        one + "/resend",
        "Send another code; neither the failures nor the time start anew",
        handlers.resend,
        answers=answer,
        problems=(errors.IDENTIFICATION_NOT_CONFIRMING, errors.RESEND_TOO_SOON, *errors.STARTING),
    )
    return group
