"""The operator's HTTP face: queries in, codes in, codes taken back. Verdicts go the other way, from `lookups`.

Every message is signed by the secret of the agreement between gateway and operator, and idempotent by its id.
"""

from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from smsc_emulator.base import durations, msisdn
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.base.web import NOT_FOUND, UNAUTHORIZED, Call, Model, ProblemError, ProblemKind, Reply, Routes
from smsc_emulator.operator import register
from smsc_emulator.operator.behaviour import Behaviours
from smsc_emulator.operator.lookups import Lookups, Query, RequestReusedError
from smsc_emulator.operator.register import Entry, EntryConflictError, Handover

REQUEST_REUSED = ProblemKind("request_reused", 409, "The request id is known with other data.")
REGISTER_CLOSED = ProblemKind("register_closed", 503, "The operator's register takes no codes for now.")
CODE_CONFLICT = ProblemKind("code_conflict", 409, "The code or its request is in the register with other data.")

SIGNATURE_HEADERS = {
    "webhook-id": "The message's id.",
    "webhook-timestamp": "Real time of the signature, in seconds since 1970.",
    "webhook-signature": "v1, and the HMAC-SHA256 by the agreement's secret (Standard Webhooks).",
}
"""What every message between a gateway and an operator carries."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
PhoneNumber = Annotated[str, Field(pattern=msisdn.PATTERN, examples=["+70000000001"])]
Timestamp = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,12}Z$", examples=["2026-01-01T12:00:00.000Z"])
]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class QueryMessage(Model):
    """Is this number yours? In presence mode there is nothing else to say, and another member is an error (S64)."""

    request_id: Id
    attempt_id: Id
    service_id: Name
    phone_number: PhoneNumber
    mode: Literal["presence"]
    sent_at: Timestamp
    deadline_at: Timestamp
    reply_to: Annotated[str, Field(pattern=r"^https?://[!-~]+$", max_length=2048)]


class QueryReceived(BaseModel):
    """The query is on record; a verdict may follow."""

    request_id: str
    received_at: str = Field(description="When the query first came, by the operator's clock.")


class CodeMessage(Model):
    """An identification code for the register."""

    code: Code
    request_id: Id
    phone_number: PhoneNumber
    service_id: Name
    service_name: Annotated[str, Field(min_length=1, max_length=128)]


class CodeEntered(BaseModel):
    """The code is in the register."""

    entry_id: str


class VoidMessage(Model):
    """A code that is taken back."""

    code: Code
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")]


class CodeVoided(BaseModel):
    """The code is not, or no more, in force."""

    entry_id: str | None = Field(description="The entry that had the code; null if there was none.")


def routes(database: Database, lookups: Lookups, behaviours: Behaviours, randomness: Randomness) -> Routes:
    """Return the face of all operators of the lab; the guard of the scheme "gateway" tells which one is spoken to."""
    group = Routes("operator")
    signed = {"scheme": "gateway", "headers": SIGNATURE_HEADERS}

    @group.add(
        "POST",
        "/operator/{operator_id}/queries",
        "Ask whether a number is the operator's",
        body=QueryMessage,
        answers={202: QueryReceived},
        problems=(UNAUTHORIZED, NOT_FOUND, REQUEST_REUSED),
        **signed,
    )
    async def ask(call: Call) -> Reply:
        asked: QueryMessage = call.body
        query = Query(asked.request_id, asked.attempt_id, asked.service_id, asked.phone_number, asked.reply_to)
        try:
            received_at = await lookups.receive(call.caller, query, call.received_at)
        except RequestReusedError as error:
            raise ProblemError(REQUEST_REUSED, str(error)) from None
        return Reply(QueryReceived(request_id=asked.request_id, received_at=durations.iso(received_at)), 202)

    @group.add(
        "POST",
        "/operator/{operator_id}/codes",
        "Hand an identification code over for the register",
        body=CodeMessage,
        answers={200: CodeEntered},
        problems=(UNAUTHORIZED, NOT_FOUND, CODE_CONFLICT, REGISTER_CLOSED),
        **signed,
    )
    async def hand_over(call: Call) -> Reply:
        handover = Handover(**call.body.model_dump())
        new_id = "ent_" + randomness.token(20)

        def unit(tx: Tx) -> Entry:
            if behaviours.get(tx, call.caller).register == "closed":
                raise ProblemError(REGISTER_CLOSED, f"The register of {call.caller} takes no codes for now.")
            return register.open_entry(tx, call.received_at, call.caller, handover, new_id)

        try:
            entry = await database.run(unit)
        except EntryConflictError as error:
            raise ProblemError(CODE_CONFLICT, str(error)) from None
        return Reply(CodeEntered(entry_id=entry.entry_id))

    @group.add(
        "POST",
        "/operator/{operator_id}/voids",
        "Take an identification code back",
        body=VoidMessage,
        answers={200: CodeVoided},
        problems=(UNAUTHORIZED, NOT_FOUND),
        **signed,
    )
    async def take_back(call: Call) -> Reply:
        told: VoidMessage = call.body
        unit = partial(register.void, now=call.received_at, operator_id=call.caller, code=told.code, reason=told.reason)
        return Reply(CodeVoided(entry_id=await database.run(unit)))

    return group
