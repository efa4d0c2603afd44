"""The pages of docs/reference are what the code says, and the table of events has all of them."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from pages import DOCS, ROOT
from serving import Serving

sys.path.insert(0, str(DOCS / "tools"))

import chart
import configuration
import event_table
import events
import generate
import states

from gateway.config.names import leaves

EVENTS = event_table.STORED | event_table.VOLATILE


def test_the_reference_is_what_the_code_says() -> None:
    command = [sys.executable, str(DOCS / "tools/generate.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_page_that_was_changed_by_hand_or_is_missing_or_is_too_many_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "REFERENCE", tmp_path)
    (tmp_path / "one.md").write_text("as it should be")
    (tmp_path / "two.md").write_text("changed by hand")
    (tmp_path / "four.md").write_text("nobody writes it")
    wanted = {"one.md": "as it should be", "two.md": "from the code", "three.md": "from the code"}
    assert list(generate.differing(wanted)) == ["four.md", "three.md", "two.md"]


def test_every_setting_is_in_the_configuration_with_its_meaning() -> None:
    page = configuration.page()
    for path, _ in leaves():
        *above, key = path
        heading = ".".join(map(str, above)) or "The file"
        section = page.split(f"## {heading}\n", 1)[1].split("\n## ")[0]
        assert f"| `{key}` |" in section, path
    assert not [line for line in page.splitlines() if line.startswith("| `") and line.endswith("|  |")]


def test_every_event_that_the_source_names_is_in_the_table() -> None:
    named = set(events.in_the_source())
    assert len(named) > 40
    assert named <= set(EVENTS)


def test_what_a_running_lab_tells_is_in_the_table_with_its_members(tmp_path: Path) -> None:
    with Serving(tmp_path, ("--paused-clock",)).start() as lab:
        attempt = lab.identify("+70000000001")["id"]
        lab.post(f"/v1/identifications/{attempt}/check", {"code": lab.code("+70000000001")})
        lab.until(attempt, "IDENTIFIED")
        lab.confirm("+70000000004", "flash_call")
        assert lab.calls("+70000000004", "?wait=10s").status == 200
        lab.advance("10m")
        seen = lab.get("/lab/journal")["events"]
    assert {"binding.active", "call.ringing", "clock.advanced", "smpp.submit_sm"} <= {each["type"] for each in seen}
    for each in seen:
        members = EVENTS[each["type"]][1].split()
        assert "*" in members or set(each["data"]) <= set(members), each


def test_every_event_that_a_scenario_waits_for_is_in_the_table() -> None:
    kinds = {type_.partition(".")[0] for type_ in EVENTS}
    for file in sorted((ROOT / "configs/scenarios").glob("*.yaml")):
        for name in re.findall(r"\b[a-z_]+\.[a-z_]+\b", file.read_text()):
            if name.partition(".")[0] in kinds and not name.endswith(("_id", ".id")):
                assert any(type_.startswith(name) for type_ in EVENTS) or "${" + name in file.read_text(), (file, name)


def test_a_drawing_has_an_arrow_for_each_move_and_loads_nothing() -> None:
    pages = states.pages()
    drawings = {name: text for name, text in pages.items() if name.endswith(".svg")}
    assert len(drawings) == 9
    for name, text in drawings.items():
        root = ElementTree.fromstring(text)
        assert len(root.findall("{*}circle")) == len(re.findall("<circle", text)) > 1, name
        assert not re.search(r"href|style|script|url\(", text), name
        assert f"(states/{Path(name).name})" in pages["states.md"]


def test_a_drawing_shows_a_table_that_has_changed() -> None:
    moves = [chart.Move("here", "there", "because"), chart.Move("here", "here", "again")]
    before = chart.chart("A machine", moves[:1], ["here", "there"])
    after = chart.chart("A machine", moves, ["here", "there"])
    assert before.count("<circle") == 1
    assert after.count("<circle") == 2
    assert ">again</text>" in after
