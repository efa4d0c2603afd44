"""What confirming and identifying cost: /v1/ledger."""

from typing import Annotated, Literal

from pydantic import Field

from confirm.ledger import Charge, Ledger, Total, decimal
from gateway.api.types import Money, Timestamp
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import iso
from smsc_emulator.base.web import Call, Model, Reply, Routes

Kind = Literal["sms", "call", "query"]


class LedgerCharge(Model):
    """One thing that cost something."""

    ordinal: int = Field(description="Its place in the ledger; `after` takes it.")
    at: Timestamp
    subject_id: str = Field(description="The confirmation or the identification that it was for.")
    kind: Kind
    quantity: int = Field(description="SMS segments, calls that were placed, or questions to an operator.")
    billable_seconds: int = Field(description="Begun seconds of an answered call.")
    amount: Money
    currency: str


class LedgerTotal(Model):
    """All charges of one kind added up."""

    kind: Kind
    quantity: int
    billable_seconds: int
    amount: Money
    currency: str


class LedgerPage(Model):
    """Charges, the oldest first, and what all charges of the service come to."""

    charges: list[LedgerCharge]
    totals: list[LedgerTotal] = Field(description="Of all charges, whatever the page shows; one for each kind.")


class LedgerQuery(Model):
    """Which part of the service's ledger to return."""

    after: Annotated[int, Field(ge=0, le=2**53)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


def routes(ledger: Ledger, database: Database) -> Routes:
    """Return the route of the ledger; each service sees its own charges."""
    group = Routes("ledger")

    @group.add(
        "GET",
        "/v1/ledger",
        "List what was charged, and what it comes to",
        scheme="service",
        query=LedgerQuery,
        answers={200: LedgerPage},
    )
    async def read(call: Call) -> Reply:
        wanted: LedgerQuery = call.query

        def page(tx: Tx) -> LedgerPage:
            charges = ledger.entries(tx, call.caller, wanted.after, wanted.limit)
            totals = ledger.totals(tx, call.caller)
            return LedgerPage(charges=[_charge(one) for one in charges], totals=[_total(one) for one in totals])

        return Reply(await database.run(page))

    return group


def _charge(charge: Charge) -> LedgerCharge:
    shown = {
        "ordinal": charge.ordinal,
        "at": iso(charge.at),
        "subject_id": charge.subject_id,
        "kind": charge.kind,
        "quantity": charge.quantity,
        "billable_seconds": charge.billable_seconds,
        "amount": decimal(charge.amount),
        "currency": charge.currency,
    }
    return LedgerCharge.model_validate(shown)


def _total(total: Total) -> LedgerTotal:
    shown = {
        "kind": total.kind,
        "quantity": total.quantity,
        "billable_seconds": total.billable_seconds,
        "amount": decimal(total.amount),
        "currency": total.currency,
    }
    return LedgerTotal.model_validate(shown)
