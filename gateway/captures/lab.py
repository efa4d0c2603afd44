"""The captures that a running lab is asked for: files in its data folder, each bounded, and few of them."""

import secrets
from pathlib import Path
from typing import Final

from smsc_emulator.net.capture import Bounds, Capture, Captures

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


class LabCaptures:
    """The captures of one run of a lab. Those of earlier runs stay in the folder, and are nobody's."""

    def __init__(self, captures: Captures, folder: Path) -> None:
        self._captures = captures
        self._folder = folder
        self._all: dict[str, Capture] = {}

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
        if len(self._all) >= MOST:
            raise TooManyCapturesError(f"the lab keeps {MOST} captures; delete one of them first")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        id_ = f"cap_{secrets.token_hex(8)}"
        capture = self._captures.start(id_, self._folder / f"{id_}.pcapng", bounds)
        self._all[id_] = capture
        return capture

    def stop(self, id_: str) -> Capture:
        """End one; one that is over stays as it is. Raises NoSuchCaptureError."""
        capture = self.get(id_)
        self._captures.stop(capture)
        return capture

    def file(self, id_: str) -> Path:
        """Return the file of one, with all that was captured until now. Raises NoSuchCaptureError."""
        capture = self.get(id_)
        self._captures.flush()
        return capture.path

    def delete(self, id_: str) -> None:
        """End one and delete its file. Raises NoSuchCaptureError."""
        self.stop(id_).path.unlink(missing_ok=True)
        del self._all[id_]
