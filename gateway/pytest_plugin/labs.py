"""The labs of one test run, seen from the tests: the nursery's process, its orders and its end."""

import json
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from gateway.pytest_plugin.lab import Lab
from gateway.pytest_plugin.waits import ExpectationError
from gateway.pytest_plugin.webhooks import Receiver

PATIENCE = 90.0
"""Real seconds after which the nursery is held for dead."""


class Labs:
    """Use it with `with`; at its end no process, thread or file of any of its labs is left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._receiver = Receiver()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the nursery that writes to it
        # A session of its own: Ctrl-C is for the tests, which stop their labs themselves.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "gateway.pytest_plugin.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )

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
        self._receiver.close()

    def start(self, config: Mapping[str, Any] | str | Path | None = None, *, paused_clock: bool = False) -> Lab:
        """Start a lab on free ports with a configuration, or the path of one. Raises ExpectationError.

        The message has the mistakes in the configuration, or the last lines of the lab's log.
        """
        __tracebackhide__ = True
        number = next(self._numbers)
        flags = {"--paused-clock": True} if paused_clock else {}
        if isinstance(config, Mapping):
            with tempfile.NamedTemporaryFile("w", prefix="confirmlab-", suffix=".yaml") as file:
                json.dump(config, file, indent=1)  # JSON is YAML too
                file.flush()
                told = self._order(start=number, config=file.name, flags=flags)
                told = {name: _renamed(value, file.name) for name, value in told.items()}
        else:
            told = self._order(start=number, config=None if config is None else str(config), flags=flags)
        if "error" in told:
            self._order(stop=number)
            raise ExpectationError(f"the lab did not start:\n{told['error']}")
        return Lab(told, self._receiver, stop=lambda: self._order(stop=number))

    def _order(self, **order: Any) -> dict[str, Any]:
        """Have the nursery do something; return its answer."""
        __tracebackhide__ = True
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._lock:
            try:
                stdin.write(json.dumps(order).encode() + b"\n")
                stdin.flush()
                line = stdout.readline() if select.select([stdout], [], [], PATIENCE)[0] else b""
            except BrokenPipeError:
                line = b""
        if not line:
            self._errors.seek(0)
            raise ExpectationError(
                "the process that starts labs has ended or is stuck; its last words:\n"
                + self._errors.read()[-4000:].decode(errors="replace")
            )
        answer: dict[str, Any] = json.loads(line)
        return answer


def _renamed(value: Any, file: str) -> Any:
    """Return a message without the name of a file that the test never saw."""
    return value.replace(file, "config") if isinstance(value, str) else value
