"""Where a capture writes to: a file, or a named pipe whose reader may come late, be slow or go.

No pipe ever blocks the event loop.
"""

import asyncio
import errno
import os
import stat
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

ROOM: Final = 8 << 20
"""How many octets wait at most for the reader of a pipe; what comes then is lost."""

LOOK_EVERY: Final = 0.2
"""How many real seconds pass between two looks whether a pipe has a reader."""

LINGER: Final = 0.5
"""How many real seconds the reader of a pipe has for what waits, once the capture is over."""

log = structlog.get_logger(__name__)


class File:
    """A regular file, or a device. `packets` and `size` (octets) are what was written, `lost` packets are none."""

    def __init__(self, descriptor: int, head: bytes) -> None:
        self.descriptor = descriptor
        self.packets = 0
        self.lost = 0
        self.size = 0
        self.closed = asyncio.Event()
        self._append(head)

    def write(self, block: bytes) -> None:
        """Append the block of a packet. Raises OSError; the file then ends with the block before."""
        self._append(block)
        self.packets += 1

    def close(self) -> None:
        """End the file."""
        with suppress(OSError):
            os.close(self.descriptor)
        self.closed.set()

    def _append(self, octets: bytes) -> None:
        view = memoryview(octets)
        try:
            while view:
                view = view[os.write(self.descriptor, view) :]
        except OSError:
            with suppress(OSError):  # a device has nothing that could be taken back
                os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(octets)


class Pipe:
    """A named pipe. Each of its readers is told the head first, and after that whole packets.

    `packets` and `size` (octets) are what the pipe has taken. Packets are `lost` while nobody reads, when more than
    ROOM waits, and when the reader goes; the log is told of it once.
    """

    def __init__(self, path: Path, descriptor: int | None, head: bytes) -> None:
        self.packets = 0
        self.lost = 0
        self.size = 0
        self.closed = asyncio.Event()
        self._path = path
        self._head = head
        self._loop = asyncio.get_running_loop()
        self._descriptor: int | None = None
        self._waiting: deque[bytes] = deque()
        self._octets = 0
        self._begun = 0
        """How many octets of the first block that waits were taken."""
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False
        self._is_told = False
        if descriptor is None:
            self._tell("nobody reads the pipe yet: packets are lost until somebody does")
            self._timer = self._loop.call_later(LOOK_EVERY, self._look)
        else:
            self._read_by(descriptor)

    def write(self, block: bytes) -> None:
        """Take the block of a packet, or lose it."""
        if self._descriptor is None:
            self._lose(1, "nobody reads the pipe")
        elif self._octets + len(block) > ROOM:
            self._lose(1, "the reader of the pipe is too slow")
        else:
            self._put(block)

    def close(self) -> None:
        """End the pipe, at once or when its reader has taken what waits; it has LINGER for that."""
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._waiting:
            self._timer = self._loop.call_later(LINGER, self._leave, "the reader of the pipe is too slow")
        else:
            self._leave("")

    def _look(self) -> None:
        """Look whether somebody reads by now, also where the pipe was made anew meanwhile."""
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            self._timer = self._loop.call_later(LOOK_EVERY, self._look)
            return
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            self._read_by(descriptor)
        else:  # a file took the pipe's place: it is somebody else's
            os.close(descriptor)
            self._timer = self._loop.call_later(LOOK_EVERY, self._look)

    def _read_by(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._timer = None
        # Nothing is ever there to be read, but the loop calls so when the last reader goes: the next needs a head.
        self._loop.add_reader(descriptor, self._leave, "the reader of the pipe has gone")
        self._put(self._head)

    def _put(self, block: bytes) -> None:
        self._waiting.append(block)
        self._octets += len(block)
        if len(self._waiting) == 1:
            self._pour()

    def _pour(self) -> None:
        """Hand over what waits, as far as the pipe takes it now; the rest when the loop hears that it takes more."""
        assert self._descriptor is not None
        try:
            while self._waiting:
                block = self._waiting[0]
                self._begun += os.write(self._descriptor, memoryview(block)[self._begun :])
                if self._begun == len(block):
                    self._taken(self._waiting.popleft())
        except BlockingIOError:
            self._loop.add_writer(self._descriptor, self._pour)
            return
        except OSError:
            self._leave("the reader of the pipe has gone")
            return
        self._loop.remove_writer(self._descriptor)
        if self._is_over:
            self._leave("")

    def _taken(self, block: bytes) -> None:
        self._begun = 0
        self._octets -= len(block)
        self.size += len(block)
        self.packets += block is not self._head

    def _leave(self, why: str) -> None:
        """Be done with this reader, and look for another unless the capture is over."""
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
        lost = sum(block is not self._head for block in self._waiting)
        self._waiting.clear()
        self._octets = self._begun = 0
        if self._timer is not None:
            self._timer.cancel()
        if lost:
            self._lose(lost, why)
        if self._is_over:
            self.closed.set()
        else:
            self._timer = self._loop.call_later(LOOK_EVERY, self._look)

    def _lose(self, packets: int, why: str) -> None:
        self.lost += packets
        self._tell(why)

    def _tell(self, why: str) -> None:
        if not self._is_told:
            self._is_told = True
            log.warning("a capture loses packets", pipe=str(self._path), reason=why)


Outlet = File | Pipe


def open_outlet(path: Path, head: bytes) -> Outlet:
    """Open what is at `path`, or make a file there, and write `head`. A file is emptied. Raises OSError.

    A file is for its owner alone, also where it was there before; a pipe is as its maker made it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        if error.errno == errno.ENXIO and stat.S_ISFIFO(path.stat().st_mode):
            return Pipe(path, None, head)
        raise
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode):
            return Pipe(path, descriptor, head)
        if stat.S_ISREG(mode):
            os.fchmod(descriptor, 0o600)
        return File(descriptor, head)
    except OSError:
        os.close(descriptor)
        raise
