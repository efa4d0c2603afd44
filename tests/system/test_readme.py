"""The README's first five minutes, run as they stand against a lab on free ports."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)


def needs(program: str) -> None:
    if shutil.which(program) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is missing; .ci/run installs it")
        pytest.skip(f"the README's examples need {program}")


def expectations(block: str) -> list[str]:
    """Return what the comments behind the commands promise."""
    return re.findall(r"jq .*?# (.*)$", block, flags=re.MULTILINE)


def test_the_first_five_minutes_go_as_the_readme_says(serve: Callable[..., Any]) -> None:
    needs("curl")
    needs("jq")
    lab = serve()
    script = "\n".join(BLOCKS).replace("http://localhost:8080", lab.url)
    script = script.replace(".venv/bin/confirmlab", str(lab.command))
    environment = {**os.environ, "CONFIRMLAB_DATA": str(lab.data)}
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    for block in BLOCKS:
        for promised in expectations(block):
            assert promised.strip() in lines, f"{promised} is not in\n{result.stdout}"
    assert "all 11 checks passed" in result.stdout
