"""Which process a data folder belongs to, so that a port of a lab that was killed is not taken for the lab's.

A process is known by the boot of the machine, its namespace of process ids (a container has one of its own), its id,
and the tick of its start: an id alone is given again to others. Linux tells all of it in /proc; elsewhere nothing is
known, and every lab is believed to run.
"""

import os
from pathlib import Path

from smsc_emulator.frozen import frozen

_PROC = Path("/proc")


@frozen
class Process:
    """A process of this machine, told from all others that there were and will be."""

    boot: str
    namespace: str
    id: int
    started: int
    """In ticks of the kernel since the boot."""

    @classmethod
    def this(cls) -> "Process | None":
        """Return the process that asks; None where the system does not tell."""
        told = _boot_and_namespace()
        started = _started(os.getpid())
        return None if told is None or started is None else cls(*told, os.getpid(), started)

    @classmethod
    def read(cls, line: str) -> "Process | None":
        """Return the process that a line names, as `line` writes it; None if it names none."""
        try:
            boot, namespace, id_, started = line.split()
            return cls(boot, namespace, int(id_), int(started))
        except ValueError:
            return None

    @property
    def line(self) -> str:
        """The process as one line."""
        return f"{self.boot} {self.namespace} {self.id} {self.started}"

    def is_gone(self) -> bool:
        """Return whether it surely runs no more; of a process of another container nothing is sure."""
        here = _boot_and_namespace()
        if here is None or here[1] != self.namespace:  # whose boot may be told as another one, too
            return False
        return here[0] != self.boot or _started(self.id) != self.started


def _boot_and_namespace() -> tuple[str, str] | None:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip(), os.readlink(_PROC / "self/ns/pid")
    except OSError:
        return None


def _started(id_: int) -> int | None:
    """Return the tick of a process's start (field 22 of proc_pid_stat(5)); None if it has ended or is not there."""
    try:
        # The second field, the name, may hold anything, but what follows its last parenthesis is plain.
        fields = (_PROC / str(id_) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])
