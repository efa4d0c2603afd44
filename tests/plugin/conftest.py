"""Projects of users of the plugin, and what their test runs leave behind."""

import os
import re
import subprocess
import sys
import threading
import time
import tomllib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from gateway.pytest_plugin.lab import Lab
from gateway.pytest_plugin.labs import Labs

ROOT = Path(__file__).parents[2]
# Whatever is left open; what other plugins warn of is their own affair.
STRICT = (
    *("-W", "error::ResourceWarning", "-W", "error::pytest.PytestUnraisableExceptionWarning"),
    *("-W", "error::pytest.PytestUnhandledThreadExceptionWarning"),
)


@dataclass
class Project:
    """A folder with tests, and runs of pytest in it that have the plugin as an installed distribution gives it."""

    folder: Path
    environ: dict[str, str]
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    runs: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(dedent(text))

    def begin(self, *options: str) -> subprocess.Popen[str]:
        """Begin a run."""
        own = {"TMPDIR": str(self.temporary), "MARK_OF_A_RUN": self.mark}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "confirmlab", *STRICT, *options]
        run = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environ, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.runs.append(run)
        return run

    def run(self, *options: str) -> str:
        """Run to the end, and return what pytest tells."""
        return self.begin(*options).communicate(timeout=100)[0]

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    def leaves_nothing(self) -> None:
        """Wait until no process and no file of the runs is left. Raises AssertionError."""
        deadline = time.monotonic() + 15
        while left := [*self.processes(), *self.temporary.glob("confirmlab*")]:
            assert time.monotonic() < deadline, left
            threading.Event().wait(0.02)

    def processes(self) -> list[str]:
        """Return the command of each process that was begun by a run, by whatever ways."""
        return [_command(each) for each in Path("/proc").glob("[0-9]*") if self.mark.encode() in _read(each, "environ")]


def _read(process: Path, name: str) -> bytes:
    try:
        return (process / name).read_bytes()
    except OSError:  # it has ended, or belongs to somebody else
        return b""


def _command(process: Path) -> str:
    return _read(process, "cmdline").replace(b"\0", b" ").decode(errors="replace") or process.name


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project whose pytest finds the entry point of pyproject.toml, whether or not this tree is installed."""
    installed = tmp_path / "installed" / "confirmlab_plugin-1.dist-info"
    installed.mkdir(parents=True)
    (tmp_path / "project" / "temporary").mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: confirmlab-plugin\nVersion: 1\n")
    entries = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    lines = [f"{name} = {module}" for name, module in entries.items()]
    (installed / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines]))
    environ = {name: value for name, value in os.environ.items() if not re.match("PYTEST|CONFIRMLAB|COV", name)}
    path = os.pathsep.join([str(installed.parent), str(ROOT)])
    # The plugins of others are named where they are needed: some of them take longer to load than a lab to start.
    environ |= {"PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    project = Project(tmp_path / "project", environ)
    yield project
    for run in project.runs:
        if run.poll() is None:
            run.kill()
        run.communicate()


@pytest.fixture(scope="session")
def labs() -> Iterator[Labs]:
    with Labs() as labs:
        yield labs


@pytest.fixture
def start(labs: Labs) -> Iterator[Callable[..., Lab]]:
    started: list[Lab] = []

    def start(*args: Any, **named: Any) -> Lab:
        started.append(labs.start(*args, **named))
        return started[-1]

    yield start
    for lab in started:
        lab.stop()


@pytest.fixture
def lab(start: Callable[..., Lab]) -> Lab:
    return start()
