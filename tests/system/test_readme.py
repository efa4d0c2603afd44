"""The README's first five minutes, run as they stand against a lab on free ports."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pages import ROOT, commands, promised, run


def test_the_first_five_minutes_go_as_the_readme_says(serve: Callable[..., Any], tmp_path: Path) -> None:
    script = commands((ROOT / "README.md").read_text())
    told = run(script, serve(), tmp_path)
    assert len(promised(script)) == 8
    for line in promised(script):
        assert line in told.splitlines(), f"{line} is not in\n{told}"
    assert "all 11 checks passed" in told
