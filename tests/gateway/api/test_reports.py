"""The reports over HTTP: what a service sees of itself, what the lab sees of all, and what nobody sees."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from gateway.api import reports
from gateway.api.auth import service_guard
from gateway.identification import profiles
from gateway.identification.profiles import Schedule
from gateway.resources import config_path
from gateway.settings import Settings
from smsc_emulator.base.application import application
from smsc_emulator.base.database import Tx
from smsc_emulator.base.web import operations

OTHER = {"id": "other", "name": "Other", "key": "other-key"}
SERVICES = Settings(services=[*Settings().model_dump()["services"], OTHER]).services
KEYS = {each.id: each.key for each in SERVICES}


class Face:
    """A client of the reports."""

    def __init__(self, gateway: Any, session: ClientSession, url: str) -> None:
        self.gateway = gateway
        self._session = session
        self._url = url

    async def text(self, path: str, service: str = "demo") -> tuple[int, str, str]:
        headers = {"Authorization": f"Bearer {KEYS[service]}"} if service in KEYS else {}
        async with self._session.get(self._url + path, headers=headers) as answer:
            return answer.status, answer.content_type, await answer.text()

    async def json(self, path: str, service: str = "demo") -> Any:
        headers = {"Authorization": f"Bearer {KEYS[service]}"}
        async with self._session.get(self._url + path, headers=headers) as answer:
            return await answer.json(content_type=None)

    async def tell(self, type_: str, subject: str, **data: Any) -> None:
        def unit(tx: Tx) -> None:
            tx.record(self.gateway.clock.now(), type_, subject, **data)

        await self.gateway.database.run(unit)


@pytest.fixture
async def face(gateway: Any) -> AsyncIterator[Face]:
    schedule = Schedule(profiles.load_all(config_path("profiles")), "ru-1801")
    groups = [each(gateway.database, schedule) for each in (reports.routes, reports.lab_routes)]
    app = application(operations(groups, {"service": service_guard(SERVICES)}, gateway.clock))
    async with TestServer(app) as server, ClientSession() as session:
        yield Face(gateway, session, str(server.make_url("")).rstrip("/"))


def outcomes(report: Any) -> dict[str, str]:
    return {row["id"]: row["outcome"] for row in report["rules"]}


async def test_an_identification_keeps_the_rules_that_it_exercises(face):
    await face.gateway.identified()
    report = await face.json("/v1/reports/conformance")
    assert (report["attempts"], report["failed"], len(report["rules"])) == (1, 0, 100)
    kept = {rule for rule, outcome in outcomes(report).items() if outcome == "pass"}
    assert {"S01", "S02", "S06", "S07", "S08", "S18", "S23", "S24", "S29", "S66", "S95"} <= kept
    evidence = next(row for row in report["rules"] if row["id"] == "S01")["evidence"]
    stored = {event.seq: event.type for event in face.gateway.database.journal.since(0, 1000)}
    assert [stored[seq] for seq in evidence][-1] == "identification.identified"


async def test_a_broken_rule_is_told_with_its_evidence_and_the_party_that_answers(face):
    told = {"rule": "T_notice", "side": "operator", "party": "alpha", "about": "ntc_1"}
    await face.tell("breach.recorded", "bre_1", **told)
    report = await face.json("/lab/reports/conformance")
    row = next(row for row in report["rules"] if row["id"] == "S10")
    assert (row["outcome"], row["liable"], row["broken"], len(row["evidence"])) == ("fail", "operator", 1, 1)
    assert report["failed"] == 1


async def test_a_service_sees_its_own_attempts_and_the_lab_sees_all(face):
    await face.gateway.identified()
    assert (await face.json("/v1/reports/conformance", "other"))["attempts"] == 0
    assert (await face.json("/lab/reports/conformance"))["attempts"] == 1
    use = await face.json("/v1/reports/use", "other")
    assert [table["cells"] for table in use["tables"]] == [[] for _ in use["tables"]]


async def test_without_a_key_a_service_gets_nothing(face):
    status, _, _ = await face.text("/v1/reports/conformance", "nobody")
    assert status == 401


async def test_a_history_longer_than_a_page_is_read_whole(face, monkeypatch):
    monkeypatch.setattr(reports.reading, "PAGE", 3)
    await face.gateway.identified()
    report = await face.json("/lab/reports/conformance")
    assert (report["attempts"], outcomes(report)["S18"]) == (1, "pass")


@pytest.mark.parametrize(
    ("format_", "type_", "begins"),
    [("text", "text/plain", "100 rules: "), ("html", "text/html", "<!doctype html>")],
)
async def test_the_report_is_told_in_other_forms_and_never_with_a_number_or_a_code(face, format_, type_, begins):
    done = await face.gateway.identified()
    status, content_type, text = await face.text(f"/lab/reports/conformance?format={format_}")
    assert (status, content_type) == (200, type_)
    assert text.startswith(begins)
    assert done["phone_number"] not in text
    assert done["identification_code"] not in text
    assert "user-1" not in text


async def test_the_page_has_a_timeline_of_each_attempt(face):
    done = await face.gateway.identified()
    _, _, text = await face.text("/lab/reports/conformance?format=html")
    assert text.count("<svg ") == 1
    assert done["id"] in text


async def test_small_counts_are_hidden_and_larger_ones_are_shown(face):
    for place in range(9):
        await face.gateway.start(f"+7000000000{place + 1}", f"user-{place}")
    (table,) = (await face.json("/v1/reports/use?per=state"))["tables"]
    assert (table["total"], table["cells"]) == (
        None,
        [{"key": "CONFIRMING", "count": None, "quantity": None, "amount": None, "currency": None}],
    )
    await face.gateway.start("+70000000010", "user-9")
    (table,) = (await face.json("/v1/reports/use?per=state"))["tables"]
    assert (table["total"], table["cells"][0]["count"]) == (10, 10)
    cost = (await face.json("/v1/reports/use?per=kind"))["tables"][0]["cells"]
    assert [(cell["key"], cell["count"], cell["quantity"], cell["amount"]) for cell in cost] == [("sms", 10, 10, "0.5")]


@pytest.mark.parametrize("per", ["user", "number", "subscriber"])
async def test_an_export_of_persons_is_refused(face, per):
    for path in (f"/v1/reports/use?per={per}", f"/lab/reports/use?per={per}&format=text"):
        status, _, text = await face.text(path)
        assert status == 403
        assert '"per_person"' in text


async def test_what_findings_may_cost_is_reckoned_from_the_profiles_fines(face):
    await face.tell("finding.made", "fnd_1", service_id="demo", kind="not_listed")
    assert (await face.json("/v1/reports/exposure")) == {"risks": [], "totals": []}
    await face.tell("finding.made", "fnd_2", service_id="demo", kind="no_identification")
    totals = (await face.json("/v1/reports/exposure"))["totals"]
    assert {"service_id": "demo", "offender": "legal_entity", "currency": "RUB", "low": 800_000, "high": 1_000_000} in (
        totals
    )
    assert (await face.json("/v1/reports/exposure", "other"))["risks"] == []
    _, _, text = await face.text("/lab/reports/exposure?format=text")
    assert "demo, as legal_entity: 800000 to 1000000 RUB in all" in text
