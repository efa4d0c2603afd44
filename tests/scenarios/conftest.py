"""Scenarios of a few lines, and the logs of what is played."""

import logging
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from textwrap import dedent

import pytest
import structlog

from gateway import logs
from gateway.scenarios.reading import Play, read
from gateway.settings import LogSettings


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a scenario of a name, rows and a clock, and what it is given."""

    def written(more: str) -> Path:
        file = tmp_path / "00-small.yaml"
        file.write_text("name: A small one\nrows: [S01]\nclock: 2026-03-02T09:00:00Z\n" + dedent(more))
        return file

    return written


@pytest.fixture
def one(write: Callable[[str], Path]) -> Callable[[str], Play]:
    """Return a function that reads a scenario of one run."""

    def made(more: str) -> Play:
        (found,) = read(write(more))
        return found

    return made


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """What is logged meanwhile."""
    root = logging.getLogger()
    handlers, level, stream = root.handlers, root.level, StringIO()
    logs.configure(LogSettings(level="info"), stream)
    yield stream
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)
