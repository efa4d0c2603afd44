"""However a run ends, it leaves no process and no file; and where no test asks for a lab, nothing is even loaded."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.pytest_plugin.fixtures import _ASKS
from gateway.pytest_plugin.labs import Labs
from gateway.pytest_plugin.order import NurseryProcess
from gateway.pytest_plugin.waits import ExpectationError

UNENDING = """
    import os
    import pathlib
    import signal
    import threading

    def test_unending(lab, start_lab):
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts behind it ignore Ctrl-C
        lab.confirmations.start("+70000000001", "sms_code")
        start_lab()
        pathlib.Path("pid").write_text(str(os.getpid()))
        os.rename("pid", "running")
        threading.Event().wait(60)
"""


def wait_for(file: Path, run: subprocess.Popen[str]) -> int:
    while not file.exists():
        assert run.poll() is None, run.communicate()[0]
        threading.Event().wait(0.02)
    return int(file.read_text())


@pytest.mark.parametrize(
    ("options", "number"),
    [
        pytest.param((), signal.SIGINT, id="Ctrl-C"),
        pytest.param(("-p", "xdist", "-n", "1", "--max-worker-restart=0"), signal.SIGKILL, id="a worker's kill -9"),
    ],
)
def test_a_run_that_is_cut_off_leaves_nothing_behind(project: Any, options: tuple[str, ...], number: int) -> None:
    project.write("test_unending.py", UNENDING)
    run = project.begin(*options)
    pid = wait_for(project.folder / "running", run)
    assert len([each for each in project.processes() if "birth" in each]) == 3
    assert list(project.temporary.glob("confirmlab*"))
    os.kill(pid, number)
    run.communicate(timeout=30)
    project.leaves_nothing()


def test_two_labs_leave_no_process_thread_or_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads = set(threading.enumerate())
    with Labs() as labs:
        one, other = labs.start(), labs.start()
        one.confirmations.start("+70000000001", "sms_code")
        assert one.handset("+70000000001").wait_for_code()
        one.webhooks.wait("confirmation.code_sent")
        assert other.handset("+70000000001").messages() == []
        assert set(threading.enumerate()) > threads
        (folder,) = tmp_path.iterdir()
        one.stop()
        assert [each.name for each in folder.iterdir() if each.is_dir()] == ["2"]
        nursery = labs.pid
    assert list(tmp_path.iterdir()) == []
    assert set(threading.enumerate()) == threads
    assert not [each for each in Path("/proc").glob("[0-9]*/stat") if session(each) == nursery]


def session(stat: Path) -> int:
    """Return the session of a process; that of the nursery's labs is the nursery's."""
    try:
        return int(stat.read_text().rpartition(")")[2].split()[3])
    except OSError:  # it has ended meanwhile
        return 0


def test_the_labs_end_with_the_process_that_they_were_born_in(project: Any) -> None:
    project.write(
        "test_orphans.py",
        """
        import os
        import signal
        import pytest
        from gateway.pytest_plugin.waits import ExpectationError

        def test_orphans(lab, start_lab, confirmlab_labs):
            os.kill(confirmlab_labs.pid, signal.SIGKILL)
            with pytest.raises(ExpectationError, match="the process that starts labs has ended, by signal 9"):
                start_lab()
        """,
    )
    told = project.run("-q")
    assert told.splitlines()[-1].startswith("1 passed"), told
    project.leaves_nothing()


UNUSED = """
    import sys

    def test_unused(pytestconfig):
        assert pytestconfig.pluginmanager.has_plugin("confirmlab")
        heavy = {"sqlalchemy", "aiohttp", "pydantic", "structlog", "alembic", "http.client", "http.server"}
        assert not heavy & sys.modules.keys()
        assert [name for name in sys.modules if name.startswith("gateway.")] == [
            "gateway.pytest_plugin", "gateway.pytest_plugin.fixtures"
        ]
"""


def test_a_run_without_a_lab_loads_nothing_and_starts_nothing(project: Any) -> None:
    project.write("test_unused.py", UNUSED)
    assert "1 passed" in (told := project.run("--strict-markers")), told


DESELECTED = """
    import os
    import pathlib
    import pytest

    def note(place):
        children = pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        with open("children", "a") as file:
            print(place, len(children), file=file)

    def pytest_collection_modifyitems(items):
        items.clear()
        note("collected")

    @pytest.fixture
    def phone(lab):
        return lab.handset("+70000000001")
"""


@pytest.mark.parametrize(
    ("text", "options", "begun"),
    [
        ("async def test_deselected(tmp_path, alab): ...", (), ["imported 1", "collected 1"]),
        (
            "class TestIt:\n    def test_deselected(\n        self,\n        lab: 'Lab',\n    ): ...",
            (),
            ["imported 1", "collected 1"],
        ),
        ("def test_deselected(phone): ...", (), ["imported 0", "collected 1"]),
        ("def test_labour(labour=1): ...\ndef helper(lab): ...", (), ["imported 0", "collected 0"]),
        ("def test_deselected(lab): ...", ("--collect-only",), ["imported 0", "collected 0"]),
        ("def test_deselected(lab): ...", ("--fixtures",), ["imported 0", "collected 0"]),
        ("def test_deselected(lab): ...", ("--fixtures-per-test",), ["imported 0", "collected 0"]),
        ("def test_deselected(phone): ...", ("--setup-plan",), ["imported 0", "collected 0"]),
    ],
)
def test_the_labs_process_begins_before_a_test_that_wants_it_and_ends_if_none_runs(
    project: Any, text: str, options: tuple[str, ...], begun: list[str]
) -> None:
    project.write("conftest.py", DESELECTED)
    (project.folder / "test_deselected.py").write_text(f"import conftest\nconftest.note('imported')\n\n{text}\n")
    told = project.run(*options)
    assert (project.folder / "children").read_text().splitlines() == begun, told
    project.leaves_nothing()


def test_a_module_of_many_beginnings_is_looked_through_quickly() -> None:
    began = time.process_time()
    assert not _ASKS.search(b"def test(\n" * 20_000)
    assert time.process_time() - began < 1


def test_the_labs_process_ends_although_another_one_holds_the_pipe_of_its_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nursery = NurseryProcess()
    process = nursery._process
    assert process.stdin is not None
    nursery.order(stop=1)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[process.stdin.fileno()]) as holder:
        monkeypatch.setattr("gateway.pytest_plugin.order.PATIENCE", 10)
        nursery.close()
        assert holder.poll() is None
        assert process.returncode == 0


FORKS = """
    import os
    import sys

    if os.fork() == 0:
        sys.exit()
    os.wait()

    def test_lab(lab):
        assert lab.handset("+70000000001").messages() == []
"""


def test_a_process_that_a_module_forks_does_not_end_the_labs_of_its_parent(project: Any) -> None:
    project.write("test_forks.py", FORKS)
    told = project.run("-q", "-W", "ignore")
    assert told.splitlines()[-1].startswith("1 passed"), told
    project.leaves_nothing()


def test_loading_the_plugin_takes_a_few_milliseconds() -> None:
    measured = (
        "import pytest, time; began = time.process_time(); import gateway.pytest_plugin.fixtures; "
        "print(time.process_time() - began)"
    )
    told = subprocess.run([sys.executable, "-c", measured], capture_output=True, text=True, check=True)
    assert float(told.stdout) < 0.02


def test_an_order_that_was_cut_off_does_not_confuse_the_next(labs: Labs, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = labs.start()
    with monkeypatch.context() as patch:
        patch.setattr("gateway.pytest_plugin.order._speaks", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lab.stop()
    other = labs.start()
    assert other.ports["http"] != lab.ports["http"]
    assert other.handset("+70000000001").messages() == []
    other.stop()


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_lab_that_cannot_start_shows_its_last_words(labs: Labs, start: Callable[..., Any]) -> None:
    taken = start().ports["sip_gateway"]
    with pytest.raises(ExpectationError, match=f"the lab did not start:\nport {taken} of 127.0.0.1 cannot be listened"):
        labs.start({"voice_link": {"listen_port": taken}})
