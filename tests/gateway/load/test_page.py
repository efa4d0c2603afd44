"""The page: whole in itself, with its charts."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from gateway.load.page import page
from gateway.load.record import Record
from gateway.load.result import result
from gateway.load.table import lines


@pytest.fixture
def told() -> dict[str, object]:
    record = Record("answer", ("receipt", "sending"))
    for second in range(5):
        record.took(second * 1_000_000, 1_000 * (second + 1), 100)
    record.went_wrong(4_500_000, "<script>", 3)
    record.notes["sessions lost"] = 1
    record.others["receipt"].add(5_000, 500)
    record.delivered_at, record.sent = 4_600_000, 503
    return result(record, what="submit_sm", target="a<b", plan={"texts": ["1", "2"]}, began_at="now", busy=0.95)


class Elements(HTMLParser):
    """Keeps all elements with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_asks_for_nothing_from_elsewhere(told: dict[str, object]) -> None:
    written = page(told)
    elements = Elements()
    elements.feed(written)
    names = {name for name, _ in elements.found}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "use", "image"}
    attributes = {name for _, attributes in elements.found for name in attributes}
    assert not attributes & {"src", "href", "xlink:href", "onload", "onclick"}
    assert "url(" not in written
    assert "@import" not in written
    assert "default-src 'none'; style-src 'unsafe-inline'" in written


def test_what_others_wrote_is_escaped(told: dict[str, object]) -> None:
    assert "<script>" not in page(told)
    assert "&lt;script&gt;" in page(told)
    assert "a&lt;b" in page(told)


def test_the_charts_show_percentiles_over_time_the_rate_and_a_histogram(told: dict[str, object]) -> None:
    charts = [ElementTree.fromstring(chart) for chart in re.findall(r"<svg.*?</svg>", page(told), re.DOTALL)]
    assert [chart.get("aria-label") for chart in charts] == [
        "p50, p95, p99, max over time",
        "per_second over time",
        "Histogram of latencies",
    ]
    assert len(charts[0].findall(".//g[@class='line line2']/circle")) == 5
    counted = [title.text or "" for title in charts[2].findall("rect/title")]
    assert sum(int(text.rpartition(": ")[2].replace(",", "")) for text in counted) == 500


def test_a_run_without_an_answer_has_a_page_too() -> None:
    empty = result(Record("answer"), what="submit_sm", target="x", plan={}, began_at="now", busy=0.0)
    assert page(empty).count("Nothing was answered.") == 2
    assert "nothing" not in "\n".join(lines(empty))


def test_the_table_tells_what_the_page_tells(told: dict[str, object]) -> None:
    text = "\n".join(lines(told))
    for part in (
        "500   125.0 a second",
        "receipts",
        "<script>: 3",
        "sessions lost: 1",
        "The tool may be what limits the run",
    ):
        assert part in text


def test_what_may_mislead_is_said_in_the_table_and_on_the_page(told: dict[str, object]) -> None:
    told |= {"paced": False, "failed": 30}
    for written in ("\n".join(lines(told)), page(told)):
        assert "30 of 503 failed; latencies are those of what was answered alone." in written
        assert "Without --rate each waits for the one before" in written
        assert "The tool may be what limits the run" in written


def test_the_table_fits_a_terminal_of_80_columns(told: dict[str, object]) -> None:
    rows = [line for line in lines(told) if line.startswith(("latency, ms", "answer  ", "receipt  "))]
    assert len(rows) == 3
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows[0]) <= 80
