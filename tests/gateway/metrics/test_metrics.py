"""What Prometheus is told: counts of the journal's events, gauges, and a page and a dashboard that name them all."""

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics.counts import Counts, Histogram
from gateway.metrics.metrics import Metrics
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.web import Answered

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "metrics.md").read_text()
DASHBOARD = json.loads((ROOT / "configs" / "grafana-dashboard.json").read_text())
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def samples(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the values of each metric by the values of their labels."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(metrics.page().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def told(metrics: Metrics, kind: str, **data: Any) -> None:
    metrics.counts.read(Event(60_000, kind, "subject", data))


def test_messages_are_counted_by_account_status_and_state() -> None:
    metrics = Metrics()
    for status in (0, 0, 0x58, 0x4FF, 0x4FE):
        told(metrics, "smpp.submit_sm", account="alice", to="70000000001", command_status=status)
    told(metrics, "message.accepted", account="alice", to="70000000001")
    told(metrics, "message.accepted", account="", to="1234")
    told(metrics, "message.delivered", account="alice", to="70000000001", state=2)
    told(metrics, "message.failed", account="alice", to="70000000001", state=3)
    found = samples(metrics)
    assert found["confirmlab_smpp_submits_total"] == {
        ("alice", "ESME_ROK"): 2.0,
        ("alice", "ESME_RTHROTTLED"): 1.0,
        ("alice", "other"): 2.0,
    }
    assert found["confirmlab_messages_accepted_total"] == {("esme",): 1.0, ("handset",): 1.0}
    assert found["confirmlab_messages_final_total"] == {("delivered",): 1.0, ("expired",): 1.0}
    assert found["confirmlab_events_total"]["smpp.submit_sm",] == 5.0


def test_the_time_of_a_confirmation_is_put_into_its_bucket() -> None:
    metrics = Metrics()
    confirmation = {"method": "sms_code", "created_at": "1970-01-01T00:00:48.000Z"}
    told(metrics, "confirmation.confirmed", confirmation=confirmation)
    found = samples(metrics)
    buckets = found["confirmlab_confirmation_seconds_bucket"]
    assert (buckets["5.0", "sms_code"], buckets["15.0", "sms_code"]) == (0.0, 1.0)
    assert found["confirmlab_confirmation_seconds_sum"] == {("sms_code",): 12.0}
    assert found["confirmlab_confirmation_events_total"] == {("confirmed", "sms_code"): 1.0}


def test_a_value_on_the_bound_of_a_bucket_is_in_it() -> None:
    histogram = Histogram((1, 2))
    for value in (1, 1.5, 2, 3):
        histogram.observe(value)
    assert histogram.buckets() == [("1.0", 1.0), ("2.0", 3.0), ("+Inf", 4.0)]


def test_events_that_are_alike_can_be_counted_together() -> None:
    one, many = Counts(), Counts()
    data = {"account": "alice", "command_status": 0}
    for _ in range(3):
        one.read(Event(0, "smpp.submit_sm", "1", data))
    many.add("smpp.submit_sm", data, 3)
    assert one.events() == many.events() == {"smpp.submit_sm": 3}


def test_requests_are_counted_by_route_and_an_unknown_method_makes_no_label() -> None:
    metrics = Metrics()
    for method in ("GET", "PURGE", "BREW"):
        metrics.counts.answered(Answered("1", method, "/livez", 200, 0.004, ()))
    found = samples(metrics)
    assert found["confirmlab_http_requests_total"] == {("GET", "/livez", "200"): 1.0, ("other", "/livez", "200"): 2.0}
    assert found["confirmlab_http_request_seconds_bucket"]["0.005", "/livez"] == 3.0


def test_a_reader_hears_the_whole_stream() -> None:
    journal, metrics = Journal(), Metrics()
    journal.subscribe(metrics.counts.read)
    for _ in range(3):
        journal.publish(0, "fault.fired", "flt_1", fault="status")
    assert samples(metrics)["confirmlab_faults_fired_total"] == {("status",): 3.0}


# The page and the dashboard.


async def scraped(lab: Any) -> tuple[str, list[Any]]:
    async with ClientSession() as session, session.get(f"{lab.lab.base_url}/metrics") as answer:
        assert (answer.status, answer.content_type) == (200, "text/plain")
        text = await answer.text()
    return text, list(text_string_to_metric_families(text))


def documented() -> dict[str, tuple[str, set[str]]]:
    """Return the kind and the labels of each metric of the page."""
    lines = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", PAGE, re.MULTILINE)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in lines}


async def test_the_page_names_the_metrics_that_a_lab_tells_and_their_labels(
    start_lab: Callable[..., Awaitable[Any]],
) -> None:
    lab = await start_lab()
    await lab.identify()
    call = await lab.confirm("+70000000002", "flash_call")
    await lab.call_log("+70000000002")
    text, families = await scraped(lab)
    pages = documented()
    told = {family.name + ("_total" if family.type == "counter" else ""): family for family in families}
    assert {name: family.type for name, family in told.items()} == {name: kind for name, (kind, _) in pages.items()}
    for name, family in told.items():
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == pages[name][1], name
    assert set().union(*(labels for _, labels in pages.values())) == set(
        re.findall(r"^\| `(\w+)` \| (?!counter|gauge|histogram)", PAGE, re.MULTILINE)
    )
    assert "70000000001" not in text
    assert call["id"] not in text


async def test_a_lab_tells_what_is_so_when_it_is_asked(start_lab: Callable[..., Awaitable[Any]]) -> None:
    lab = await start_lab()
    await lab.call("PUT", "/lab/handsets/+70000000001", {"state": "off"})
    await lab.post("/lab/captures", {})
    found = samples(lab.lab._metrics)
    assert found["confirmlab_smpp_binds"]["gateway",] == 1.0
    assert found["confirmlab_handsets"]["off",] == 1.0
    assert found["confirmlab_captures_running"] == {(): 1.0}
    assert found["confirmlab_clock_running"] == {(): 0.0}
    assert set(found["confirmlab_ready"].values()) == {1.0}


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: str(panel["title"]))
def test_each_query_of_the_dashboard_asks_for_a_metric_and_labels_that_there_are(panel: Any) -> None:
    pages = documented()
    known = {
        re.sub("_total$", "", name) + suffix: labels
        for name, (kind, labels) in pages.items()
        for suffix in SUFFIXES[kind]
    }
    for target in panel["targets"]:
        names = re.findall(r"\b((?:confirmlab|process)_\w+)\{", target["expr"])
        assert names, target["expr"]
        asked = {label for part in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in part.split(", ")}
        shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        for name in names:
            assert name in known, name
            assert (asked | shown) - {"le"} <= known[name] | {"instance"}, target["expr"]


def test_the_dashboard_shows_every_metric_of_the_lab() -> None:
    asked = " ".join(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"])
    left_out = {"confirmlab_events_total", "confirmlab_info"}
    names = {name for name in documented() if name.startswith("confirmlab_")} - left_out
    assert {name for name in names if name not in asked} == set()


async def test_two_labs_of_one_process_count_each_its_own(start_lab: Callable[..., Awaitable[Any]]) -> None:
    one, other = await start_lab("one"), await start_lab("other")
    await one.confirm("+70000000001", "sms_code")
    created = ("created", "sms_code")
    assert samples(one.lab._metrics)["confirmlab_confirmation_events_total"][created] == 1.0
    assert created not in samples(other.lab._metrics).get("confirmlab_confirmation_events_total", {})
