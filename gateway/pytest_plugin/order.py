"""The process that the labs of one test run are born in, as who gives it orders sees it: its start, orders and end.

It takes a second to be ready, so that this module imports little: the sooner it is begun, the less is waited for it.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO, Any

PATIENCE = 90.0
"""Real seconds after which the nursery is held for dead."""

# Of what is imported nothing is garbage, and looking for it would take a tenth of the time.
BIRTH = "import gc; gc.disable(); from gateway.pytest_plugin.birth import main; main()"
END = b'{"end": true}\n'


class NurseryError(Exception):
    """The nursery has ended or says nothing; the message has its last words."""


class NurseryProcess:
    """The process, which has begun when this is made. `folder` is where its labs have their data."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._orders = count(1)
        self._ordered = False
        self.folder = Path(tempfile.mkdtemp(prefix="confirmlab-labs-"))
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the nursery that writes to it
        # A session of its own: Ctrl-C is for the tests, which stop their labs themselves.
        self._process = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-P", "-c", BIRTH, self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,  # what is read ahead, poll does not see
            start_new_session=True,
            # To look for pydantic's plugins is to read what is told of every installed distribution.
            env={"PYDANTIC_DISABLE_PLUGINS": "__all__", **os.environ},
        )

    @property
    def pid(self) -> int:
        """The process, which leads the session of its labs."""
        return self._process.pid

    def order(self, **order: Any) -> dict[str, Any]:
        """Have the nursery do something; return its answer. Raises NurseryError."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._lock, suppress(BrokenPipeError):
            self._ordered = True
            order["order"] = next(self._orders)
            stdin.write(json.dumps(order).encode() + b"\n")
            while line := stdout.readline() if _speaks(stdout) else b"":
                answer: dict[str, Any] = json.loads(line)
                # A test that was cut off in its order, by pytest-timeout for one, has left the answer to it.
                if answer.pop("order") == order["order"]:
                    return answer
        self._errors.seek(0)
        words = self._errors.read()[-4000:].decode(errors="replace").strip()
        raise NurseryError(f"the process that starts labs {self._end()}; its last words:\n{words or '(none)'}")

    def close(self) -> None:
        """End it with all its labs, and leave nothing of it; but not in a process that the tests have forked."""
        if os.getpid() != self._owner:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if not self._ordered:
            # It has no labs, and may not be ready to hear that it is not wanted.
            os.killpg(self.pid, signal.SIGKILL)
        # Its input alone does not end it while a process that the tests have forked holds that too.
        with suppress(BrokenPipeError):
            self._process.stdin.write(END)
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()
        # Removed by the nursery, if that was not killed.
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self) -> str:
        """Return what has become of the nursery."""
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(1)
            return f"has ended, by signal {-code}" if code < 0 else f"has ended, with {code}"
        return f"has not answered for {PATIENCE:g} s"


def _speaks(stream: IO[bytes]) -> bool:
    """Wait until something can be read or the stream has ended; not by select, which knows no more than 1024 files."""
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    return bool(poll.poll(PATIENCE * 1000))
