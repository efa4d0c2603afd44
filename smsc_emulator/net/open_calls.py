"""The calls that are under way, on disk, so that after kill -9 no phone keeps ringing.

A file of JSON lines: each call before its INVITE leaves, again when it is answered, and its name when it is over. What
the process has written outlives it, so nothing is synced: a call does not outlive the machine that makes it. A line
that was not written to its end is a call that was never sent.
"""

import errno
import json
import os
from dataclasses import asdict
from pathlib import Path

from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.open_call import Answer, OpenCall

MOST_LINES = 1_000
"""How many lines more than calls there may be before the file is written anew."""


class OpenCalls:
    """The file, and what it says."""

    def __init__(self, path: Path) -> None:
        """Read what an earlier run has left. Raises OSError."""
        self._path = path
        self._open: dict[str, OpenCall] = {}
        for line in path.read_bytes().splitlines() if path.exists() else []:
            self._read(line)
        self._file = -1
        self._rewrite()

    def all(self) -> list[OpenCall]:
        """Return the calls that are open."""
        return list(self._open.values())

    def add(self, call: OpenCall) -> None:
        """Write a call down, or what is new of it. Raises OSError; then it must not be made."""
        self._write({"open": asdict(call)})
        self._open[call.call] = call

    def strike(self, call: str) -> None:
        """Take note that a call is over. Raises OSError."""
        if self._open.pop(call, None) is None:
            return
        if not self._open:
            os.ftruncate(self._file, 0)
            self._lines = 0
        elif self._lines > len(self._open) + MOST_LINES:
            self._rewrite()
        else:
            self._write({"over": call})

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _read(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            if "over" in said:
                self._open.pop(said["over"], None)
                return
            fields = said["open"]
            answer = fields.pop("answer")
            if answer is not None:
                answer = Answer(answer["remote"], answer["target"], tuple(answer["routes"]))
            call = OpenCall(**fields | {"peer": Peer(**fields["peer"]), "answer": answer})
        except (ValueError, KeyError, TypeError):
            return  # the line in which the earlier run was killed
        self._open[call.call] = call

    def _write(self, said: object) -> None:
        _write(self._file, json.dumps(said).encode() + b"\n")
        self._lines += 1

    def _rewrite(self) -> None:
        """Write the open calls into a new file that takes the place of the old one."""
        written = self._path.with_suffix(".new")
        data = b"".join(json.dumps({"open": asdict(call)}).encode() + b"\n" for call in self._open.values())
        file = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            _write(file, data)
            written.replace(self._path)
        except OSError:
            os.close(file)
            raise
        if self._file >= 0:
            os.close(self._file)
        self._file, self._lines = file, len(self._open)


def _write(file: int, data: bytes) -> None:
    """Write all of it or nothing: a disk that fills up takes a part, to which the next line would be joined."""
    written = os.write(file, data)
    if written < len(data):
        os.ftruncate(file, os.fstat(file).st_size - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
