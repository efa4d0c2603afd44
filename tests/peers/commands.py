"""The commands of confirmlab as forks of one process that has imported them already.

What runs is the program as a user runs it, in a process of its own, with its own arguments, environment, folder and
files; but for the second or two that each process would take to import it all. The origin of the forks ends, and kills
what is left of them, when the process of the tests ends however it does.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

LENGTH = 4
"""Octets before each order that tell how long it is."""


class Command:
    """A command that runs: what `subprocess.Popen` is to others."""

    def __init__(self, pid: int, args: tuple[str, ...], ended: int) -> None:
        self.pid = pid
        self.args = args
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        """Return the exit code, or the signal's number below zero, if it has ended."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it by force."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], timeout)[0]:
            self.returncode = os.waitstatus_to_exitcode(int(os.read(self._ended, 32)))
            os.close(self._ended)
        return self.returncode


def start(
    *words: object,
    out: int = subprocess.DEVNULL,
    err: int | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Command:
    """Start `confirmlab` with these words. `out` and `err` are file descriptors; without `err` both go to `out`."""
    args = tuple(map(str, words))
    nothing = os.open(os.devnull, os.O_RDWR)
    out = nothing if out == subprocess.DEVNULL else out
    ended, ending = os.pipe()
    order = {"args": args, "folder": str(folder or Path.cwd()), "environment": dict(environment or os.environ)}
    try:
        pid = _origin().order(order, [nothing, out, out if err is None else err, ending])
    finally:
        os.close(nothing)
        os.close(ending)
    return Command(pid, args, ended)


def run(*words: object, check: bool = False, timeout: float = 60.0, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run `confirmlab` with these words to its end. Raises what `subprocess.run` raises."""
    (out, told), (err, complaints) = (_Read.pipe() for _ in range(2))
    with out, err:
        command = start(*words, out=told, err=complaints, **more)
        os.close(told)
        os.close(complaints)
        deadline = time.monotonic() + timeout
        while open_ends := [end for end in (out, err) if not end.over]:
            readable, _, _ = select.select(open_ends, [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                command.kill()
                raise subprocess.TimeoutExpired(command.args, timeout, out.octets, err.octets)
            for end in readable:
                end.read()
    done = subprocess.CompletedProcess(command.args, command.wait(10), out.octets.decode(), err.octets.decode())
    if check:
        done.check_returncode()
    return done


class _Read:
    """What comes out of a pipe."""

    def __init__(self, end: int) -> None:
        self._end = end
        self.octets = b""
        self.over = False

    @classmethod
    def pipe(cls) -> "tuple[_Read, int]":
        end, other = os.pipe()
        return cls(end), other

    def fileno(self) -> int:
        return self._end

    def read(self) -> None:
        more = os.read(self._end, 65536)
        self.octets += more
        self.over = not more

    def __enter__(self) -> "_Read":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._end)


class _Origin:
    """The process that the commands are forked from, as who orders them sees it."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair()
        with theirs:
            arguments = [sys.executable, __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(arguments, pass_fds=[theirs.fileno()])

    def order(self, order: Mapping[str, Any], files: list[int]) -> int:
        """Have a command started with these files as its 0, 1 and 2, and one to tell its end on; return its pid."""
        octets = json.dumps(order).encode()
        self._orders.sendall(len(octets).to_bytes(LENGTH))
        socket.send_fds(self._orders, [octets[:1]], files)
        self._orders.sendall(octets[1:])
        return int.from_bytes(_exactly(self._orders, LENGTH))

    def close(self) -> None:
        """End it, and all commands that still run."""
        self._orders.close()
        self._process.wait()


@cache
def _origin() -> _Origin:
    """Return the one of this process."""
    origin = _Origin()
    atexit.register(origin.close)
    return origin


def _exactly(link: socket.socket, length: int) -> bytes:
    octets = link.recv(length, socket.MSG_WAITALL)
    if len(octets) < length:
        raise EOFError("the origin of the commands has ended")
    return octets


# The rest runs in the origin's own process.


def _be_the_origin(orders: socket.socket) -> None:
    """Fork a command for each order, and tell the end of each, until the orders end."""
    # What any command would import when it runs.
    import gateway.cli
    import gateway.lab
    import gateway.load.page
    import gateway.reports.around  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which end this by ending
    running: dict[int, int] = {}
    woken, waking = os.pipe2(os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking)
    while True:
        readable, _, _ = select.select([orders, woken], [], [])
        if woken in readable:
            os.read(woken, 4096)
            _tell_ends(running)
        if orders in readable:
            try:
                length = int.from_bytes(_exactly(orders, LENGTH))
            except EOFError:
                break
            first, files, _, _ = socket.recv_fds(orders, 1, 4)
            order = json.loads(first + (_exactly(orders, length - 1) if length > 1 else b""))
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for mine in (orders.fileno(), woken, waking, files[3], *running.values()):
                    os.close(mine)
                _be_a_command(order, files[:3])
            for file in files[:3]:
                os.close(file)
            running[pid] = files[3]
            orders.sendall(pid.to_bytes(LENGTH))
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def _tell_ends(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        end = running.pop(pid)
        with suppress(BrokenPipeError):  # nobody wants to know
            os.write(end, str(status).encode())
        os.close(end)


def _be_a_command(order: dict[str, Any], files: list[int]) -> None:
    """Run the command in this process, and end it."""
    code = 1
    try:
        for own, taken in zip(files, (0, 1, 2), strict=True):
            os.dup2(own, taken)
            os.close(own)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        sys.argv = ["confirmlab", *order["args"]]
        from gateway.cli import main

        code = _code_of(main)
        for thread in threading.enumerate():  # as Python does before it ends
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        sys.stdout.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _code_of(main: Any) -> int:
    try:
        main()
    except SystemExit as ending:
        if isinstance(ending.code, int) or ending.code is None:
            return ending.code or 0
        print(ending.code, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    _be_the_origin(socket.socket(fileno=int(sys.argv[1])))
