"""A process is told from all others, also from one that has its id by now."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import processes
from gateway.processes import Process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


@pytest.fixture
def this() -> Process:
    process = Process.this()
    assert process is not None
    return process


def test_a_process_that_runs_is_not_gone_and_is_read_as_it_was_written(this: Process) -> None:
    assert Process.read(this.line) == this
    assert not this.is_gone()


@pytest.mark.parametrize("line", ["", "1234", "boot pid:[1] one 2", "a b 1 2 3"])
def test_a_line_that_names_no_process_names_none(line: str) -> None:
    assert Process.read(line) is None


def test_a_process_is_gone_once_it_has_ended_also_where_nobody_has_asked_for_its_end(this: Process) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        started = processes._started(child.pid)
        assert started is not None
        other = replace(this, id=child.pid, started=started)
        assert not other.is_gone()
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert other.is_gone(), "a zombie"
    assert child.returncode == -signal.SIGKILL
    assert other.is_gone()


def test_a_process_that_has_got_the_id_of_another_is_not_the_other(this: Process) -> None:
    assert replace(this, started=this.started - 1).is_gone()
    assert replace(this, boot="an-earlier-one").is_gone()


def test_of_a_process_of_another_container_nothing_is_known(this: Process) -> None:
    elsewhere = replace(this, namespace="pid:[1]", id=2**22, started=1)
    assert not elsewhere.is_gone()
    assert not replace(elsewhere, boot="as-the-container-sees-it").is_gone()


def test_where_the_system_tells_nothing_every_process_is_believed_to_run(
    this: Process, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    assert Process.this() is None
    assert not replace(this, started=1).is_gone()


def test_a_name_may_hold_what_separates_fields(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(f"7 (a) Z (b) S {' '.join(map(str, range(4, 30)))}\n")
    assert processes._started(7) == 22
