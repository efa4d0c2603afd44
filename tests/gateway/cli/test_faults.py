"""`confirmlab faults` and `confirmlab conduct`, with a real lab and without one."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer

from gateway.cli.faults import rule


def test_a_rule_is_written_by_its_keys() -> None:
    keys = ["status=0x428", "accepted=true", "when.destination=7000", "when.every=3", "when.probability=0.5"]
    assert rule("status", keys) == {
        "fault": "status",
        "status": "0x428",
        "accepted": True,
        "when": {"destination": "7000", "every": 3, "probability": 0.5},
    }


@pytest.mark.parametrize("keys", [["when.every"], ["when=3", "when.every=2"]])
def test_keys_that_are_none_are_wrong_usage(keys: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        rule("status", keys)


def test_faults_are_set_and_cleared_in_a_running_lab(lab: Any) -> None:
    added = lab.run("faults", "add", "status", "status=ESME_RTHROTTLED", "when.destination=+79990000", "when.times=1")
    told = "status status=ESME_RTHROTTLED accepted=False when.destination=+79990000 when.times=1"
    assert added.stdout == f"flt_1  fired 0 of 0  {told}\n"
    refused = lab.run("send", "--to", "+79990000001", "--text", "hi", check=False)
    assert "ESME_RTHROTTLED" in refused.stderr
    heading, line = lab.run("faults", "list").stdout.splitlines()
    assert heading.split() == ["id", "fired", "fault", "keys"]
    assert line.split() == ["flt_1", "1", "of", "1", *told.split()]
    (listed,) = json.loads(lab.run("faults", "list", "--json").stdout)["faults"]
    assert listed["rule"]["when"]["times"] == 1
    lab.run("faults", "remove", "flt_1")
    lab.run("faults", "clear")
    assert lab.run("faults", "list").stdout == "no fault is in force\n"


def test_conduct_ends_with_1_if_there_was_an_error(lab: Any, tmp_path: Path) -> None:
    clean = lab.run("conduct", "gateway")
    assert clean.stdout.startswith("gateway: 0 errors")
    lab.run("send", "--to", "Shop", "--text", "hi", check=False)
    file = tmp_path / "conduct.xml"
    report = lab.run("conduct", "smppclient1", "--format", "junit", "--output", file, check=False)
    assert report.returncode == 1
    assert int(ElementTree.parse(file).getroot().get("failures", "0")) >= 1
    told = json.loads(lab.run("conduct", "smppclient1", "--format", "json", check=False).stdout)
    assert "destination_name" in {mistake["kind"] for mistake in told["mistakes"]}


def test_conduct_of_nobody_is_told_in_a_sentence(lab: Any) -> None:
    result = lab.run("conduct", "nobody", check=False)
    assert result.returncode == 1
    assert "There is no account 'nobody'." in result.stderr
