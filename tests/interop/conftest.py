"""A lab for each peer, and the table of what each peer did with it."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TABLE = Path(__file__).parents[2] / "docs" / "interop.md"
CONFIG = """
smsc:
  bind_failure_delay: 0s
  accounts:
    - {system_id: peer, password: secret, serves: ["1234"], window: 50}
"""
TEXTS = {
    "Latin": "Your code is 123456",
    "Cyrillic": "Ваш код подтверждения 123456",
    "long Latin": "All work and no play makes Jack a dull boy. " * 8,
    "long Cyrillic": "Широкая электрификация южных губерний даст мощный толчок подъёму. " * 4,
    "emoji": "Code 123456 \N{SMILING FACE WITH SUNGLASSES}\N{REGIONAL INDICATOR SYMBOL LETTER R}",
}


@pytest.fixture
def lab(serve_lab: Callable[[str], Any]) -> Any:
    lab = serve_lab(CONFIG)
    (lab.data / "texts.json").write_text(json.dumps(TEXTS))
    return lab


@pytest.fixture
def texts() -> dict[str, str]:
    return TEXTS


@pytest.fixture
def needed() -> Callable[..., None]:
    """Skip the test for want of a peer, with the reason; in CI that is a failure."""

    def need(present: Any, reason: str) -> None:
        if present:
            return
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    return need


@pytest.fixture
def npm_smpp(tmp_path: Path, needed: Callable[..., None]) -> Path:
    """Return a folder that has npm's `smpp` in its node_modules."""
    needed(shutil.which("node") and shutil.which("npm"), "node and npm are not installed")
    options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"]
    command = ["npm", "install", *options, "--prefix", str(tmp_path), "smpp@0.6.0-rc.4"]
    installed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    needed(installed.returncode == 0, f"npm cannot install smpp: {installed.stderr[-300:]}")
    return tmp_path


def columns() -> dict[str, dict[str, str]]:
    """Return what the committed table says: by peer, then by step."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("|")] if TABLE.exists() else []
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if not rows:
        return {}
    return {peer: {row[0]: row[place] for row in rows[2:] if row[place]} for place, peer in enumerate(rows[0]) if place}


def write(told: dict[str, dict[str, str]]) -> None:
    told = {peer: told[peer] for peer in PEERS if peer in told}
    steps = list(dict.fromkeys(step for outcomes in told.values() for step in outcomes))
    order = [step for step in ORDER if step in steps] + sorted(set(steps) - set(ORDER))
    rows = [["step", *told], ["---"] * (len(told) + 1)]
    rows += [[step, *(outcomes.get(step, "") for outcomes in told.values())] for step in order]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(f"{INTRODUCTION}\n{table}\n")


PEERS = ["smpplib", "aiosmpplib", "smpp34", "rusmppyc", "npm smpp", "Kannel"]
ORDER = [
    "wrong password",
    "bind_transmitter",
    "bind_receiver",
    "bind_transceiver",
    *(f"submit_sm: {name}" for name in TEXTS),
    "delivery receipts",
    "mobile-originated",
    "mobile-originated, long",
    "enquire_link",
    "query_sm",
    "cancel_sm of a delivered message",
    "replace_sm of a delivered message",
    "submit_multi",
    "data_sm",
    "unbind",
]
INTRODUCTION = """# Interoperability

What SMPP software of other authors does with the SMSC, over real sockets. The tests in `tests/interop` drive each peer
through these steps and compare what came of them with this table, which `make interop` writes anew. An empty cell: the
peer has no such operation, or does it on its own clock. "yes": the peer did it, and the lab saw what the peer meant;
every text reached the handset whole, and each receipt told the id that the answer to its submit_sm had told.
"""


@pytest.fixture
def compare_with_table() -> Callable[[str, dict[str, str]], None]:
    """Hold what a peer did against the committed table, or write it there when WRITE_INTEROP_TABLE is set."""

    def compare(peer: str, outcomes: dict[str, str]) -> None:
        told = columns()
        if os.environ.get("WRITE_INTEROP_TABLE"):
            write({**told, peer: outcomes})
        else:
            assert outcomes == told.get(peer), "docs/interop.md tells something else; `make interop` writes it anew"

    return compare
