"""The labs of one test run, seen from the tests: the nursery's process, its orders and its end."""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from gateway.pytest_plugin.lab import Lab
from gateway.pytest_plugin.waits import ExpectationError, hidden
from gateway.pytest_plugin.webhooks import Receiver

__tracebackhide__ = hidden

PATIENCE = 90.0
"""Real seconds after which the nursery is held for dead."""

# Of what is imported nothing is garbage, and looking for it would take a tenth of the time.
BIRTH = "import gc; gc.disable(); from gateway.pytest_plugin.nursery import main; main()"


class Labs:
    """Use it with `with`; at its end no process, thread or file of any of its labs is left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._orders = count(1)
        self._receiver = Receiver()
        self._folder = Path(tempfile.mkdtemp(prefix="confirmlab-labs-"))
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the nursery that writes to it
        # A session of its own: Ctrl-C is for the tests, which stop their labs themselves.
        self._process = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-P", "-c", BIRTH, self._folder],
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
        """The process that the labs are born in, which leads their session."""
        return self._process.pid

    def __enter__(self) -> "Labs":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()
        # Removed by the nursery, if that was not killed.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._receiver.close()

    def start(self, config: Mapping[str, Any] | str | Path | None = None, *, paused_clock: bool = False) -> Lab:
        """Start a lab on free ports with a configuration, or the path of one. Raises ExpectationError.

        The message has the mistakes in the configuration, or the last lines of the lab's log.
        """
        number = next(self._numbers)
        flags = {"--paused-clock": True} if paused_clock else {}
        if isinstance(config, Mapping):
            said, config = config, self._folder / f"{number}.yaml"
            config.write_text(json.dumps(said, indent=1))  # JSON is YAML too
        told = self._order(start=number, config=None if config is None else str(config), flags=flags)
        if "error" in told:
            self._stop(number)
            error = told["error"].replace(str(self._folder / f"{number}.yaml"), "config")
            raise ExpectationError(f"the lab did not start:\n{error}")
        return Lab(told, self._receiver, stop=lambda: self._stop(number))

    def _stop(self, number: int) -> None:
        """Stop a lab; if the nursery has ended, so have its labs."""
        with suppress(ExpectationError):
            self._order(stop=number)

    def _order(self, **order: Any) -> dict[str, Any]:
        """Have the nursery do something; return its answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._lock, suppress(BrokenPipeError):
            order["order"] = next(self._orders)
            stdin.write(json.dumps(order).encode() + b"\n")
            while line := stdout.readline() if _speaks(stdout) else b"":
                answer: dict[str, Any] = json.loads(line)
                # A test that was cut off in its order, by pytest-timeout for one, has left the answer to it.
                if answer.pop("order") == order["order"]:
                    return answer
        self._errors.seek(0)
        words = self._errors.read()[-4000:].decode(errors="replace").strip()
        raise ExpectationError(f"the process that starts labs {self._end()}; its last words:\n{words or '(none)'}")

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
