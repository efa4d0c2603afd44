"""The reports as they are read: text, JSON and the page; and what one service sees of them."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

import pytest

from gateway.identification import profiles
from gateway.reports import exposure, page, use
from gateway.reports.conformance import Conformance
from gateway.reports.timeline import svg
from gateway.reports.use import Aggregate, Cell, hide
from gateway.resources import config_path
from smsc_emulator.base.durations import MINUTE, instant

NUMBER = "+70000000001"
FINES = profiles.load(config_path("profiles/ru-1801.yaml")).fines


def test_the_text_has_a_line_for_each_rule_and_names_the_liable_party(story):
    story.step("idn_1", "created")
    story.step("idn_1", "pending")
    story.now += 20 * MINUTE
    seq = story.step("idn_1", "refused", reason="no_answer", responsible="operator")
    lines = Conformance.of(story.history()).text().splitlines()
    assert len(lines) == 102
    silence = next(line for line in lines if line.startswith("S04"))
    assert silence.startswith("S04  pass Silence is refusal. Liable: service. 1 case; journal ")
    assert str(seq) in silence
    assert lines[-1] == "refused: 1 no_answer; the service is liable for each of them, whoever caused it"


def test_the_json_says_the_same_and_can_be_written(story):
    story.identify()
    told = json.loads(json.dumps(Conformance.of(story.history()).snapshot()))
    assert told["passed"] + told["failed"] + told["not_exercised"] == len(told["rules"]) == 100
    assert told["attempts"] == 1
    row = next(row for row in told["rules"] if row["id"] == "S37")
    assert (row["outcome"], row["basis"], row["evidence"]) == ("not_exercised", "tests", [])


class Tags(HTMLParser):
    """Notes what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action")]


def made(story, **more):
    history = story.history()
    tables = [Aggregate("state", "attempts by outcome", "use", (Cell("IDENTIFIED", 12), Cell("REFUSED", None)), 14)]
    return page.page(Conformance.of(history), tables, more.get("risks", []), 10)


def test_the_page_needs_nothing_else_and_shows_no_number(story):
    for place in range(3):
        story.identify(f"idn_{place}")
    html = made(story)
    tags = Tags()
    tags.feed(html)
    assert not {"script", "link", "img", "iframe"} & set(tags.names)
    assert tags.links == []
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html
    assert not re.search(r"\+7\d", html)
    assert tags.names.count("svg") == 3
    assert "hidden" in html


def test_what_events_say_is_never_taken_for_html(story):
    story.identify("idn_1", operator_id="<b>&x", reason="<script>")
    html = made(story)
    assert "<b>" not in html
    assert "<script>" not in html


def test_a_timeline_has_each_state_in_its_order_inside_the_picture(story):
    story.identify()
    (trace,) = story.history().traces
    root = Xml.fromstring(svg(trace))
    places = [float(rect.get("x")) for rect in root.iter("rect")]
    assert len(places) == 6
    assert places == sorted(places)
    assert all(0 <= float(r.get("x")) + float(r.get("width")) <= 920 for r in root.iter("rect"))
    assert [dot.get("class") for dot in root.iter("circle")] == ["accepted"]
    assert "identified at +00:00.500" in root.get("aria-label")


def test_a_timeline_of_many_states_stays_inside_the_picture(story):
    story.step("idn_1", "created")
    for _ in range(20):
        story.now += 60 * MINUTE
        story.step("idn_1", "pending")
    (trace,) = story.history().traces
    assert max(float(rect.get("x")) for rect in Xml.fromstring(svg(trace)).iter("rect")) < 920


def test_a_service_sees_its_own_attempts_and_the_public_register_alone(story):
    story.identify("idn_1")
    story.tell("identification.created", "idn_2", service_id="other", identification={"profile": "test"})
    story.tell("lookup.query_sent", "req_2", attempt_id="idn_2", operator_id="alpha")
    story.tell("register.entered", "name", origin="applied")
    seen = story.history().seen_by("demo")
    assert [trace.id for trace in seen.traces] == ["idn_1"]
    assert {event.subject for event in seen.events} == {"idn_1", "req_idn_1", "name"}


def test_numbers_and_users_are_told_apart_and_not_told(story):
    story.identify()
    told = str(story.history().events)
    assert NUMBER not in told
    assert "'u1'" not in told


# Small cells.


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([12, 30], [12, 30]),
        ([9, 30], [None, None]),
        ([9, 30, 11], [None, 30, None]),
        ([9, 8, 30], [None, None, 30]),
        ([10], [10]),
        ([9], [None]),
        ([], []),
    ],
)
def test_small_cells_are_hidden_so_that_no_subtraction_shows_them(counts, shown):
    cells = hide([Cell(str(place), count, 1, 1, "XTS") for place, count in enumerate(counts)], 10)
    assert [cell.count for cell in cells] == shown
    assert all((cell.amount is None) == (cell.count is None) for cell in cells)


@pytest.mark.parametrize(
    ("counts", "total"),
    [([12, 30], 42), ([9, 30, 11], 50), ([9], None), ([1, 2], None), ([9, 8, 30], 47), ([], 0)],
)
def test_a_total_is_told_only_where_it_says_nothing_of_what_is_hidden(counts, total):
    cells = [Cell(str(place), count) for place, count in enumerate(counts)]
    assert use.tabulate("state", "attempts", "use", cells, 10).total == total


def test_hidden_cells_are_told_as_hidden():
    table = Aggregate("kind", "cost", "cost", (Cell("sms", 12, 15, 750_000, "XTS"), Cell("call", None)), 14)
    assert "12, 15 charged at 0.75 XTS" in use.text([table], 10)
    assert "below 10, or hidden with one that is" in use.text([table], 10)
    assert use.snapshot(table)["cells"][1] == {
        "key": "call",
        "count": None,
        "quantity": None,
        "amount": None,
        "currency": None,
    }


# Exposure.


def test_the_first_finding_counts_by_the_plain_tier_and_the_next_by_the_one_for_repeated_breaches(story):
    for place, kind in enumerate(("not_listed", "no_identification", "no_data_given")):
        story.tell("finding.made", f"fnd_{place}", service_id="demo", kind=kind)
    found = exposure.risks(story.history(), lambda _now: FINES)
    legal = [risk for risk in found if risk.fine.offender == "legal_entity"]
    assert [(risk.kind, risk.fine.part, risk.fine.high) for risk in legal] == [
        ("no_identification", "CAO 13.39 part 1", 1_000_000),
        ("no_data_given", "CAO 13.39 part 2", 2_000_000),
    ]
    assert ("demo", "legal_entity", "RUB", 1_800_000, 3_000_000) in exposure.totals(found)
    assert "demo, as citizen: 8000 to 15000 RUB in all" in exposure.text(found)


@pytest.mark.parametrize(("at", "repeat"), [("2019-12-01T23:59:59+03:00", False), ("2019-12-02T00:00:00+03:00", True)])
def test_the_tier_for_repeated_breaches_has_its_first_day(at, repeat):
    found = exposure.tiers(FINES, instant(at), repeat=True)
    assert {fine.repeat for fine in found} == {repeat}
    assert sorted(fine.offender for fine in found) == ["citizen", "legal_entity", "official"]


def test_without_findings_or_fines_nothing_is_at_risk(story):
    assert exposure.text(exposure.risks(story.history(), lambda _now: FINES)).startswith("nothing was found")
    story.tell("finding.made", "fnd_1", service_id="demo", kind="other")
    assert exposure.risks(story.history(), lambda _now: []) == []
