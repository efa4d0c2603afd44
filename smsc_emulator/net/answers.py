"""Answers to a peer's requests, in the order of the requests, though some of them take their time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from smsc_emulator.smpp.constants import CommandStatus
from smsc_emulator.smpp.pdus import Pdu

log = structlog.get_logger(__name__)


class Answers:
    """Sends the status of each request once it is known and those of all earlier requests have been sent.

    A status that is known at once, with none awaited before it, is sent at once. `send` answers a request; `flush`
    writes what has been answered later.
    """

    def __init__(self, send: Callable[[Pdu, int], None], flush: Callable[[], None]) -> None:
        self._send = send
        self._flush = flush
        self._waiting: deque[tuple[Pdu, int | asyncio.Future[int]]] = deque()

    def add(self, request: Pdu, status: int | Awaitable[int]) -> None:
        """Answer `request` with `status`, or with what that becomes; a failure becomes ESME_RX_T_APPN."""
        if isinstance(status, int):
            if self._waiting:
                self._waiting.append((request, status))
            else:
                self._send(request, status)
            return
        future = asyncio.ensure_future(status)
        self._waiting.append((request, future))
        future.add_done_callback(self._drain)

    def _drain(self, _: asyncio.Future[int]) -> None:
        while self._waiting:
            request, status = self._waiting[0]
            if isinstance(status, asyncio.Future):
                if not status.done():
                    break
                status = _result(status)
            self._waiting.popleft()
            self._send(request, status)
        self._flush()


def _result(status: asyncio.Future[int]) -> int:
    error = None if status.cancelled() else status.exception()
    if error is not None:
        log.error("taking a message failed", exc_info=error)
    return CommandStatus.ESME_RX_T_APPN if error is not None or status.cancelled() else status.result()
