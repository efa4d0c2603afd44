"""A lab in a process of its own, and a webhook receiver."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from receiver import Receiver
from serving import Serving
from sip_phone import Phones


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    running: list[Serving] = []

    def start(*options: str, config: dict[str, Any] | None = None) -> Serving:
        data = tmp_path / f"lab{len(running)}"
        data.mkdir()
        if config is not None:
            (data / "lab.yaml").write_text(json.dumps(config))  # JSON is YAML too
            options = ("--config", str(data / "lab.yaml"), *options)
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


@pytest.fixture
def phones() -> Iterator[Phones]:
    with Phones() as phones:
        yield phones
