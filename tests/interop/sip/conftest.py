"""SIP software of other authors and labs for it, each ended after its test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from baresip import Baresip
from serving import Serving
from sip_phone import Phones
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


@pytest.fixture
def baresip(tmp_path: Path, needed: Callable[..., None]) -> Iterator[Callable[..., Baresip]]:
    """Return a function that starts a baresip which registers."""
    needed(shutil.which("baresip"), "baresip is not installed")
    running: list[Baresip] = []

    def start(*arguments: Any, **more: Any) -> Baresip:
        running.append(Baresip(tmp_path / f"baresip{len(running)}", *arguments, **more))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture
def phones() -> Iterator[Phones]:
    with Phones() as phones:
        yield phones


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[str, Any]], Serving]]:
    """Return a function that starts a lab with a configuration, whose clock stands still, for all tests of a module."""
    with ExitStack() as labs:
        yield lambda config: labs.enter_context(Serving.of(tmp_path_factory.mktemp("lab"), config, "--paused-clock"))
