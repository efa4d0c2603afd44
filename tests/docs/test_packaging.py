"""The wheel holds what it should, and a fresh environment with nothing but the wheel runs the first five minutes."""

import socket
import tarfile
import urllib.request
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pages import ROOT, commands, promised, run
from serving import Serving


def test_the_wheel_installs_the_three_packages_alone(built: Any) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = wheel.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"smsc_emulator", "confirm", "gateway"}
    assert {"gateway/configs/lab.yaml", "gateway/site/index.html", "gateway/site/searchindex.js"} <= set(names)
    assert {str(file.relative_to(ROOT)) for file in (ROOT / "gateway/ui").rglob("*") if file.is_file()} <= set(names)
    assert not [name for name in names if name.endswith((".pyc", ".orig")) or "/tests/" in name]


def test_the_source_archive_holds_what_the_wheel_is_built_from(built: Any) -> None:
    with tarfile.open(built.archive) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "hatch_build.py", "docs/conf.py"} <= names
    assert "gateway/site/index.html" in names
    assert not [name for name in names if name.startswith((".git/", ".venv", ".confirmlab"))]


def test_a_fresh_environment_with_only_the_wheel_runs_the_first_five_minutes_and_leaves_nothing(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    temporary, typed = tmp_path / "tmp", tmp_path / "typed"
    temporary.mkdir()
    typed.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with ExitStack() as stack:
        labs = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            labs.append(stack.enter_context(Serving(tmp_path / name, command=installed / "confirmlab").start()))
        script = commands((ROOT / "README.md").read_text())
        told = run(script, labs[0], typed)
        assert set(promised(script)) <= set(told.splitlines()), told
        holds_the_documentation(labs[0].url)
        assert labs[1].get("/lab/handsets/%2B70000000001/messages")["messages"] == []
        for lab in labs:
            assert lab.stop()[0] == 0
    assert list(temporary.iterdir()) == []
    assert list(typed.iterdir()) == []
    assert not processes(tmp_path)
    for lab in labs:
        for name in ("http", "smpp", "sip"):
            with socket.socket() as probe:
                assert probe.connect_ex(lab.at(name)) != 0, name


def holds_the_documentation(url: str) -> None:
    with urllib.request.urlopen(f"{url}/docs") as answer:
        assert answer.url == f"{url}/docs/"
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert b"first five minutes" in answer.read()


def processes(folder: Path) -> list[str]:
    """Return the command lines of processes that name a folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has ended meanwhile
            continue
        if str(folder) in line:
            found.append(line)
    return found
