"""An ESME: binds to an SMSC, submits messages, takes deliveries, and binds again when the link is lost.

Submits of one turn of the loop leave with one write. Those beyond the window wait their turn, in order.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import structlog

from smsc_emulator.smpp import session as smpp
from smsc_emulator.smpp.constants import CommandStatus, status_name
from smsc_emulator.smpp.errors import EncodeError, WrongStateError
from smsc_emulator.smpp.pdus import Bind, BindTransceiver, DeliverSm, DeliverSmResp, Pdu, SubmitSm, SubmitSmResp

BACK_OFF = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to bind; the last one repeats."""

UNBIND_PATIENCE = 1.0
"""How long a closing client waits for unbind_resp, in seconds."""

log = structlog.get_logger(__name__)

OnDeliver = Callable[[DeliverSm], int]
"""Takes a deliver_sm and returns the command_status to answer with. It must not block."""


class LinkDownError(Exception):
    """The SMSC cannot be reached; the message was not sent."""


class AnswerLostError(Exception):
    """The link was lost before the answer came; the SMSC may or may not have taken the message."""


class ResponseTimeoutError(Exception):
    """The SMSC did not answer in time; it may or may not have taken the message."""


class SubmitRefusedError(Exception):
    """The SMSC answered with an error, which is `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the SMSC answered {status_name(status)}")
        self.status = status


class BindRefusedError(LinkDownError):
    """The SMSC did not accept the bind and answered with `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the SMSC refused the bind with {status_name(status)}")
        self.status = status


class _Link(asyncio.Protocol):
    """One connection to the SMSC, from its bind to its end."""

    def __init__(self, client: "EsmeClient") -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()
        self.session = smpp.Session(smpp.Role.ESME, client.config, self._loop.time())
        self.answers: dict[int, asyncio.Future[Pdu]] = {}
        self.bound = False
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._flush_due = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.session.send(self._client.bind_request(), self._loop.time())
        self._pump()

    def data_received(self, data: bytes) -> None:
        self.session.receive(data, self._loop.time())
        self._pump()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.session.link_lost()
        answers, self.answers = self.answers, {}
        for answer in answers.values():
            if not answer.done():
                answer.set_exception(AnswerLostError("the link to the SMSC was lost before it answered"))
        if not self.over.done():
            self.over.set_result(None)
        self._client.link_over(self)

    def submit(self, pdu: SubmitSm, answer: asyncio.Future[Pdu]) -> None:
        """Send `pdu`, for which the window has room, with what else this turn of the loop sends."""
        try:
            self.answers[self.session.send(pdu, self._loop.time())] = answer
        except WrongStateError:
            answer.set_exception(LinkDownError("the link to the SMSC is being closed"))
        except EncodeError as error:
            answer.set_exception(error)
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Unbind, or hang up if not bound."""
        self.session.close(self._loop.time())
        self._pump()

    def abort(self) -> None:
        self._transport.abort()

    def _pump(self) -> None:
        for event in self.session.events():
            self._handle(event)
        self._flush()

    def _handle(self, event: smpp.Event) -> None:
        if isinstance(event, smpp.ResponseReceived):
            if isinstance(event.request, Bind):
                self._client.bind_answered(self, event.response.command_status)
            else:
                self._settle(event.request, event.response)
        elif isinstance(event, smpp.RequestReceived):
            self._deliver(event.pdu)
        elif isinstance(event, smpp.RequestTimedOut):
            if isinstance(event.request, Bind):
                self._transport.abort()
            else:
                self._settle(event.request, None)
        elif isinstance(event, smpp.PeerUnbound | smpp.Closed):
            self._client.link_over(self)

    def _settle(self, request: Pdu, response: Pdu | None) -> None:
        answer = self.answers.pop(request.sequence_number, None)
        if answer is not None and not answer.done():
            if response is None:
                answer.set_exception(ResponseTimeoutError("the SMSC did not answer in time"))
            else:
                answer.set_result(response)
        self._client.submit_waiting()

    def _deliver(self, pdu: Pdu) -> None:
        if not isinstance(pdu, DeliverSm):
            self.session.refuse(pdu, CommandStatus.ESME_RINVCMDID)
            return
        try:
            status = self._client.on_deliver(pdu)
        except Exception:
            log.exception("taking a deliver_sm failed")
            status = CommandStatus.ESME_RX_T_APPN
        self.session.reply(pdu, DeliverSmResp(command_status=status))

    def _flush(self) -> None:
        self._flush_due = False
        if data := self.session.data_to_send():
            self._transport.write(data)
        if self.session.closed:
            self._transport.close()
        self._set_timer()

    def _set_timer(self) -> None:
        """Look at the session's timers when the earliest is due; a look that comes too early sets the next one."""
        deadline = self.session.next_deadline()
        if deadline is None:
            return
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._look_at_timers)

    def _look_at_timers(self) -> None:
        self._timer = None
        self.session.handle_deadline(self._loop.time())
        self._pump()


class EsmeClient:
    """A transceiver bind that is kept up until `close`. Times are real seconds.

    With `reconnect` it binds again, with growing pauses, whenever the link is lost or the bind refused.
    """

    def __init__(
        self,
        host: str,
        port: int,
        system_id: str,
        password: str,
        *,
        window: int = 10,
        response_timeout: float = 30.0,
        on_deliver: OnDeliver = lambda _: CommandStatus.ESME_ROK,
        reconnect: bool = True,
        enquire_link_interval: float = 30.0,
        bind_type: type[Bind] = BindTransceiver,
    ) -> None:
        self.on_deliver = on_deliver
        self.config = smpp.SessionConfig(
            window=window, response_timeout=response_timeout, enquire_link_interval=enquire_link_interval
        )
        self._address = host, port
        self._credentials = system_id, password
        self._bind_type = bind_type
        self._reconnect = reconnect
        self._link: _Link | None = None
        self._ready = asyncio.Event()
        self._failure: LinkDownError = LinkDownError("the client has not been started")
        self._waiting: deque[tuple[SubmitSm, asyncio.Future[Pdu]]] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_bound(self) -> bool:
        """Whether messages can be submitted now."""
        return self._link is not None

    def start(self) -> None:
        """Begin to bind, on the running loop."""
        self._failure = LinkDownError("the SMSC has not answered yet")
        self._task = asyncio.get_running_loop().create_task(self._keep_bound())

    async def bound(self, seconds: float) -> None:
        """Wait until the client is bound; raises LinkDownError (BindRefusedError) with the last reason if it is not."""
        ready = asyncio.get_running_loop().create_task(self._ready.wait())
        tasks = {ready} if self._task is None else {ready, self._task}
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            raise self._failure

    async def submit(self, pdu: SubmitSm) -> SubmitSmResp:
        """Send a message and return the answer.

        Raises SubmitRefusedError; LinkDownError if it was not sent; AnswerLostError or ResponseTimeoutError if it was;
        EncodeError for a PDU that cannot be sent.
        """
        link = self._link
        if link is None:
            raise self._failure
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        if link.session.window_free and not self._waiting:
            link.submit(pdu, answer)
        else:
            self._waiting.append((pdu, answer))
        response = await answer
        if response.command_status or not isinstance(response, SubmitSmResp):
            raise SubmitRefusedError(response.command_status)
        return response

    async def close(self) -> None:
        """Unbind and close; submits without an answer raise LinkDownError. Calling it twice is harmless."""
        self._reconnect = False
        self._failure = LinkDownError("the client is closed")
        if self._task is None:
            return
        if self._link is not None:
            self._link.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(UNBIND_PATIENCE):
                    await asyncio.shield(self._link.over)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    # What the link calls.

    def bind_request(self) -> Bind:
        """Return the bind to open a link with."""
        system_id, password = self._credentials
        return self._bind_type(system_id=system_id, password=password)

    def bind_answered(self, link: _Link, status: int) -> None:
        """Begin to submit over `link`, or give it up."""
        if status:
            self._failure = BindRefusedError(status)
            link.close()
            return
        link.bound = True
        self._link = link
        self._ready.set()

    def submit_waiting(self) -> None:
        """Send what waited for a place in the window."""
        while self._waiting and self._link is not None and self._link.session.window_free:
            pdu, answer = self._waiting.popleft()
            if not answer.done():
                self._link.submit(pdu, answer)

    def link_over(self, link: _Link) -> None:
        """Let a link go that has ended; what waited for its window has no link to go by."""
        if self._link is not link:
            return
        self._link = None
        self._ready.clear()
        self._failure = LinkDownError("the link to the SMSC was lost")
        waiting, self._waiting = self._waiting, deque()
        for _, answer in waiting:
            if not answer.done():
                answer.set_exception(self._failure)

    async def _keep_bound(self) -> None:
        attempt = 0
        while True:
            if await self._hold_one_link():
                attempt = 0
            if not self._reconnect:
                return
            await asyncio.sleep(BACK_OFF[min(attempt, len(BACK_OFF) - 1)])
            attempt += 1

    async def _hold_one_link(self) -> bool:
        """Connect, bind, and wait for the end; return whether the bind was accepted."""
        host, port = self._address
        try:
            _, link = await asyncio.get_running_loop().create_connection(lambda: _Link(self), host, port)
        except OSError as error:
            self._failure = LinkDownError(f"cannot connect to the SMSC at {host}:{port}: {error}")
            return False
        self._failure = LinkDownError("the SMSC closed the link before it answered the bind")
        try:
            await asyncio.shield(link.over)
        finally:
            link.abort()
        return link.bound
