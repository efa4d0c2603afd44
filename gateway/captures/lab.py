"""The captures that a running lab is asked for: files in its data folder, each bounded, and few of them."""

import secrets
from pathlib import Path
from typing import Final

from smsc_emulator.net.capture import Bounds, Capture, Captures
from smsc_emulator.net.outlets import Pipe

MOST: Final = 20
"""How many captures a lab keeps, those that run among them."""

LARGEST: Final = 100 << 20
"""How large one may grow, in octets."""

LONGEST: Final = 24 * 60 * 60
"""For how many real seconds one may run."""

WHOLE_RUN: Final = Bounds(1 << 30)
"""The bounds of the capture that `--pcap` asks for: one gibibyte, and no end but the lab's."""


class NoSuchCaptureError(LookupError):
    """There is no such capture."""


class TooManyCapturesError(Exception):
    """The lab keeps as many captures as it may."""


def new_id() -> str:
    """Return an id for a capture."""
    return f"cap_{secrets.token_hex(8)}"


class LabCaptures:
    """The captures of one run of a lab. Those of earlier runs stay in the folder, and are nobody's.

    One that runs already is that of the whole run: it is listed too, but its file is its starter's.
    """

    def __init__(self, captures: Captures, folder: Path) -> None:
        self._captures = captures
        self._folder = folder
        self._all = {capture.id: capture for capture in captures.running}
        self._foreign = frozenset(self._all)

    def all(self) -> list[Capture]:
        """Return the captures, oldest first."""
        return list(self._all.values())

    def get(self, id_: str) -> Capture:
        """Return one. Raises NoSuchCaptureError."""
        if id_ not in self._all:
            raise NoSuchCaptureError(f"there is no capture {id_}; GET /lab/captures lists them")
        return self._all[id_]

    def start(self, bounds: Bounds) -> Capture:
        """Begin one. Raises TooManyCapturesError, and OSError if its file cannot be had."""
        if len(self._all.keys() - self._foreign) >= MOST:
            raise TooManyCapturesError(f"the lab keeps {MOST} captures; delete one of them first")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        id_ = new_id()
        capture = self._captures.start(id_, self._folder / f"{id_}.pcapng", bounds)
        self._all[id_] = capture
        return capture

    def stop(self, id_: str) -> Capture:
        """End one; one that is over stays as it is. Raises NoSuchCaptureError."""
        capture = self.get(id_)
        self._captures.stop(capture)
        return capture

    def file(self, id_: str) -> Path:
        """Return the file of one, with all that was captured until now.

        Raises NoSuchCaptureError, also for one that has no file since a pipe takes it.
        """
        capture = self.get(id_)
        if isinstance(capture.outlet, Pipe):  # to read it would rob its reader, and wait
            raise NoSuchCaptureError(f"the packets of {id_} went to whoever reads the pipe {capture.path}")
        self._captures.flush()
        return capture.path

    def delete(self, id_: str) -> None:
        """End one and delete its file, if it is the lab's. Raises NoSuchCaptureError."""
        capture = self.stop(id_)
        if id_ not in self._foreign:
            capture.path.unlink(missing_ok=True)
        del self._all[id_]
