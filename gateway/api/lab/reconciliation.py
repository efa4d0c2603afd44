"""The comparison of the identification codes in force with the operators' registers: begun by hand, and what it found.

Codes are in no answer: what differs is told by number, service and binding.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from gateway.api.types import Timestamp
from gateway.identification import reconciliation
from gateway.identification.reconciliation import Comparison, Difference
from gateway.identification.service import IdentificationService
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import iso
from smsc_emulator.base.web import NOT_FOUND, Body, Call, Model, ProblemError, Reply, Routes

OperatorId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$", examples=["alpha"])]


class ReconciliationStart(Model):
    """Whose registers are to be compared."""

    operator_id: OperatorId | None = Field(None, description="Left out: all operators'.")


class ReconciliationStarted(Body):
    """The operators have been asked; the journal's reconciliation.finished tells of the end with each."""

    operator_ids: list[str] = Field(description="Who was asked: all that were meant but those with one under way.")


class ReconciliationQuery(Model):
    """Which differences."""

    operator_id: OperatorId | None = None
    limit: int = Field(1000, ge=1, le=1000)


class ComparisonShown(Body):
    """How far the latest comparison with an operator has come."""

    operator_id: str
    started_at: Timestamp | None
    finished_at: Timestamp | None


class DifferenceShown(Body):
    """An entry that the operator's register has otherwise."""

    id: str
    found_at: Timestamp
    operator_id: str
    kind: Literal["missing", "left_open", "unknown", "differing"] = Field(
        description="missing: the operator does not list a code in force; left_open: it lists one that is in force no"
        " more; unknown: one that was never made here; differing: one of another number, service or operator."
    )
    phone_number: str
    service_id: str | None
    binding_id: str | None


class ReconciliationPage(Body):
    """The comparisons, and the differences that all of them found, the latest first."""

    comparisons: list[ComparisonShown]
    differences: list[DifferenceShown]


def routes(service: IdentificationService, database: Database, operator_ids: Sequence[str]) -> Routes:
    """Return the routes of the comparisons with these operators."""
    group = Routes("lab: reconciliation")

    def known(operator_id: str | None) -> str | None:
        if operator_id is not None and operator_id not in operator_ids:
            raise ProblemError(NOT_FOUND, f"There is no operator {operator_id!r}.")
        return operator_id

    @group.add(
        "POST",
        "/lab/reconciliation",
        "Compare the codes in force with the operators' registers now",
        body=ReconciliationStart,
        answers={202: ReconciliationStarted},
        problems=(NOT_FOUND,),
    )
    async def start(call: Call) -> Reply:
        wanted = known(call.body.operator_id)
        chosen = operator_ids if wanted is None else [wanted]
        asked = await database.run(lambda tx: service.reconciliation.begin_now(tx, call.received_at, chosen))
        service.wake()
        return Reply(ReconciliationStarted(operator_ids=asked), 202)

    @group.add(
        "GET",
        "/lab/reconciliation",
        "List what the comparisons found",
        query=ReconciliationQuery,
        answers={200: ReconciliationPage},
        problems=(NOT_FOUND,),
    )
    async def list_them(call: Call) -> Reply:
        wanted: ReconciliationQuery = call.query
        chosen = known(wanted.operator_id)

        def unit(tx: Tx) -> tuple[list[Comparison], list[Difference]]:
            return reconciliation.comparisons(tx), reconciliation.page(tx, chosen, wanted.limit)

        begun, found = await database.run(unit)
        comparisons = [_comparison(one) for one in begun if chosen in (None, one.operator_id)]
        return Reply(ReconciliationPage(comparisons=comparisons, differences=[_difference(one) for one in found]))

    return group


def _comparison(one: Comparison) -> ComparisonShown:
    return ComparisonShown(
        operator_id=one.operator_id, started_at=_iso(one.started_at), finished_at=_iso(one.compared_at)
    )


def _difference(one: Difference) -> DifferenceShown:
    shown = {
        "id": one.id,
        "found_at": iso(one.at),
        "operator_id": one.operator_id,
        "kind": one.kind,
        "phone_number": one.phone_number,
        "service_id": one.service_id,
        "binding_id": one.binding_id,
    }
    return DifferenceShown.model_validate(shown)


def _iso(instant: int | None) -> str | None:
    return None if instant is None else iso(instant)
