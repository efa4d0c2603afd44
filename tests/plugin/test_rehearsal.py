"""The rehearsal of a lab: it identifies a user, leaves nothing, and has no say in whether labs start."""

import subprocess
import sys
from pathlib import Path

from gateway.pytest_plugin.labs import Labs
from gateway.pytest_plugin.nursery import REHEARSED_AFTER

REHEARSE = """
import os, sys, threading
from pathlib import Path
from gateway.migrations import upgrade
from gateway.pytest_plugin.rehearsal import rehearse
from smsc_emulator.base.database import make_engine
from smsc_emulator.base.statements import Statement

template, folder = Path(sys.argv[1]) / "made", Path(sys.argv[1]) / "rehearsal"
engine = make_engine(f"sqlite:///{template}")
with engine.connect() as conn:
    upgrade(conn)
engine.dispose()
compiled = []
inner = Statement._text
Statement._text = lambda self, *rest: compiled.append(str(self.core).split(" ", 4)) or inner(self, *rest)

before = os.listdir("/proc/self/fd")
rehearse(Path(sys.argv[2] or template), folder)
assert threading.enumerate() == [threading.current_thread()]
assert os.listdir("/proc/self/fd") == before
assert not folder.exists()
print("INSERT INTO register_entries" in {" ".join(words[:3]) for words in compiled})
"""


def run(tmp_path: Path, template: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", REHEARSE, str(tmp_path), template]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_a_rehearsal_comes_to_the_register_and_leaves_no_thread_or_file(tmp_path: Path) -> None:
    told = run(tmp_path)
    assert (told.stdout.strip(), told.stderr) == ("True", "")


def test_a_rehearsal_that_fails_says_why_and_goes_on(tmp_path: Path) -> None:
    told = run(tmp_path, str(tmp_path / "none"))
    assert told.stdout.strip() == "False"
    assert told.stderr.splitlines()[-1].startswith("FileNotFoundError")


def test_labs_start_before_and_after_the_rehearsal_and_share_nothing() -> None:
    with Labs() as labs:
        for _ in range(REHEARSED_AFTER + 2):
            lab = labs.start()
            phone = lab.handset("+70000000001")
            assert phone.messages() == []
            lab.confirmations.start(phone.number)
            assert phone.wait_for_code()
            lab.stop()
