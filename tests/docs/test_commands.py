"""What the pages of docs/ tell to type does what they say, on a lab without any configuration."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import DOCS, ROOT, blocks, commands, promised, run
from serving import Serving

from gateway.cli.options import read_settings

OWN_TESTS = {
    "calls.md": "tests/system/test_calls_page.py",
    "testing.md": "tests/plugin/test_examples.py",
}
"""Pages that tests of their own hold, with real telephones or a run of pytest."""

TOLD = {"capture.md": r"^message_id \d+\t70000000003$", "load.md": r"^answered +2,000 "}
"""What the commands of a page have printed at their end, where it promises no line in particular."""

ELSEWHERE = {DOCS / name for name in OWN_TESTS}
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if page not in ELSEWHERE and commands(page.read_text())]
SETTINGS = [*sorted((DOCS / "howto").glob("*.md")), DOCS / "faults.md"]


def name(page: Path) -> str:
    return str(page.relative_to(DOCS))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("lab")).start() as lab:
        yield lab


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_commands_of_a_page_do_what_it_says(page: Path, lab: Serving, tmp_path: Path) -> None:
    script = commands(page.read_text())
    lines = run(script, lab, tmp_path).splitlines()
    assert re.search(TOLD.get(name(page), ""), "\n".join(lines), re.MULTILINE), lines
    rest = iter(lines)
    for line in promised(script) if page.parent.name == "howto" else []:
        assert line in rest, f"{line} is not in its place in\n" + "\n".join(lines)


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=name)
def test_a_block_that_is_not_run_says_why(page: Path) -> None:
    text = page.read_text()
    assert text.count("<!-- not run: ") == sum(block.not_run is not None for block in blocks(text))
    assert all(len(block.not_run or "a reason") > 5 for block in blocks(text))


def test_a_page_with_tests_of_its_own_has_them() -> None:
    for page, test in OWN_TESTS.items():
        assert not (DOCS / page).exists() or (ROOT / test).exists(), f"{page}: there is no {test}"


@pytest.mark.parametrize("page", SETTINGS, ids=name)
def test_the_settings_that_a_page_shows_are_good_ones(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(page.read_text())):
        if block.language == "yaml" and block.code.startswith("smsc:"):
            file = tmp_path / f"{number}.yaml"
            file.write_text(block.code)
            read_settings(file, {}, {})
