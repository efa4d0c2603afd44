"""The servers that are measured: each in a process of its own, on the servers' core, with free ports."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import machine

HERE = Path(__file__).parent
ROOT = HERE.parent
PEERS = ROOT / ".venv" / "bench"
"""Where npm's smpp is installed, if the folder .venv is there."""
NPM_SMPP = "smpp@0.6.0-rc.4"
USERS = 200
"""How many subscribers the lab has."""


class MissingError(Exception):
    """What is to be measured beside us cannot be had; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    pid: int
    port: int


@contextmanager
def started(*command: str | Path, core: AbstractContextManager[None] | None = None) -> Iterator[Server]:
    """Start a server that prints its port, on the servers' core unless another is given; end it by killing it."""
    with core or machine.on_server_core():
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        if not told.strip().isdigit():
            raise MissingError(f"{' '.join(map(str, command[:3]))} did not start")
        yield Server(process.pid, int(told))
    finally:
        process.kill()
        process.communicate()


@contextmanager
def smsc(store: str = "memory") -> Iterator[Server]:
    """Start our SMSC, with its state in memory or in SQLite."""
    with TemporaryDirectory(prefix="bench-") as folder:
        where = folder if store == "sqlite" else "-"
        with started(sys.executable, "-m", "bench.smsc", where) as server:
            yield server


@contextmanager
def echo(modules: Path) -> Iterator[Server]:
    """Start npm's echo."""
    with started("node", HERE / "echo.js", modules) as server:
        yield server


@contextmanager
def bare() -> Iterator[Server]:
    """Start the bare aiohttp server."""
    with started(sys.executable, "-m", "bench.bare") as server:
        yield server


@contextmanager
def receiver() -> Iterator[Server]:
    """Start a receiver of webhooks, whose work is not the server's: it runs beside the generator."""
    with started(sys.executable, "-m", "bench.bare", core=nullcontext()) as server:
        yield server


@contextmanager
def npm_smpp() -> Iterator[Path]:
    """Return a folder whose node_modules has npm's smpp, which is installed there if need be."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise MissingError("node and npm are not installed; on Debian and Ubuntu: apt-get install nodejs npm")
    with TemporaryDirectory(prefix="bench-") as temporary:
        folder = PEERS if PEERS.parent.is_dir() else Path(temporary)
        folder.mkdir(exist_ok=True)
        if not (folder / "node_modules" / "smpp").is_dir():
            options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--prefix", str(folder)]
            command = ["npm", "install", *options, NPM_SMPP]
            installed = subprocess.run(command, capture_output=True, text=True, check=False)
            if installed.returncode:
                raise MissingError(f"npm cannot install {NPM_SMPP}: {installed.stderr[-300:]}")
        yield folder


@contextmanager
def lab() -> Iterator[dict[str, int]]:
    """Start a whole lab, as a user does; its ports."""
    with TemporaryDirectory(prefix="bench-") as folder:
        config = Path(folder) / "lab.yaml"
        config.write_text(json.dumps(_lab_config()))  # JSON is YAML too
        ports = ["--smpp-port", "0", "--http-port", "0", "--sip-port", "0"]
        main = "import sys; from gateway.cli import main; sys.argv[0] = 'confirmlab'; main()"
        command = [sys.executable, "-c", main]
        with machine.on_server_core():
            process = subprocess.Popen(
                [*command, "serve", "--config", str(config), "--data", folder, *ports],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
            )
        try:
            waiting = [*command, "readyz", "--wait", "60s", "--data", folder]
            ready = subprocess.run(waiting, capture_output=True, text=True, check=False, cwd=ROOT)
            if ready.returncode:
                raise MissingError(f"the lab did not start: {ready.stderr}")
            yield json.loads((Path(folder) / "ports.json").read_text())
        finally:
            process.kill()
            process.wait()


def _lab_config() -> dict[str, Any]:
    people = [{"phone_number": f"+7000000{number:04d}", "operator_id": "alpha"} for number in range(1, USERS + 1)]
    alpha = {
        "id": "alpha",
        "name": "Alpha Mobile",
        "secret": "whsec_YWxwaGEtbGFiLW9wZXJhdG9yLXNpZ25pbmcta2V5",
        "ranges": [{"first": "+70000000000", "last": "+70009999999"}],
    }
    return {"operators": [alpha], "subscribers": people, "handsets": [], "logs": {"level": "error"}}
