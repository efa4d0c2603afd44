"""The page's files: as their authors have published them, under a strict policy, in the wheel, and small."""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
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


def test_every_file_that_a_module_imports_is_there() -> None:
    for file in (each for each in OWN if each.suffix == ".js"):
        for imported in re.findall(r'^import .*?"(\..*?)";', file.read_text(), re.MULTILINE):
            assert (file.parent / imported).is_file(), f"{file.name} imports {imported}"


def test_the_wheel_holds_the_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = set(wheel.namelist())
    assert {f"gateway/ui/{file.relative_to(UI)}" for file in UI.rglob("*") if file.is_file()} <= inside
