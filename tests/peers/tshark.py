"""Wireshark's dissectors, asked by tshark what they see in a file."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ERROR = 0x00800000
"""The least severity of an expert's finding that is an error."""
CHECKED = [f"{name}:TRUE" for name in ("ip.check_checksum", "tcp.check_checksum", "udp.check_checksum")]


def present() -> None:
    """Skip the test where there is no tshark; in CI that is a failure."""
    if shutil.which("tshark") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("tshark is not installed")
        pytest.skip("tshark is not installed")


def dissected(path: Path, *fields: str) -> list[list[str]]:
    """Return the wanted fields of each packet, as texts; no packet may be malformed or have an expert's error."""
    told = ("_ws.malformed", "_ws.expert.severity", *fields)
    options = [word for each in CHECKED for word in ("-o", each)] + [word for each in told for word in ("-e", each)]
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "aggregator=|", *options]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    wrong = [line for line in lines if line[0] or any(int(each) >= ERROR for each in line[1].split("|") if each)]
    assert wrong == [], wrong
    return [line[2:] for line in lines]
