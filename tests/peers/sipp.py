"""SIPp (Debian's sip-tester) as a process that plays one scenario."""

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from sip_wire import Address

SCENARIOS = Path(__file__).parents[1] / "interop" / "sip" / "scenarios"
LIMIT = 60
"""Seconds after which SIPp gives up and fails."""


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        return int(udp.getsockname()[1])


def listens(port: int) -> bool:
    """Whether some process has this UDP port: the kernel's own table says so."""
    return f":{port:04X} " in "".join(line.split()[1] + " " for line in Path("/proc/net/udp").read_text().splitlines())


class Sipp:
    """One call of SIPp, begun at once; `finish` waits for its end and demands that it went as the scenario says.

    Without `to` it waits for calls. `keys` are the scenario's words in brackets.
    """

    def __init__(
        self, scenario: str, folder: Path, to: Address | None = None, *, port: int | None = None, **keys: str
    ) -> None:
        self.port = port or free_port()
        self.address: Address = ("127.0.0.1", self.port)
        self.errors = folder / f"{scenario}-{self.port}-errors.log"
        self.messages = folder / f"{scenario}-{self.port}-messages.log"
        target = [f"{to[0]}:{to[1]}"] if to else []
        words = [word for name, value in keys.items() for word in ("-key", name, value)]
        command: list[str | Path] = [
            *("sipp", *target, "-sf", SCENARIOS / f"{scenario}.xml", "-i", "127.0.0.1", "-p", str(self.port)),
            *("-m", "1", "-nostdin", "-skip_rlimit"),
            *("-timeout", f"{LIMIT}s", "-timeout_error", "-watchdog_interval", "0", "-max_retrans", "12"),
            *("-trace_err", "-error_file", self.errors, "-trace_msg", "-message_file", self.messages, *words),
        ]
        self.screen = folder / f"{scenario}-{self.port}.out"
        with self.screen.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
        self._until_it_listens()

    def _until_it_listens(self) -> None:
        deadline = time.monotonic() + 10
        while not listens(self.port) and self.process.poll() is None:
            assert time.monotonic() < deadline, self.told
            threading.Event().wait(0.01)

    @property
    def told(self) -> str:
        """What it wrote about errors, and the end of its screen."""
        errors = self.errors.read_text() if self.errors.exists() else ""
        return errors[-3000:] + self.screen.read_text()[-3000:]

    def finish(self) -> None:
        code = self.process.wait(timeout=LIMIT + 10)
        assert code == 0, f"SIPp ended with {code}\n{self.told}"

    def close(self) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
