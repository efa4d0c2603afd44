"""docs/testing.md: what it shows is what is run here, as its readers would run it."""

import re
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
PAGE = (ROOT / "docs" / "testing.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_examples_pass_on_four_workers_and_leave_nothing_behind(project: Any) -> None:
    for file in EXAMPLES:
        shutil.copy(file, project.folder)
    tests = sum(len(re.findall(r"^(?:async )?def test_", file.read_text(), re.MULTILINE)) for file in EXAMPLES)
    told = project.run("-p", "xdist", "-p", "asyncio", "-n", "4", "-q")
    assert re.search(rf"^{tests} passed", told, re.MULTILINE), told
    project.leaves_nothing()


def test_each_block_of_the_page_is_a_part_of_an_example() -> None:
    texts = [file.read_text() for file in EXAMPLES]
    assert [block for block in blocks("python") if not any(block in text for text in texts)] == []


def test_each_example_stands_on_the_page() -> None:
    assert [file.name for file in EXAMPLES if file.read_text() not in blocks("python")] == []
