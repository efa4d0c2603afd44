from pathlib import Path

import pytest

from smsc_emulator.core import dispatch_log
from smsc_emulator.core.dispatch_log import DispatchLog


def reopened(path: Path) -> frozenset[int]:
    log = DispatchLog(path)
    try:
        return log.dispatched()
    finally:
        log.close()


def test_what_was_added_and_not_withdrawn_is_there_without_a_close(tmp_path: Path) -> None:
    log = DispatchLog(tmp_path / "log")
    log.add([1, 2, 3])
    log.withdraw([2])
    log.add([4])
    log.withdraw([4])
    log.add([4])
    assert reopened(tmp_path / "log") == {1, 3, 4}
    log.close()


def test_a_record_cut_short_is_left_out(tmp_path: Path) -> None:
    log = DispatchLog(tmp_path / "log")
    log.add([1, 2])
    log.close()
    whole = (tmp_path / "log").read_bytes()
    (tmp_path / "log").write_bytes(whole[:-3])
    assert reopened(tmp_path / "log") == {1}


def test_it_stays_small_as_what_it_holds_is_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch_log, "_COMPACT_FROM", 50)
    log = DispatchLog(tmp_path / "log")
    for n in range(1, 1000):
        log.add([n])
        log.settle([n])
    log.add([5000])
    assert (tmp_path / "log").stat().st_size < 60 * 8
    assert log.dispatched() == {5000}
    log.compact()
    assert reopened(tmp_path / "log") == {5000}
    log.close()


def test_a_cleared_log_forgets_all(tmp_path: Path) -> None:
    log = DispatchLog(tmp_path / "log")
    log.add([1, 2])
    log.clear()
    log.add([3])
    assert reopened(tmp_path / "log") == {3}
    log.close()
