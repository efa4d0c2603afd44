"""What the pages of docs/ tell to type does what they say, on a lab without any configuration."""

import base64
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import DOCS, ROOT, blocks, commands, promised, run
from serving import Serving

from gateway.cli.options import read_settings
from smsc_emulator.base.signature import sign

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


PROGRAM = re.compile(r"^cat > (?P<file>\w+\.py) <<'END'\n(?P<code>.*?)^END$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [page for page in PAGES if PROGRAM.search(page.read_text())], ids=name)
def test_a_program_that_a_page_has_typed_needs_nothing_but_python(page: Path) -> None:
    for program in PROGRAM.finditer(page.read_text()):
        lines = re.findall(r"^(?:import|from) (\w+(?:, \w+)*)", program["code"], re.MULTILINE)
        imported = {module for line in lines for module in line.split(", ")}
        assert imported
        assert imported <= sys.stdlib_module_names, program["file"]


@pytest.fixture(scope="module")
def verify() -> Any:
    """The function of the page on webhooks, which a reader copies."""
    program = PROGRAM.search((DOCS / "howto/test-webhooks.md").read_text())
    assert program is not None
    typed: dict[str, Any] = {}
    exec(program["code"].partition("class Receiver")[0], typed)
    return typed["verify"]


SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()


def test_the_page_on_webhooks_verifies_what_the_gateway_signs(verify: Any) -> None:
    assert verify(SECRET, sign(SECRET, "evt_1", b'{"type": "x"}'), b'{"type": "x"}') == {"type": "x"}


@pytest.mark.parametrize(
    "spoil", [{"webhook-id": "evt_2"}, {"webhook-timestamp": "1"}, {"webhook-signature": "v1,AA="}]
)
def test_the_page_on_webhooks_refuses_what_is_spoilt_or_old(verify: Any, spoil: dict[str, str]) -> None:
    headers = {**sign(SECRET, "evt_1", b"{}"), **spoil}
    with pytest.raises(ValueError, match=r"too old|no signature"):
        verify(SECRET, headers, b"{}")
