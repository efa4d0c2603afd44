"""README.md and the pages of docs/ as programs: their commands, what they promise, and a run against a lab."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from serving import Serving

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>.+?) -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    """A block of code on a page; `not_run` is the reason why its commands are not run."""

    language: str
    code: str
    not_run: str | None


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page that have a language."""
    for found in _BLOCK.finditer(page):
        yield Block(found["language"], found["code"], found["reason"])


def commands(page: str) -> str:
    """Return the shell commands of a page that are to be run, as one script."""
    return "\n".join(block.code for block in blocks(page) if block.language == "sh" and block.not_run is None)


def promised(script: str) -> list[str]:
    """Return what the comments behind the commands promise, in their order."""
    return [line.strip() for line in re.findall(r"\S {2,}# (.*)$", script, flags=re.MULTILINE)]


def run(script: str, lab: Serving, folder: Path) -> str:
    """Run the commands of a page in `folder` against a lab, and return what they print; all have to succeed."""
    for program in ("curl", "jq"):
        if shutil.which(program) is None:
            assert not os.environ.get("CI"), f"{program} is missing; .ci/run installs it"
            pytest.skip(f"the page's commands need {program}")
    script = re.sub(r"http://(localhost|127\.0\.0\.1):8080", lab.url, script)
    script = script.replace(".venv/bin/confirmlab", str(lab.command))
    path = f"{lab.command.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "CONFIRMLAB_DATA": str(lab.data), "PATH": path},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
