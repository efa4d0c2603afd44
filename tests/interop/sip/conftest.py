"""SIP software of other authors, each run ended after its test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sipp import Sipp


@pytest.fixture
def sipp(tmp_path: Path, needed: Callable[..., None]) -> Iterator[Callable[..., Sipp]]:
    """Return a function that begins a run of SIPp."""
    needed(shutil.which("sipp"), "SIPp (Debian's sip-tester) is not installed")
    runs: list[Sipp] = []

    def begin(scenario: str, *arguments: Any, **keys: Any) -> Sipp:
        runs.append(Sipp(scenario, tmp_path, *arguments, **keys))
        return runs[-1]

    yield begin
    for run in runs:
        run.close()
