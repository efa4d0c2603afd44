"""The page's files: as their authors have published them, under a strict policy, and small."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from smsc_emulator.core.faults.registry import AnyFault

ROOT = Path(__file__).parents[2]
UI = ROOT / "gateway/ui"
VENDORED = json.loads((UI / "vendor/vendored.json").read_text())["files"]
OWN = [file for file in UI.rglob("*") if file.suffix in (".js", ".css", ".html") and file.parent.name != "vendor"]


@pytest.mark.parametrize("vendored", VENDORED, ids=lambda each: each["file"])
def test_a_file_of_others_is_what_its_package_holds_with_its_licence_beside_it(vendored: dict[str, str]) -> None:
    assert hashlib.sha256((UI / "vendor" / vendored["file"]).read_bytes()).hexdigest() == vendored["sha256"]
    assert (UI / "vendor" / vendored["licence_file"]).is_file()
    assert vendored["version"]


def test_every_file_of_others_is_on_the_list() -> None:
    listed = {each["file"] for each in VENDORED} | {"vendored.json"}
    assert {file.name for file in (UI / "vendor").iterdir()} == listed


@pytest.mark.parametrize("file", OWN, ids=lambda file: str(file.relative_to(UI)))
def test_a_file_of_ours_is_small_names_no_other_host_and_evaluates_no_text(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert not re.search(r"https?://|\beval\(|new Function|innerHTML|dangerouslySet", text)
    if file.suffix == ".html":
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", text)


def test_the_page_offers_every_fault_that_the_lab_has_and_no_other() -> None:
    kinds = set(re.findall(r'fault: "(\w+)"', (UI / "views/fault_kinds.js").read_text()))
    union: Any = get_args(AnyFault)[0]
    assert kinds == {get_args(fault.model_fields["fault"].annotation)[0] for fault in get_args(union)}


def test_the_flow_names_no_event_that_is_not_there() -> None:
    named = re.findall(r'^  "([a-z_]+\.[a-z_]+)": ', (UI / "steps.js").read_text(), re.MULTILINE)
    documented = set(re.findall(r"^\| `([a-z_.]+)` \|", (ROOT / "docs/reference/events.md").read_text(), re.MULTILINE))
    assert len(named) > 40
    assert set(named) <= documented


def test_every_file_that_a_module_imports_is_there() -> None:
    for file in (each for each in OWN if each.suffix == ".js"):
        for imported in re.findall(r'^import .*?"(\..*?)";', file.read_text(), re.MULTILINE):
            assert (file.parent / imported).is_file(), f"{file.name} imports {imported}"
