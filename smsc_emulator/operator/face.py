"""The operator's HTTP face: queries in, codes in, codes taken back. Verdicts go the other way, from `lookups`.

Every message is signed by the secret of the agreement between gateway and operator, and idempotent by its id.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from smsc_emulator.base import durations
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.base.signed_http import TIMEOUT
from smsc_emulator.base.web import NOT_FOUND, UNAUTHORIZED, Call, ProblemError, ProblemKind, Reply, Routes
from smsc_emulator.operator import register
from smsc_emulator.operator.behaviour import Behaviours, OutageError
from smsc_emulator.operator.lookups import Lookups, NoAgreementError, Query, RequestReusedError
from smsc_emulator.operator.messages import (
    CodeEntered,
    CodeMessage,
    CodeVoided,
    ListingMessage,
    ListingPage,
    OpenEntry,
    QueryMessage,
    QueryReceived,
    VoidMessage,
)
from smsc_emulator.operator.register import Entry, EntryConflictError, Handover
from smsc_emulator.operator.settings import RegisterState

REQUEST_REUSED = ProblemKind("request_reused", 409, "The request id is known with other data.")
REGISTER_CLOSED = ProblemKind("register_closed", 503, "The operator's register takes no codes for now.")
CODE_CONFLICT = ProblemKind("code_conflict", 409, "The code or its request is in the register with other data.")
NO_AGREEMENT = ProblemKind("no_agreement", 403, "The operator has no agreement of this id.")
OPERATOR_OUT = ProblemKind("operator_out", 503, "The operator is out of order for now.")

SIGNATURE_HEADERS = {
    "webhook-id": "The message's id.",
    "webhook-timestamp": "Real time of the signature, in seconds since 1970.",
    "webhook-signature": "v1, and the HMAC-SHA256 by the agreement's secret (Standard Webhooks).",
}
"""What every message between a gateway and an operator carries."""

_SIGNED: Mapping[str, Any] = {"scheme": "gateway", "headers": SIGNATURE_HEADERS}

CODE_LENGTH = 24
"""Characters of a code that the operator makes."""


def routes(database: Database, lookups: Lookups, behaviours: Behaviours, randomness: Randomness) -> Routes:
    """Return the face of all operators of the lab; the guard of the scheme "gateway" tells which one is spoken to."""
    group = Routes("operator")
    _codes(group, database, behaviours, randomness)
    _register(group, database, behaviours)

    @group.add(
        "POST",
        "/operator/{operator_id}/queries",
        "Ask whether a number is the operator's",
        body=QueryMessage,
        answers={202: QueryReceived},
        problems=(UNAUTHORIZED, NOT_FOUND, REQUEST_REUSED, NO_AGREEMENT, OPERATOR_OUT),
        **_SIGNED,
    )
    @_unless_out
    async def ask(call: Call) -> Reply:
        asked: QueryMessage = call.body
        try:
            received_at = await lookups.receive(call.caller, _query(asked), call.received_at)
        except RequestReusedError as error:
            raise ProblemError(REQUEST_REUSED, str(error)) from None
        except NoAgreementError as error:
            raise ProblemError(NO_AGREEMENT, str(error)) from None
        return Reply(QueryReceived(request_id=asked.request_id, received_at=durations.iso(received_at)), 202)

    return group


def _codes(group: Routes, database: Database, behaviours: Behaviours, randomness: Randomness) -> None:
    @group.add(
        "POST",
        "/operator/{operator_id}/codes",
        "Hand an identification code over for the register",
        body=CodeMessage,
        answers={200: CodeEntered},
        problems=(UNAUTHORIZED, NOT_FOUND, CODE_CONFLICT, REGISTER_CLOSED, OPERATOR_OUT),
        **_SIGNED,
    )
    @_unless_out
    async def hand_over(call: Call) -> Reply:
        handed: CodeMessage = call.body
        new_id, new_code = "ent_" + randomness.token(20), randomness.token(CODE_LENGTH).upper()

        def unit(tx: Tx) -> tuple[Entry, RegisterState]:
            state = behaviours.reach(tx, call.received_at, call.caller).register
            if state == "closed":
                raise ProblemError(REGISTER_CLOSED, f"The register of {call.caller} takes no codes for now.")
            code = handed.code or register.code_of(tx, call.caller, handed.request_id) or new_code
            handover = Handover(**handed.model_dump() | {"code": code})
            return register.open_entry(tx, call.received_at, call.caller, handover, new_id), state

        try:
            entry, state = await database.run(unit)
        except EntryConflictError as error:
            raise ProblemError(CODE_CONFLICT, str(error)) from None
        if state == "unanswered":
            raise _broken_off(call)
        return Reply(CodeEntered(entry_id=entry.entry_id, code=entry.code))


def _register(group: Routes, database: Database, behaviours: Behaviours) -> None:
    @group.add(
        "POST",
        "/operator/{operator_id}/voids",
        "Take an identification code back",
        body=VoidMessage,
        answers={200: CodeVoided},
        problems=(UNAUTHORIZED, NOT_FOUND, OPERATOR_OUT),
        **_SIGNED,
    )
    @_unless_out
    async def take_back(call: Call) -> Reply:
        told: VoidMessage = call.body

        def unit(tx: Tx) -> str | None:
            behaviours.reach(tx, call.received_at, call.caller)
            return register.void(tx, call.received_at, call.caller, told.code, told.reason)

        return Reply(CodeVoided(entry_id=await database.run(unit)))

    @group.add(
        "POST",
        "/operator/{operator_id}/register/open",
        "Read a page of the register's open entries",
        body=ListingMessage,
        answers={200: ListingPage},
        problems=(UNAUTHORIZED, NOT_FOUND, OPERATOR_OUT),
        **_SIGNED,
    )
    @_unless_out
    async def list_open(call: Call) -> Reply:
        wanted: ListingMessage = call.body

        def unit(tx: Tx) -> list[Entry]:
            behaviours.reach(tx, call.received_at, call.caller)
            return register.open_page(tx, call.caller, wanted.after, wanted.limit + 1)

        return Reply(_page(await database.run(unit), wanted.limit))


def _query(asked: QueryMessage) -> Query:
    read = {"attributes", "since"}
    members = asked.model_dump(include=set(Query.__dataclass_fields__) - read)
    attributes = None if asked.attributes is None else asked.attributes.given()
    since = None if asked.since is None else durations.instant(asked.since)
    return Query(**members, attributes=attributes, since=since)


def _page(found: list[Entry], limit: int) -> ListingPage:
    """Return a page of `found`, which has one entry more than the page if there is another page."""
    shown = found[:limit]
    more = shown[-1].entry_id if len(found) > limit else None
    entries = [
        OpenEntry(entry_id=each.entry_id, code=each.code, phone_number=each.phone_number, service_id=each.service_id)
        for each in shown
    ]
    return ListingPage(entries=entries, next=more)


def _unless_out(handler: Callable[[Call], Awaitable[Reply]]) -> Callable[[Call], Awaitable[Reply]]:
    """Return the handler of an operator that may be out when it is spoken to, and then has done nothing."""

    async def handle(call: Call) -> Reply:
        try:
            return await handler(call)
        except OutageError as error:
            if error.kind == "error":
                raise ProblemError(OPERATOR_OUT, "The operator is out of order for now.") from None
            if error.kind == "silent":
                await _say_nothing()
            raise _broken_off(call) from None

    return handle


def _broken_off(call: Call) -> ProblemError:
    """Break the connection off; the problem is what a peer that is no socket is told."""
    if call.request.transport is not None:
        call.request.transport.abort()
    return ProblemError(OPERATOR_OUT, "The connection is broken off.")


async def _say_nothing() -> None:
    """Wait, in real time, for as long as a peer may wait."""
    with suppress(TimeoutError):
        async with asyncio.timeout(TIMEOUT.total):
            await asyncio.Event().wait()
