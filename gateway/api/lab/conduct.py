"""The ESME accounts, and the mistakes that each ESME makes."""

from typing import Literal

from pydantic import Field

from gateway.api.types import Timestamp
from smsc_emulator.base import durations
from smsc_emulator.base.web import NOT_FOUND, Body, Call, Model, ProblemError, Reply, Routes
from smsc_emulator.core.conduct import KINDS, Severity, Tally
from smsc_emulator.core.conduct_report import Report
from smsc_emulator.core.smsc import Smsc

_CONDUCT = "/lab/accounts/{system_id}/conduct"
_JUNIT, _TEXT = "application/xml", "text/plain"
_BY_ACCEPT = {_JUNIT: "junit", "text/xml": "junit", _TEXT: "text"}


class AccountShown(Body):
    """An ESME account."""

    system_id: str
    binds: int = Field(description="How many sessions are bound.")
    errors: int = Field(description="How many mistakes of its ESME are errors.")


class AccountList(Body):
    """The accounts, as configured."""

    accounts: list[AccountShown]


class ConductQuery(Model):
    """How to tell; without it, the Accept header decides."""

    format: Literal["json", "junit", "text"] | None = None


class Example(Body):
    """One mistake."""

    at: Timestamp
    detail: str


class MistakeShown(Body):
    """A kind of mistake that the ESME made."""

    kind: str
    severity: Severity
    clause: str = Field(description="The clause of SMPP 3.4.")
    sentence: str
    count: int
    first_at: Timestamp
    examples: list[Example] = Field(description="The latest ones, oldest first.")


class ConductShown(Body):
    """What an ESME did wrong since the lab's start or the last reset."""

    system_id: str
    errors: int
    warnings: int
    mistakes: list[MistakeShown]


def routes(smsc: Smsc) -> Routes:
    """Return the routes of the accounts."""
    group = Routes("lab: accounts")

    def report(call: Call) -> Report:
        system_id = call.path["system_id"]
        if system_id not in smsc.accounts:
            raise ProblemError(NOT_FOUND, f"There is no account {system_id!r}.")
        return Report.of(smsc.conduct, system_id)

    @group.add("GET", "/lab/accounts", "List the ESME accounts", answers={200: AccountList})
    async def list_them(_call: Call) -> Reply:
        shown = [
            AccountShown(system_id=id_, binds=len(account.links), errors=smsc.conduct.errors(id_))
            for id_, account in smsc.accounts.items()
        ]
        return Reply(AccountList(accounts=shown))

    @group.add(
        "GET",
        _CONDUCT,
        "Report the mistakes of an account's ESME, as JSON, as JUnit XML or for people",
        query=ConductQuery,
        answers={200: ConductShown},
        other_types=(_JUNIT, _TEXT),
    )
    async def show(call: Call) -> Reply:
        found = report(call)
        accepted = call.request.headers.get("Accept", "").partition(";")[0].partition(",")[0].strip()
        match call.query.format or _BY_ACCEPT.get(accepted):
            case "junit":
                return Reply(found.junit(), content_type=_JUNIT)
            case "text":
                return Reply(found.text().encode(), content_type=_TEXT)
            case _:
                return Reply(_shown(found))

    @group.add("DELETE", _CONDUCT, "Forget the mistakes of an account's ESME", answers={204: None})
    async def reset(call: Call) -> Reply:
        smsc.conduct.reset(report(call).account)
        return Reply(None, 204)

    return group


def _shown(report: Report) -> ConductShown:
    return ConductShown(
        system_id=report.account,
        errors=report.count(Severity.ERROR),
        warnings=report.count(Severity.WARNING),
        mistakes=[_mistake(kind, tally) for kind, tally in report.tallies.items()],
    )


def _mistake(kind: str, tally: Tally) -> MistakeShown:
    clause, severity, sentence = KINDS[kind]
    examples = [Example(at=durations.iso(example.at), detail=example.detail) for example in tally.examples]
    return MistakeShown(
        kind=kind,
        severity=severity,
        clause=clause,
        sentence=sentence,
        count=tally.count,
        first_at=durations.iso(tally.first_at),
        examples=examples,
    )
