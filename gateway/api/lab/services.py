"""The lab's powers over services: what they are, what they have agreed, the register, findings and blocks."""

from typing import Annotated, Any

from pydantic import Field

from gateway.api.errors import BLOCK_REFUSED, FINDING_OVER, NOT_BLOCKED, NOT_LISTED, SELF_NEEDS_DOMESTIC, as_problems
from gateway.api.registry import ServiceName
from gateway.api.types import Instant, Timestamp
from gateway.services import directory, findings, standing, store
from gateway.services.findings import Finding
from gateway.services.rules import ExchangeMode, Payer, RulesAt
from gateway.services.settings import Origin
from gateway.services.standing import Agreement, AgreementState, Features, Kind, OwnMode, Residency, Service
from smsc_emulator.base import durations
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.web import Body, Call, Handler, Model, Reply, Routes

_ONE = "/lab/services/{id}"
_ID = r"^[a-z0-9][a-z0-9-]{0,31}$"


class FeaturesBody(Model):
    """What users can do with the messaging part; null: undetermined."""

    user_to_user: bool | None = True
    sender_picks_recipients: bool | None = True
    public_posting: bool | None = False


class ServiceBody(Model):
    """What a service is."""

    residency: Residency = "foreign"
    kind: Kind = "messenger"
    mode: OwnMode = Field("operator", description="Who identifies its users; `self` is for domestic ones.")
    features: FeaturesBody = FeaturesBody()


class AgreementBody(Model):
    """What a service and an operator agree on from now on."""

    state: AgreementState
    grace_until: Instant | None = Field(None, description="While negotiating: the last instant of the extra time.")
    valid_from: Instant | None = Field(None, description="Once signed: the first instant.")
    valid_to: Instant | None = Field(None, description="The first instant at which it is over.")
    exchange_mode: ExchangeMode | None = Field(None, description="What may be asked; null: as the profile says.")
    payer: Payer | None = Field(None, description="Who pays; null: as the profile says.")


class AgreementShown(AgreementBody):
    """An agreement."""

    operator_id: str


class ServiceShown(ServiceBody):
    """A service, as it is on record now."""

    id: str
    name: str
    is_im_service: bool | None = Field(description="Whether the law's definition fits; null: undetermined.")
    is_listed: bool = Field(description="Whether the public register has it; neither follows from the other.")
    is_blocked: bool
    any_operator: bool = Field(description="Whether it counts as having agreed with operators not named here.")
    agreements: list[AgreementShown]


class ServiceList(Body):
    """The services of the gateway."""

    services: list[ServiceShown]


class NewFinding(Model):
    """What was found against a service; the time to mend it begins."""

    kind: findings.Kind


class FindingShown(Body):
    """A finding. It is never a fine."""

    id: str
    service_id: str
    kind: findings.Kind
    state: findings.State
    found_at: Timestamp
    cure_by: Timestamp = Field(description="The last instant at which it is mended in time.")
    ended_at: Timestamp | None


class FindingList(Body):
    """Findings, the oldest first."""

    findings: list[FindingShown]


class NewBlock(Model):
    """A block of a service in the country."""

    ground: Annotated[str, Field(min_length=1, max_length=128)]
    blocked_from: Instant | None = Field(None, description="Its first instant; by default, now.")
    finding_id: str | None = Field(None, description="The uncured finding that it is for; null: any other ground.")
    court: bool = Field(False, description="Whether a court has ordered it.")


class NewListing(Model):
    """A name for the public register, of a service that is here or of any other."""

    name: ServiceName
    origin: Origin = "applied"
    listed_from: Instant | None = Field(None, description="Its first instant; by default, now.")
    listed_to: Instant | None = Field(None, description="The first instant at which it is there no more.")


class Removal(Model):
    """A name that is to be in the public register no more."""

    name: ServiceName


class _LabServices:
    """The handlers."""

    def __init__(self, database: Database, rules: RulesAt) -> None:
        self._database = database
        self._rules = rules

    async def list_them(self, call: Call) -> Reply:
        now = call.received_at
        found = await self._database.run(lambda tx: [_service(tx, now, each) for each in store.ids(tx)])
        return Reply(ServiceList(services=found))

    async def show(self, call: Call) -> Reply:
        with as_problems():
            return Reply(await self._database.run(lambda tx: _service(tx, call.received_at, call.path["id"])))

    async def change(self, call: Call) -> Reply:
        now, service_id, body = call.received_at, call.path["id"], call.body

        def unit(tx: Tx) -> ServiceShown:
            before = directory.get(tx, service_id)
            features = Features(**body.features.model_dump())
            described = (body.residency, body.kind, body.mode, features, before.any_operator)
            directory.change(tx, now, Service(service_id, before.name, *described))
            return _service(tx, now, service_id)

        with as_problems():
            return Reply(await self._database.run(unit))

    async def agree(self, call: Call) -> Reply:
        now, service_id, body = call.received_at, call.path["id"], call.body
        agreement = Agreement(
            call.path["operator_id"],
            body.state,
            _instant(body.grace_until),
            _instant(body.valid_from),
            _instant(body.valid_to),
            body.exchange_mode,
            body.payer,
        )
        with as_problems():
            await self._database.run(lambda tx: directory.agree(tx, now, service_id, agreement))
        return Reply(_agreement(agreement))

    async def find(self, call: Call) -> Reply:
        now, service_id, kind = call.received_at, call.path["id"], call.body.kind

        def unit(tx: Tx) -> Finding:
            directory.get(tx, service_id)
            return findings.make(tx, now, service_id, kind, self._rules(now))

        with as_problems():
            return Reply(_finding(await self._database.run(unit)), 201)

    async def found(self, call: Call) -> Reply:
        found = await self._database.run(lambda tx: findings.of(tx, call.path["id"]))
        return Reply(FindingList(findings=[_finding(one) for one in found]))

    async def cure(self, call: Call) -> Reply:
        now, service_id, finding_id = call.received_at, call.path["id"], call.path["finding_id"]
        with as_problems():
            cured = await self._database.run(lambda tx: findings.cure(tx, now, service_id, finding_id))
        return Reply(_finding(cured))

    async def block(self, call: Call) -> Reply:
        now, service_id, body = call.received_at, call.path["id"], call.body
        blocked_from = now if body.blocked_from is None else durations.instant(body.blocked_from)

        def unit(tx: Tx) -> ServiceShown:
            directory.get(tx, service_id)
            findings.block(
                tx,
                now,
                service_id,
                ground=body.ground,
                blocked_from=blocked_from,
                rules=self._rules(now),
                finding_id=body.finding_id,
                court=body.court,
            )
            return _service(tx, now, service_id)

        with as_problems():
            return Reply(await self._database.run(unit))

    async def restore(self, call: Call) -> Reply:
        with as_problems():
            await self._database.run(lambda tx: findings.restore(tx, call.received_at, call.path["id"]))
        return Reply(None, 204)

    async def enter(self, call: Call) -> Reply:
        now, body = call.received_at, call.body
        first = now if body.listed_from is None else durations.instant(body.listed_from)
        last = _instant(body.listed_to)
        await self._database.run(lambda tx: directory.enter(tx, now, body.name, body.origin, first, last))
        return Reply(None, 204)

    async def remove(self, call: Call) -> Reply:
        with as_problems():
            await self._database.run(lambda tx: directory.remove(tx, call.received_at, call.body.name))
        return Reply(None, 204)


def routes(database: Database, rules: RulesAt) -> Routes:
    """Return the routes; `rules` tells the profile in force, which says how long findings may be mended."""
    group, handlers = Routes("lab: services"), _LabServices(database, rules)

    def add(method: str, path: str, summary: str, handler: Handler, *problems: Any, **more: Any) -> None:
        patterns = {"id": _ID, "operator_id": _ID, "finding_id": r"^[a-z0-9_-]{1,64}$"}
        patterns = {name: pattern for name, pattern in patterns.items() if f"{{{name}}}" in path}
        group.add(method, path, summary, problems=problems, patterns=patterns, **more)(handler)

    shown = {200: ServiceShown}
    add(
        "GET",
        "/lab/services",
        "List the services with all that is on record",
        handlers.list_them,
        answers={200: ServiceList},
    )
    add("GET", _ONE, "Show a service with all that is on record", handlers.show, answers=shown)
    add("PUT", _ONE, "Say what a service is", handlers.change, SELF_NEEDS_DOMESTIC, body=ServiceBody, answers=shown)
    add(
        "PUT",
        _ONE + "/agreements/{operator_id}",
        "Say what a service and an operator agree on; queries that were sent go on by what was agreed then",
        handlers.agree,
        body=AgreementBody,
        answers={200: AgreementShown},
    )
    all_, one = _ONE + "/findings", _ONE + "/findings/{finding_id}"
    add("POST", all_, "Find something against a service", handlers.find, body=NewFinding, answers={201: FindingShown})
    add("GET", all_, "List the findings against a service", handlers.found, answers={200: FindingList})
    add("POST", one + "/cure", "Note that it was mended", handlers.cure, FINDING_OVER, answers={200: FindingShown})
    block = _ONE + "/block"
    add("PUT", block, "Block a service", handlers.block, BLOCK_REFUSED, body=NewBlock, answers=shown)
    add("DELETE", block, "Restore a service", handlers.restore, NOT_BLOCKED, answers={204: None})
    add(
        "POST",
        "/lab/registry",
        "Enter a name in the public register",
        handlers.enter,
        body=NewListing,
        answers={204: None},
    )
    add(
        "POST",
        "/lab/registry/removals",
        "Take a name out of the public register",
        handlers.remove,
        NOT_LISTED,
        body=Removal,
        answers={204: None},
    )
    return group


def _service(tx: Tx, now: int, service_id: str) -> ServiceShown:
    service = directory.get(tx, service_id)
    found = store.standing(tx, now, service_id)
    shown = {
        "id": service.id,
        "name": service.name,
        "residency": service.residency,
        "kind": service.kind,
        "mode": service.mode,
        "features": {name: getattr(service.features, name) for name in FeaturesBody.model_fields},
        "is_im_service": standing.is_im_service(service.features),
        "is_listed": found.listed,
        "is_blocked": found.blocked,
        "any_operator": service.any_operator,
        "agreements": [_agreement(each) for each in found.agreements],
    }
    return ServiceShown.model_validate(shown)


def _agreement(agreement: Agreement) -> AgreementShown:
    return AgreementShown(
        operator_id=agreement.operator_id,
        state=agreement.state,
        grace_until=_iso(agreement.grace_until),
        valid_from=_iso(agreement.valid_from),
        valid_to=_iso(agreement.valid_to),
        exchange_mode=agreement.exchange_mode,
        payer=agreement.payer,
    )


def _finding(finding: Finding) -> FindingShown:
    return FindingShown(
        id=finding.id,
        service_id=finding.service_id,
        kind=finding.kind,
        state=finding.state,
        found_at=durations.iso(finding.found_at),
        cure_by=durations.iso(finding.cure_by),
        ended_at=_iso(finding.ended_at),
    )


def _instant(text: str | None) -> int | None:
    return None if text is None else durations.instant(text)


def _iso(instant: int | None) -> str | None:
    return None if instant is None else durations.iso(instant)
