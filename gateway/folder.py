"""The data folder: one lab at a time, its database, the key that is kept outside the database, and ports.json."""

import fcntl
import json
import secrets
from pathlib import Path

DATABASE = "confirmlab.sqlite3"
"""The embedded database's file in the folder."""

TOKEN_FILE = "lab.token"  # noqa: S105 - the name of a file
"""The file with the token that the page and the routes under /lab ask for, where they do."""


HOST_FILE = "lab.host"
"""The file with the address that programs on this machine reach the lab's ports at."""


class FolderInUseError(Exception):
    """Another lab has the folder."""


class DataFolder:
    """The folder of one lab, locked while it is open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self._lock = (path / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise FolderInUseError(
                f"another lab uses the folder {path}; stop it, or name another folder with --data"
            ) from None
        # A killed lab leaves its ports.json, which would send others to a port where nobody listens.
        (path / "ports.json").unlink(missing_ok=True)

    @property
    def database_url(self) -> str:
        """SQLAlchemy's address of the embedded database."""
        return f"sqlite:///{self.path / DATABASE}"

    def key(self) -> bytes:
        """Return the key of the codes' hashes, made at the first start and readable by the owner alone."""
        file = self.path / "codes.key"
        if not file.exists():
            fresh = self.path / "codes.key.new"
            fresh.touch(mode=0o600)
            fresh.write_bytes(secrets.token_bytes(32))
            fresh.replace(file)
        return file.read_bytes()

    def token(self) -> str:
        """Return the token of the lab's routes, made at the first call and readable by the owner alone."""
        file = self.path / TOKEN_FILE
        if not file.exists():
            self.write_token(secrets.token_urlsafe(24))
        return file.read_text().strip()

    def write_token(self, token: str) -> None:
        """Keep a token that was configured, for the commands that are given this folder."""
        fresh = self.path / f"{TOKEN_FILE}.new"
        fresh.touch(mode=0o600)
        fresh.write_text(token + "\n")
        fresh.replace(self.path / TOKEN_FILE)

    def write_ports(self, ports: dict[str, int], host: str) -> None:
        """Tell other programs where the lab listens: ports.json is whole whenever it is there, as is lab.host."""
        (self.path / HOST_FILE).write_text(host + "\n")
        fresh = self.path / "ports.json.new"
        fresh.write_text(json.dumps(ports) + "\n")
        fresh.replace(self.path / "ports.json")

    def close(self) -> None:
        """Let another lab have the folder; ports.json goes, since nobody listens any more."""
        (self.path / "ports.json").unlink(missing_ok=True)
        self._lock.close()
