"""The gateway's face for the operators: their verdicts and notices come in here."""

from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from gateway.api.errors import ATTRIBUTES_NOT_ASKED, as_problems
from gateway.api.types import Instant, PhoneNumber
from gateway.identification.attempt import Outcome, Result, Verdict
from gateway.identification.notices import EndReason, Notice, Taken
from gateway.identification.service import IdentificationService
from smsc_emulator.base import durations
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.database import Database
from smsc_emulator.base.web import NOT_FOUND, Body, Call, Model, Reply, Routes

SIGNATURE_HEADERS = {
    "webhook-id": "The message's id.",
    "webhook-timestamp": "Real time of the signature, in seconds since 1970.",
    "webhook-signature": "v1, and the HMAC-SHA256 by the agreement's secret (Standard Webhooks).",
}
"""What every message of an operator carries."""


MessageId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class VerdictMessage(Model):
    """An operator's answer. In presence mode there is nothing to say of a person, and `match` is an error (S64)."""

    request_id: MessageId
    phone_number: PhoneNumber
    result: Result
    as_of: Instant = Field(description="When it was so, by the operator's clock. No deadline goes by it.")
    match: (
        dict[Literal["family_name", "given_name", "birth_date"], Literal["true", "false", "not_available"]] | None
    ) = Field(None, description="In match mode: whether each attribute that was asked about is what the contract says.")
    entry_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = Field(
        None, description="The line in the register, where the code came along with the query."
    )
    recycled: bool | None = Field(
        None, description="Where the query has `since`: whether the number went to another person after that instant."
    )


class VerdictTaken(Body):
    """What became of the verdict."""

    outcome: Outcome = Field(
        description="accepted: it decided. late: nothing waited for it any more. repeated: the request was answered "
        "before. foreign: this operator was not asked this about this number."
    )


class NoticeMessage(Model):
    """That the contract of a subscriber has ended (S10)."""

    notice_id: MessageId
    phone_number: PhoneNumber
    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = Field(
        None, description="The identification code that stood on the contract; null: there is none yet."
    )
    reason: EndReason = Field(
        description="ended: it was ended. ported: the number went to another operator with its subscriber. "
        "reissued: the number went to another person."
    )
    ended_at: Instant = Field(description="When it ended, by the operator's clock.")


class NoticeTaken(Body):
    """What became of the notice."""

    outcome: Taken = Field(
        description="accepted: somebody is identified again for it. repeated: it was taken before. nothing_stands: "
        "nobody's identification stood on it any more. foreign: the code is none of this operator and number."
    )


def routes(service: IdentificationService, database: Database, activity: Activity) -> Routes:
    """Return the routes; the guard of the scheme "operator" tells which operator speaks.

    A verdict is a piece of input from the instant at which it is received, before its body is read: a deadline of that
    instant or later waits for it.
    """
    group = Routes("operators")

    @group.add(
        "POST",
        "/v1/operators/{operator_id}/verdicts",
        "Answer a query about a number",
        scheme="operator",
        headers=SIGNATURE_HEADERS,
        patterns={"operator_id": r"^[a-z0-9][a-z0-9-]{0,31}$"},
        body=VerdictMessage,
        answers={200: VerdictTaken},
        problems=(NOT_FOUND, ATTRIBUTES_NOT_ASKED),
        around=partial(activity.track, is_input=True),
    )
    async def take_verdict(call: Call) -> Reply:
        body: VerdictMessage = call.body
        as_of = durations.instant(body.as_of)
        match = None if body.match is None else {str(name): fits for name, fits in body.match.items()}
        verdict = Verdict(body.result, call.received_at, as_of, match, body.entry_id, bool(body.recycled))
        with as_problems():
            outcome = await database.run(
                lambda tx: service.verdict(
                    tx, call.received_at, call.caller, body.request_id, body.phone_number, verdict
                )
            )
        service.wake()
        return Reply(VerdictTaken(outcome=outcome))

    @group.add(
        "POST",
        "/v1/operators/{operator_id}/notices",
        "Tell that a subscriber's contract has ended",
        scheme="operator",
        headers=SIGNATURE_HEADERS,
        patterns={"operator_id": r"^[a-z0-9][a-z0-9-]{0,31}$"},
        body=NoticeMessage,
        answers={200: NoticeTaken},
        problems=(NOT_FOUND,),
        around=partial(activity.track, is_input=True),
    )
    async def take_notice(call: Call) -> Reply:
        body: NoticeMessage = call.body
        ended_at = durations.instant(body.ended_at)
        notice = Notice(
            call.caller, body.notice_id, body.phone_number, body.code, body.reason, ended_at, call.received_at
        )
        outcome = await database.run(lambda tx: service.notices.take(tx, call.received_at, notice))
        service.wake()
        return Reply(NoticeTaken(outcome=outcome))

    return group
