"""The labs of one test run, seen from the tests."""

import json
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from gateway.pytest_plugin.lab import Lab
from gateway.pytest_plugin.order import NurseryError, NurseryProcess
from gateway.pytest_plugin.waits import ExpectationError, hidden
from gateway.pytest_plugin.webhooks import Receiver

__tracebackhide__ = hidden


class Labs:
    """Use it with `with`; at its end no process, thread or file of any of its labs is left."""

    def __init__(self, nursery: NurseryProcess | None = None) -> None:
        self._nursery = nursery or NurseryProcess()
        self._numbers = count(1)
        self._receiver = Receiver()

    @property
    def pid(self) -> int:
        """The process that the labs are born in, which leads their session."""
        return self._nursery.pid

    def __enter__(self) -> "Labs":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._nursery.close()
        self._receiver.close()

    def start(self, config: Mapping[str, Any] | str | Path | None = None, *, paused_clock: bool = False) -> Lab:
        """Start a lab on free ports with a configuration, or the path of one. Raises ExpectationError.

        The message has the mistakes in the configuration, or the last lines of the lab's log.
        """
        number = next(self._numbers)
        flags = {"--paused-clock": True} if paused_clock else {}
        written = self._nursery.folder / f"{number}.yaml"
        if isinstance(config, Mapping):
            written.write_text(json.dumps(config, indent=1))  # JSON is YAML too
            config = written
        try:
            told = self._nursery.order(start=number, config=None if config is None else str(config), flags=flags)
        except NurseryError as error:
            raise ExpectationError(str(error)) from None
        if "error" in told:
            self._stop(number)
            raise ExpectationError(f"the lab did not start:\n{told['error'].replace(str(written), 'config')}")
        return Lab(told, self._receiver, stop=lambda: self._stop(number))

    def _stop(self, number: int) -> None:
        """Stop a lab; if the nursery has ended, so have its labs."""
        with suppress(NurseryError):
            self._nursery.order(stop=number)
