"""Appeals against refusals (S94): the service makes them, the lab reviews them; and the breaches that are on record."""

from functools import partial
from typing import Literal

from pydantic import Field

from gateway.api.errors import APPEAL_OVER, BINDING_STATE, NOT_APPEALABLE, as_problems
from gateway.api.types import Timestamp
from gateway.identification import appeals, breaches
from gateway.identification.appeals import AppealState
from gateway.identification.service import IdentificationService
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.web import Body, Call, Model, Reply, Routes


class Appeal(Body):
    """An appeal against a refusal that an operator's word, or silence, brought."""

    id: str
    identification_id: str
    state: AppealState
    reason: str = Field(description="Why the identification was refused.")
    created_at: Timestamp
    refused_at: Timestamp
    decided_at: Timestamp | None
    restored_by: str | None = Field(description="The identification that stands on the corrected verdict.")


class AppealPage(Body):
    """Appeals, the youngest first, and what all of them came to."""

    appeals: list[Appeal]
    open: int
    wrong_blocks: int = Field(description="How many refusals were wrong.")
    time_to_restore_s: float | None = Field(description="The mean time from a wrong refusal to its correction.")


class Decision(Model):
    """What the review found."""

    decision: Literal["upheld", "rejected"] = Field(
        description="upheld: the operator should have answered PRESENT, and the user is identified by that."
    )


class Breach(Body):
    """That somebody did what a rule asks too late, or not at all."""

    rule: str = Field(description="The timer that was broken, such as T_notice.")
    side: breaches.Side
    party: str
    about: str
    due_at: Timestamp | None
    happened_at: Timestamp


class BreachPage(Body):
    """Breaches, the latest first."""

    breaches: list[Breach]


def routes(service: IdentificationService, database: Database) -> Routes:
    """Return the routes of the services."""
    group = Routes("appeals")

    @group.add(
        "POST",
        "/v1/identifications/{id}/appeals",
        "Appeal against a refusal",
        scheme="service",
        answers={201: Appeal},
        problems=(NOT_APPEALABLE, APPEAL_OVER),
    )
    async def lodge(call: Call) -> Reply:
        def unit(tx: Tx) -> appeals.Appeal:
            attempt = service.get(tx, call.caller, call.path["id"])
            return service.appeals.lodge(tx, call.received_at, attempt)

        with as_problems():
            return Reply(_shown(await database.run(unit)), 201)

    @group.add("GET", "/v1/appeals/{id}", "Read an appeal", scheme="service", answers={200: Appeal})
    async def read(call: Call) -> Reply:
        with as_problems():
            unit = partial(appeals.find, appeal_id=call.path["id"], service_id=call.caller)
            return Reply(_shown(await database.run(unit)))

    return group


def lab_routes(service: IdentificationService, database: Database) -> Routes:
    """Return the routes of the lab, which reviews."""
    group = Routes("lab: appeals")

    @group.add("GET", "/lab/appeals", "List appeals, and count what they came to", answers={200: AppealPage})
    async def list_them(_call: Call) -> Reply:
        found, count = await database.run(lambda tx: (appeals.page(tx), appeals.count(tx)))
        took = None if count.time_to_restore is None else count.time_to_restore / 1000
        shown = [_shown(one) for one in found]
        return Reply(
            AppealPage(appeals=shown, open=count.open, wrong_blocks=count.wrong_blocks, time_to_restore_s=took)
        )

    @group.add("GET", "/lab/appeals/{id}", "Read an appeal", answers={200: Appeal})
    async def read(call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(await database.run(partial(appeals.find, appeal_id=call.path["id"]))))

    @group.add(
        "POST",
        "/lab/appeals/{id}/decision",
        "Decide an appeal; the user of one that is upheld is identified by the corrected verdict",
        body=Decision,
        answers={200: Appeal},
        problems=(APPEAL_OVER, BINDING_STATE),
    )
    async def decide(call: Call) -> Reply:
        upheld = call.body.decision == "upheld"
        with as_problems():
            decided = await database.run(
                lambda tx: service.appeals.decide(tx, call.received_at, call.path["id"], upheld=upheld)
            )
        service.wake()
        return Reply(_shown(decided))

    @group.add("GET", "/lab/breaches", "List who did what a rule asks too late", answers={200: BreachPage})
    async def list_breaches(_call: Call) -> Reply:
        found = await database.run(breaches.page)
        return Reply(BreachPage(breaches=[Breach.model_validate(breaches.snapshot(one)) for one in found]))

    return group


def _shown(appeal: appeals.Appeal) -> Appeal:
    return Appeal.model_validate(appeals.snapshot(appeal))
