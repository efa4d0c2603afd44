"""The machine: what it is, who runs on which of its cores, and what a process takes of it."""

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
SERVER, GENERATOR = {CORES[0]}, {CORES[-1]}
"""Where each runs: on cores of their own, if there are two."""


@contextmanager
def on_server_core() -> Iterator[None]:
    """Start processes in here, and they run where servers do."""
    os.sched_setaffinity(0, SERVER)
    try:
        yield
    finally:
        os.sched_setaffinity(0, GENERATOR)


def description() -> str:
    """Return the machine in a sentence, without its name."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    where = "server and generator on one core each" if SERVER != GENERATOR else "server and generator share one core"
    return (
        f"{len(CORES)} cores ({model[1] if model else platform.machine()}), {gigabytes:.0f} GiB, {system}, "
        f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}, node {node}; {where}"
    )


def load() -> float:
    """Return how many processes have wanted to run in the last minute, on average."""
    return os.getloadavg()[0]


def memory(pid: int) -> int:
    """Return a process's resident memory in bytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def worked(pid: int) -> float:
    """Return the seconds that a process's threads have spent on processors, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
