"""The API keeps what its own document promises: schemathesis, which was not written here, calls every operation."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


BUT_FAULTS = ("--exclude-path-regex", "^/lab/(events$|faults$|services/[^/]+/(confirmations|identifications))")
"""Without a stream that ends when its reader goes, and what is called under /v1, with the same handlers."""
FAULTS = ("--include-path-regex", "^/lab/faults$")
"""By themselves: under a fault that keeps the SMSC silent, each start of a confirmation waits its two seconds."""


# Thousands of requests take half a minute alone, and several on a machine with other things to do.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("paths", [BUT_FAULTS, FAULTS], ids=["all but faults", "faults"])
def test_schemathesis_finds_nothing(serve: Callable[..., Any], tmp_path: Path, paths: tuple[str, ...]) -> None:
    lab = serve("--paused-clock")
    command = [
        *(SCHEMATHESIS, "run", f"{lab.url}/openapi.json", "--header", "Authorization: Bearer lab-demo-key"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "4", "--seed", "1", "--no-color"),
        *("--request-timeout", "60", *paths),
    ]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=560
    )
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
    assert lab.get("/livez").status == 200


def test_every_route_is_in_the_document(serve: Callable[..., Any]) -> None:
    lab = serve()
    document = lab.get("/openapi.json").body
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert ("POST", "/v1/confirmations") in described
    assert ("GET", "/livez") in described
    assert lab.get("/v1/nothing").status == 404
