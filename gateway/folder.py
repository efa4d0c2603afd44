"""The data folder: one lab at a time, its database, the key that is kept outside the database, and ports.json.

The inboxes of the lab's handsets hold texts and codes in clear: a folder that the lab makes, and each file that it
makes there, is for its owner alone, whatever the umask. A folder that was there is as its maker made it.
"""

import fcntl
import json
import os
import secrets
from pathlib import Path

from gateway.processes import Process

DATABASE = "confirmlab.sqlite3"
"""The embedded database's file in the folder."""

TOKEN_FILE = "lab.token"  # noqa: S105 - the name of a file
"""The file with the token that the page and the routes under /lab ask for, where they do."""


HOST_FILE = "lab.host"
"""The file with the address that programs on this machine reach the lab's ports at."""

PROCESS_FILE = "lab.process"
"""The file that names the process whose ports are in ports.json."""


class FolderInUseError(Exception):
    """Another lab has the folder."""


class DataFolder:
    """The folder of one lab, locked while it is open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = open(path / "lock", "w", opener=_for_the_owner)  # noqa: SIM115 - it is open as long as the lab
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise FolderInUseError(
                f"another lab uses the folder {path}; stop it, or name another folder with --data"
            ) from None
        # A killed lab leaves its ports.json, which would send others to a port where nobody listens.
        self._forget_ports()

    @property
    def database_url(self) -> str:
        """SQLAlchemy's address of the embedded database."""
        return f"sqlite:///{self.path / DATABASE}"

    def key(self) -> bytes:
        """Return the key of the codes' hashes, made at the first start and readable by the owner alone."""
        file = self.path / "codes.key"
        if not file.exists():
            self._write(file.name, secrets.token_bytes(32))
        return file.read_bytes()

    def token(self) -> str:
        """Return the token of the lab's routes, made at the first call and readable by the owner alone."""
        file = self.path / TOKEN_FILE
        if not file.exists():
            self.write_token(secrets.token_urlsafe(24))
        return file.read_text().strip()

    def write_token(self, token: str) -> None:
        """Keep a token that was configured, for the commands that are given this folder."""
        self._write(TOKEN_FILE, f"{token}\n".encode())

    def write_ports(self, ports: dict[str, int], host: str) -> None:
        """Tell other programs where the lab listens: ports.json is whole whenever it is there, as is what is beside it.

        Those are lab.host and, where the system tells it, lab.process.
        """
        process = Process.this()
        self._write(PROCESS_FILE, f"{process.line if process else ''}\n".encode())
        self._write(HOST_FILE, f"{host}\n".encode())
        self._write("ports.json", f"{json.dumps(ports)}\n".encode())

    def close(self) -> None:
        """Let another lab have the folder; ports.json goes, since nobody listens any more."""
        self._forget_ports()
        self._lock.close()

    def _forget_ports(self) -> None:
        # The ports first: without the process they would be believed.
        for name in ("ports.json", PROCESS_FILE):
            (self.path / name).unlink(missing_ok=True)

    def _write(self, name: str, octets: bytes) -> None:
        """Have a file that is whole whenever it is there."""
        fresh = self.path / f"{name}.new"
        fresh.unlink(missing_ok=True)  # what a killed lab has left may be readable by others
        with open(fresh, "wb", opener=_for_the_owner) as file:
            file.write(octets)
        fresh.replace(self.path / name)


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
