"""A lab in a process of its own, and a webhook receiver."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from receiver import Receiver
from serving import Serving
from sip_phone import Phones


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    running: list[Serving] = []

    def start(*options: str) -> Serving:
        data = tmp_path / f"lab{len(running)}"
        data.mkdir()
        lab = Serving(data, options)
        running.append(lab)
        return lab.start()

    yield start
    for lab in running:
        if lab.process is not None and lab.process.poll() is None:
            lab.kill()


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[str, Any]], Serving]]:
    """Return a function that starts a lab with a configuration, whose clock stands still, for all tests of a module."""
    with ExitStack() as labs:
        yield lambda config: labs.enter_context(Serving.of(tmp_path_factory.mktemp("lab"), config, "--paused-clock"))


@pytest.fixture
def lab(serve: Callable[..., Serving]) -> Serving:
    """A lab whose clock stands still."""
    return serve("--paused-clock")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def phones() -> Iterator[Phones]:
    """Return telephones for all tests of a module."""
    with Phones() as phones:
        yield phones
