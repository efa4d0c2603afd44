"""The same lab for asynchronous tests: every method is a coroutine, on whatever loop the test runs.

A wait stands in a thread, so that neither asyncio nor a plugin for it has to be chosen: pytest-asyncio, anyio on
asyncio and on trio, or a test that runs a loop of its own are served alike.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gateway.pytest_plugin.flows import Flow, Flows
from gateway.pytest_plugin.handset import Call, Handset
from gateway.pytest_plugin.journal import Journal
from gateway.pytest_plugin.lab import Clock, Fault, Faults, Lab, Operator
from gateway.pytest_plugin.waits import ExpectationError, abandoned_by, hidden
from gateway.pytest_plugin.webhooks import Webhooks
from gateway.pytest_plugin.wire import Wire

__tracebackhide__ = hidden

ASKING = (Lab, Clock, Fault, Faults, Operator, Handset, Call, Flow, Flows, Journal, Webhooks, Wire)
"""What asks the lab when its methods are called."""
NAMING = ("handset", "operator")
"""Methods that name something and ask nothing; they are no coroutines."""


class AsyncLab:
    """A lab, or something of it: what is a method there is a coroutine here; the rest is the same."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._thing, name)
        if not callable(value):
            return _asking(value)
        if name in NAMING:
            return lambda *args: _asking(value(*args))
        return partial(_asked, value)

    def __getitem__(self, member: str) -> Any:
        return self._thing[member]

    def __repr__(self) -> str:
        return repr(self._thing)


def _asking(value: Any) -> Any:
    """Return what a method gave as an asynchronous test takes it."""
    if isinstance(value, list):
        return [_asking(each) for each in value]
    return AsyncLab(value) if isinstance(value, ASKING) else value


async def _asked(method: Callable[..., Any], *args: Any, **named: Any) -> Any:
    abandoned = threading.Event()

    def ask() -> Any:
        abandoned_by(abandoned)
        # Raised again where the test waits, without the frames of the thread.
        try:
            return method(*args, **named)
        except ExpectationError as error:
            return error

    try:
        value = await _in_a_thread(ask)
    except BaseException:  # the test is cancelled, however its loop calls that
        abandoned.set()
        raise
    if isinstance(value, ExpectationError):
        raise value.with_traceback(None)
    return _asking(value)


async def _in_a_thread(work: Callable[[], Any]) -> Any:
    """Do it in a thread of its own: a loop's common threads are few, and many waits at once would take all of them."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        return await trio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=trio.CapacityLimiter(1))
    thread = ThreadPoolExecutor(1, "confirmlab-wait")
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, work)
    finally:
        thread.shutdown(wait=False)
