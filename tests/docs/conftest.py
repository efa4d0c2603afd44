"""The wheel and the source archive, built once for each run, and a virtual environment with nothing but the wheel."""

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from pages import ROOT

SOURCES = ("smsc_emulator", "confirm", "gateway", "configs", "docs", "tests")


class Built(NamedTuple):
    wheel: Path
    archive: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build a copy of the tree as `make dist` does: the source archive, and the wheel from that.

    What one worker has built is there for all: it takes longer than most modules of tests.
    """
    folder = tmp_path_factory.getbasetemp()
    out = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "dist"
    with out.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            build(tmp_path_factory.mktemp("source"), out)
    (wheel,), (archive,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(wheel, archive)


def build(source: Path, out: Path) -> None:
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "site"))
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, source)
    fresh = source / "dist"
    command = [sys.executable, "-W", "ignore", "-m", "build", "--no-isolation", "--outdir", str(fresh), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "warning" not in (result.stdout + result.stderr).lower(), result.stdout + result.stderr
    fresh.rename(out)  # whole whenever it is there


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the commands of a fresh environment with the wheel and what the wheel asks for, no more."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=True)
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install", "--no-deps", "--quiet"]
    subprocess.run([*command, str(built.wheel)], check=True, capture_output=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    (own,) = site.glob("confirmlab-*.dist-info")
    for needed in closure(Distribution.at(own)):
        link(needed, site)
    return folder / "bin"


def closure(wheel: Distribution) -> Iterator[Distribution]:
    """Yield what a distribution asks for without extras, and what that asks for."""
    todo: list[tuple[Distribution, frozenset[str]]] = [(wheel, frozenset())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        asking, extras = todo.pop()
        for requirement in map(Requirement, asking.requires or ()):
            environments: list[dict[str, str]] = [{"extra": extra} for extra in extras or {""}]
            if requirement.marker and not any(requirement.marker.evaluate(each) for each in environments):
                continue
            asked = frozenset(requirement.extras)
            if (requirement.name, asked) not in seen:
                seen.add((requirement.name, asked))
                found = distribution(requirement.name)
                assert requirement.specifier.contains(found.version, prereleases=True), requirement
                todo.append((found, asked))
                yield found


def link(needed: Distribution, site: Path) -> None:
    """Have the files of an installed distribution in another environment too."""
    for top in {file.parts[0] for file in needed.files or ()} - {"..", "__pycache__"}:
        if not (site / top).exists():
            (site / top).symlink_to(Path(str(needed.locate_file(top))))
