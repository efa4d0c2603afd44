"""The gateway's face for the operators: their verdicts come in here."""

from functools import partial
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from gateway.api.types import PhoneNumber
from gateway.identification.attempt import Outcome, Result, Verdict
from gateway.identification.service import IdentificationService
from smsc_emulator.base import durations
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.database import Database
from smsc_emulator.base.web import NOT_FOUND, Call, Model, Reply, Routes

SIGNATURE_HEADERS = {
    "webhook-id": "The message's id.",
    "webhook-timestamp": "Real time of the signature, in seconds since 1970.",
    "webhook-signature": "v1, and the HMAC-SHA256 by the agreement's secret (Standard Webhooks).",
}
"""What every message of an operator carries."""


def _an_instant(text: str) -> str:
    durations.instant(text)
    return text


class VerdictMessage(Model):
    """An operator's answer. In presence mode there is nothing else to say, and another member is an error (S64)."""

    request_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    phone_number: PhoneNumber
    result: Result
    as_of: Annotated[
        str,
        Field(
            pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$",
            examples=["2026-01-01T12:00:00.000Z"],
        ),
        AfterValidator(_an_instant),
    ] = Field(description="When it was so, by the operator's clock. It is kept, and decides nothing.")


class VerdictTaken(BaseModel):
    """What became of the verdict."""

    outcome: Outcome = Field(
        description="accepted: it decided. late: nothing waited for it any more. repeated: the request was answered "
        "before. foreign: this operator was not asked this about this number."
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
        problems=(NOT_FOUND,),
        around=partial(activity.track, is_input=True),
    )
    async def take_verdict(call: Call) -> Reply:
        body: VerdictMessage = call.body
        verdict = Verdict(body.result, call.received_at, durations.instant(body.as_of))
        outcome = await database.run(
            lambda tx: service.verdict(tx, call.received_at, call.caller, body.request_id, body.phone_number, verdict)
        )
        service.wake()
        return Reply(VerdictTaken(outcome=outcome))

    return group
