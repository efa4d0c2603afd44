"""A lab in a process of its own, and a webhook receiver."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from receiver import Receiver
from serving import Serving


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


@pytest.fixture
def lab(serve: Callable[..., Serving]) -> Serving:
    """A lab whose clock stands still."""
    return serve("--paused-clock")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()
