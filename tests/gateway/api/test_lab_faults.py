"""Faults and conduct over HTTP, with the SMSC behind them on its own port."""

from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest
from aiohttp.test_utils import TestClient, TestServer

from gateway.api.lab import conduct, faults
from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.web import operations
from smsc_emulator.core.faults.engine import MOST_RULES
from smsc_emulator.core.faults.registry import REGISTRY
from smsc_emulator.core.settings import SmscSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.handsets import Handsets

RULE = {"fault": "status", "status": "ESME_RTHROTTLED", "when": {"destination": "+7000", "every": 3}}


@pytest.fixture
def smsc(clock: LabClock, journal: Journal) -> Smsc:
    return Smsc(SmscSettings(), clock, journal, Handsets([]))


@pytest.fixture
async def api(smsc: Smsc, clock: LabClock) -> AsyncIterator[TestClient]:
    app = application(operations([faults.routes(smsc.faults), conduct.routes(smsc)], {}, clock))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_faults_are_added_listed_and_taken_away(api: TestClient, smsc: Smsc) -> None:
    answer = await api.post("/lab/faults", json=RULE)
    assert answer.status == 201
    added = await answer.json()
    assert added | {"rule": None} == {"id": "flt_1", "fitted": 0, "fired": 0, "rule": None}
    assert added["rule"] | RULE | {"when": None} == added["rule"] | {"when": None}
    assert (await (await api.get("/lab/faults")).json())["faults"] == [added]
    assert await (await api.get("/lab/faults/flt_1")).json() == added
    assert (await api.delete("/lab/faults/flt_1")).status == 204
    assert (await api.delete("/lab/faults/flt_1")).status == 404
    assert not smsc.faults.active


@pytest.mark.parametrize("name", REGISTRY)
async def test_every_example_is_taken_and_shown_as_it_can_be_sent_again(api: TestClient, name: str) -> None:
    first = await (await api.post("/lab/faults", json=REGISTRY[name].example)).json()
    again = await api.post("/lab/faults", json=first["rule"])
    assert again.status == 201
    assert (await again.json())["rule"] == first["rule"]


async def test_a_reset_takes_all_away_and_numbers_anew(api: TestClient) -> None:
    for _ in range(2):
        await api.post("/lab/faults", json=RULE)
    assert (await api.delete("/lab/faults")).status == 204
    assert await (await api.get("/lab/faults")).json() == {"faults": []}
    assert (await (await api.post("/lab/faults", json=RULE)).json())["id"] == "flt_1"


async def test_a_rule_that_cannot_be_is_told_where_it_is_wrong(api: TestClient) -> None:
    answer = await api.post("/lab/faults", json={**RULE, "when": {"every": 0}})
    assert answer.status == 400
    assert "when.every" in (await answer.json())["detail"]


async def test_no_more_rules_than_may_be(api: TestClient, smsc: Smsc) -> None:
    await api.post("/lab/faults", json=RULE)
    (rule,) = smsc.faults.rules()
    for _ in range(MOST_RULES - 1):
        smsc.faults.add(rule.fault)
    answer = await api.post("/lab/faults", json=RULE)
    assert (answer.status, (await answer.json())["code"]) == (409, "too_many_faults")


async def test_conduct_comes_in_the_form_that_is_asked_for(api: TestClient, smsc: Smsc) -> None:
    smsc.conduct.note("smppclient1", "priority", "priority_flag 9", smsc.lab_now())
    path = "/lab/accounts/smppclient1/conduct"
    told = await (await api.get(path)).json()
    assert (told["errors"], told["warnings"]) == (0, 1)
    (mistake,) = told["mistakes"]
    assert (mistake["kind"], mistake["clause"], mistake["count"]) == ("priority", "5.2.14", 1)
    assert mistake["examples"] == [{"at": "2026-01-01T12:00:00.000Z", "detail": "priority_flag 9"}]
    for answer in (
        await api.get(path, params={"format": "junit"}),
        await api.get(path, headers={"Accept": "application/xml"}),
    ):
        assert answer.content_type == "application/xml"
        assert ElementTree.fromstring(await answer.text()).get("name") == "conduct of smppclient1"
    answer = await api.get(path, headers={"Accept": "text/plain; charset=utf-8"})
    assert answer.content_type == "text/plain"
    assert (await answer.text()).startswith("smppclient1: 0 errors, 1 warnings\n")
    assert (await api.delete(path)).status == 204
    assert (await (await api.get(path)).json())["mistakes"] == []
    assert (await api.get(path, params={"format": "pdf"})).status == 400


async def test_accounts_are_listed_with_their_errors(api: TestClient, smsc: Smsc) -> None:
    smsc.conduct.note("smppclient1", "sequence_reuse", "submit_sm 5", smsc.lab_now())
    listed = await (await api.get("/lab/accounts")).json()
    assert listed == {"accounts": [{"system_id": "smppclient1", "binds": 0, "errors": 1}]}
    assert (await api.get("/lab/accounts/nobody/conduct")).status == 404
