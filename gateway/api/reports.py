"""The reports on conformance, on cost and use, and on exposure: of one service under /v1, of all under /lab."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal

from pydantic import BaseModel, Field

from gateway.api.errors import PER_PERSON
from gateway.api.types import Money, Timestamp
from gateway.identification.profiles import Schedule
from gateway.reports import exposure, page, reading, use
from gateway.reports.conforming import conformance
from gateway.reports.judging import Basis, Liable
from smsc_emulator.base.database import Database
from smsc_emulator.base.web import Body, Call, Model, ProblemError, Reply, Routes

HTML, TEXT = "text/html", "text/plain"


class FormatQuery(Model):
    """How to tell."""

    format: Literal["json", "text", "html"] = "json"


class PlainQuery(Model):
    """How to tell."""

    format: Literal["json", "text"] = "json"


class UseQuery(PlainQuery):
    """How to tell, and of what."""

    per: str | None = Field(
        None,
        pattern=r"^[a-z]{1,32}$",
        description="The name of one table; none of one person, one user or one number is ever made.",
        json_schema_extra={"examples": ["operator"]},
    )


class RuleJudged(Body):
    """What is said of one rule."""

    id: str
    sentence: str
    outcome: Literal["pass", "fail", "not_exercised"]
    liable: Liable = Field(description="Who answers for it, whoever caused a breach.")
    basis: Basis = Field(description="What the judgement rests on.")
    cases: int
    broken: int
    evidence: list[int] = Field(description="The latest places in the journal (`seq`), ten at most.")
    places: int = Field(description="How many such places there are in all.")
    remark: str


class ConformanceShown(Body):
    """Every rule with what the journal says of it."""

    at: Timestamp
    last_seq: int = Field(description="The last event of the journal that was read.")
    attempts: int
    passed: int
    failed: int
    not_exercised: int
    refusals: dict[str, int] = Field(description="How many attempts were refused for which reason.")
    rules: list[RuleJudged]


class UseCell(Body):
    """One line of a table; what is hidden is null."""

    key: str
    count: int | None
    quantity: int | None = None
    amount: Money | None = None
    currency: str | None = None


class UseTable(Body):
    """A table of aggregates."""

    name: str
    title: str
    measure: use.Measure
    total: int | None = Field(description="Null where it would tell what a hidden cell counts.")
    cells: list[UseCell]


class UseShown(Body):
    """What identifying costs, and how it is used."""

    least: int = Field(description="Cells that count fewer are hidden.")
    tables: list[UseTable]


class RiskShown(Body):
    """What one finding may cost one kind of offender, in whole units of the currency."""

    service_id: str
    finding_id: str
    kind: str
    seq: int
    part: str
    offender: str
    repeat: bool
    low: int
    high: int
    currency: str


class RiskTotal(Body):
    """What all findings against a service may cost one kind of offender."""

    service_id: str
    offender: str
    currency: str
    low: int
    high: int


class ExposureShown(Body):
    """What services risk by what was found against them. No money moves."""

    risks: list[RiskShown]
    totals: list[RiskTotal]


class Reporter:
    """Makes the reports, of one service or of all."""

    def __init__(self, database: Database, schedule: Schedule) -> None:
        self._database = database
        self._schedule = schedule

    async def judged(self, call: Call, service_id: str | None) -> Reply:
        """Answer with the report on conformance; as a page it has the other reports and the attempts with it."""
        known, names = self._schedule.profiles, self._schedule.names
        found = await conformance(self._database, known, names, call.received_at, service_id)
        match call.query.format:
            case "text":
                return Reply(found.text().encode(), content_type=TEXT)
            case "html":
                tables = await self._tables(service_id)
                risks = await self._risks(call, service_id)
                made = page.page(found, tables, risks, self.least)
                return Reply(made.encode(), content_type=HTML)
        return Reply(ConformanceShown.model_validate(found.snapshot()))

    async def counted(self, call: Call, service_id: str | None) -> Reply:
        """Answer with the report on cost and use."""
        wanted = call.query.per
        if wanted in use.PERSONS:
            raise ProblemError(PER_PERSON, f"there is no table of each {wanted}: reports tell of many persons at once")
        tables = [each for each in await self._tables(service_id) if wanted in (None, each.name)]
        if call.query.format == "text":
            return Reply(use.text(tables, self.least).encode(), content_type=TEXT)
        shown = [UseTable.model_validate(use.snapshot(table)) for table in tables]
        return Reply(UseShown(least=self.least, tables=shown))

    async def reckoned(self, call: Call, service_id: str | None) -> Reply:
        """Answer with the report on exposure."""
        found = await self._risks(call, service_id)
        if call.query.format == "text":
            return Reply(exposure.text(found).encode(), content_type=TEXT)
        return Reply(ExposureShown.model_validate(exposure.snapshot(found)))

    @property
    def least(self) -> int:
        """The smallest count that is shown: the largest of those of the profiles."""
        return max(self._schedule.profiles[name].stat_min_cell for name in self._schedule.names)

    async def _risks(self, call: Call, service_id: str | None) -> list[exposure.Risk]:
        found = await reading.findings(self._database, self._schedule.profiles, call.received_at, service_id)
        return exposure.risks(found, self._fines)

    async def _tables(self, service_id: str | None) -> list[use.Aggregate]:
        return await self._database.run(partial(use.report, least=self.least, service_id=service_id))

    def _fines(self, now: int) -> Any:
        return self._schedule.at(now).fines


Answer = Callable[[Call, str | None], Awaitable[Reply]]


def routes(database: Database, schedule: Schedule) -> Routes:
    """Return the routes of the reports that a service gets of itself."""
    return _routes("reports", "/v1/reports", Reporter(database, schedule), scheme="service")


def lab_routes(database: Database, schedule: Schedule) -> Routes:
    """Return the routes of the reports on the whole lab."""
    return _routes("lab: reports", "/lab/reports", Reporter(database, schedule), scheme="")


def _routes(tag: str, above: str, reporter: Reporter, scheme: str) -> Routes:
    group = Routes(tag)
    lines: tuple[tuple[str, str, type[Model], type[BaseModel], Answer, tuple[str, ...]], ...] = (
        ("conformance", "Judge every rule", FormatQuery, ConformanceShown, reporter.judged, (TEXT, HTML)),
        ("use", "Count what identifying costs and how it is used", UseQuery, UseShown, reporter.counted, (TEXT,)),
        ("exposure", "Reckon what findings may cost", PlainQuery, ExposureShown, reporter.reckoned, (TEXT,)),
    )
    for name, summary, query, shown, answer, others in lines:
        group.add(
            "GET",
            f"{above}/{name}",
            summary,
            scheme=scheme,
            query=query,
            answers={200: shown},
            other_types=others,
            problems=(PER_PERSON,) if query is UseQuery else (),
        )(partial(_answer, answer))
    return group


async def _answer(answer: Answer, call: Call) -> Reply:
    return await answer(call, call.caller or None)
