"""ESMEs that were not written here, each in a process of its own against a lab in a process of its own."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PEERS = Path(__file__).parent / "peers"
PYTHON_PEERS = ["smpplib", "aiosmpplib", "smpp34", "rusmppyc"]


def drive(command: list[str | Path], lab: Any) -> dict[str, str]:
    """Run a driver to its end; return the outcome of each step."""
    arguments = [*command, str(lab.port), lab.url, lab.data]
    run = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=90)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-3000:]
    steps = [json.loads(line) for line in run.stdout.splitlines()]
    return {step["step"]: step["outcome"] for step in steps}


def texts_that_arrived(lab: Any, outcomes: dict[str, str]) -> None:
    """Every text that the peer says it has submitted is in the inbox, whole and once."""
    texts = json.loads((lab.data / "texts.json").read_text())
    claimed = [text for name, text in texts.items() if outcomes.get(f"submit_sm: {name}") == "yes"]
    inbox = [message["text"] for message in lab.inbox() if message["from"] == "peer"]
    assert [text for text in inbox if text in texts.values()] == claimed


@pytest.mark.parametrize("peer", PYTHON_PEERS)
def test_a_python_client_does_what_the_table_says(
    lab: Any, needed: Callable[..., None], compare_with_table: Callable[..., None], peer: str
) -> None:
    needed(importlib.util.find_spec(peer), f"{peer} is not installed")
    outcomes = drive([sys.executable, PEERS / f"{peer}_driver.py"], lab)
    texts_that_arrived(lab, outcomes)
    compare_with_table(peer, outcomes)


def test_a_node_client_does_what_the_table_says(
    lab: Any, npm_smpp: Path, compare_with_table: Callable[..., None]
) -> None:
    driver = shutil.copy(PEERS / "node_driver.js", npm_smpp)
    outcomes = drive(["node", driver], lab)
    texts_that_arrived(lab, outcomes)
    compare_with_table("npm smpp", outcomes)
