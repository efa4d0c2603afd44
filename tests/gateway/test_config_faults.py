"""Faults in the configuration file, and how mistakes in them are told."""

from pathlib import Path
from textwrap import dedent

import pytest

from gateway.config import ConfigError, read
from smsc_emulator.core.faults.late_receipt import LateReceipt


def write(folder: Path, text: str) -> Path:
    file = folder / "lab.yaml"
    file.write_text(dedent(text), encoding="utf-8")
    return file


def test_faults_are_read_with_their_conditions(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """\
        smsc:
          faults:
            - {fault: late_receipt, delay: 2h, when: {account: smppclient1, text: "*code*"}}
        """,
    )
    (fault,) = read(file).smsc.faults
    assert isinstance(fault, LateReceipt)
    assert (fault.delay, fault.when.account, fault.when.text) == (7_200_000, "smppclient1", "*code*")


def test_each_mistake_in_a_fault_is_told_by_its_place(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """\
        smsc:
          faults:
            - fault: status
              status: ESME_RTHROTLED
              when: {evry: 3}
            - fault: sloww_writes
            - fault: latency
              delay: 5
            - fault: late_receipt
        """,
    )
    with pytest.raises(ConfigError) as raised:
        read(file)
    told = [str(mistake).removeprefix(f"{tmp_path}/") for mistake in raised.value.mistakes]
    assert [line.split(" ")[0] for line in told] == [
        "lab.yaml:4:15:",
        "lab.yaml:5:14:",
        "lab.yaml:6:14:",
        "lab.yaml:8:14:",
        "lab.yaml:9:7:",
    ]
    assert "write the name of an error, such as ESME_RTHROTTLED" in told[0]
    assert "smsc.faults[0].when.evry: unknown key" in told[1]
    assert "there is no fault 'sloww_writes'" in told[2]
    assert "slow_writes" in told[2].partition("'sloww_writes'")[2]
    assert "write a duration with its unit" in told[3]
    assert "smsc.faults[3].delay: this key is needed" in told[4]
