"""An ESME: binds to an SMSC, submits messages, takes deliveries, and binds again when the link is lost.

Requests of one turn of the loop leave with one write. Those beyond the window wait their turn, in order. Instead of
connecting it may listen for an SMSC that connects and asks it, by outbind, to bind as a receiver.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

import structlog

from smsc_emulator.net.answers import Answers
from smsc_emulator.net.failures import AnswerLostError as AnswerLostError
from smsc_emulator.net.failures import BindRefusedError as BindRefusedError
from smsc_emulator.net.failures import LinkDownError as LinkDownError
from smsc_emulator.net.failures import ResponseTimeoutError as ResponseTimeoutError
from smsc_emulator.net.failures import SubmitRefusedError as SubmitRefusedError
from smsc_emulator.net.tap import Tap
from smsc_emulator.smpp import session as smpp
from smsc_emulator.smpp.constants import INTERFACE_VERSION, CommandStatus
from smsc_emulator.smpp.errors import EncodeError, WrongStateError
from smsc_emulator.smpp.pdus import (
    AlertNotification,
    Bind,
    BindReceiver,
    BindTransceiver,
    DataSm,
    DeliverSm,
    Outbind,
    Pdu,
    SubmitSm,
    SubmitSmResp,
)

BACK_OFF = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to bind; the last one repeats."""

UNBIND_PATIENCE = 1.0
"""How long a closing client waits for unbind_resp, in seconds."""

log = structlog.get_logger(__name__)

OnDeliver = Callable[[DeliverSm], int | Awaitable[int]]
"""Takes a deliver_sm and returns the command_status to answer with, or what becomes it: answers keep the order of their
requests, and reading goes on meanwhile. It must not block."""

OnDataSm = Callable[[DataSm], int | Awaitable[int]]
"""The same for a data_sm."""

OnAlert = Callable[[AlertNotification], None]
"""Takes an alert_notification, to which there is no answer."""


class _Link(asyncio.Protocol):
    """One connection to the SMSC, from its bind to its end."""

    def __init__(self, client: "EsmeClient", *, awaits_outbind: bool = False) -> None:
        self._client = client
        self._awaits_outbind = awaits_outbind
        self._loop = asyncio.get_running_loop()
        self.session = smpp.Session(smpp.Role.ESME, client.config, self._loop.time())
        self.answers: dict[int, asyncio.Future[Pdu]] = {}
        self._own_answers = Answers(self.session.refuse, self._flush)
        self.bound = False
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._flush_due = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if (tap := self._client.tap) is not None:
            tap.opened(transport, by_peer=self._awaits_outbind)
        if not self._awaits_outbind:
            self.session.send(self._client.bind_request(), self._loop.time())
        self._pump()

    def data_received(self, data: bytes) -> None:
        if (tap := self._client.tap) is not None:
            tap.read(self._transport, data)
        self.session.receive(data, self._loop.time())
        self._pump()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if (tap := self._client.tap) is not None:
            tap.closed(self._transport, broken=exc is not None)
        self.session.link_lost()
        answers, self.answers = self.answers, {}
        for answer in answers.values():
            if not answer.done():
                answer.set_exception(AnswerLostError("the link to the SMSC was lost before it answered"))
        if not self.over.done():
            self.over.set_result(None)
        self._client.link_over(self)

    def request(self, pdu: Pdu, answer: asyncio.Future[Pdu]) -> None:
        """Send `pdu`, for which the window has room, with what else this turn of the loop sends."""
        try:
            self.answers[self.session.send(pdu, self._loop.time())] = answer
        except WrongStateError as error:
            answer.set_exception(LinkDownError(f"the session does not allow it: {error}"))
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
            self._own_answers.add(event.pdu, self._client.take(event.pdu))
        elif isinstance(event, smpp.NoticeReceived):
            self._notice(event.pdu)
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
        self._client.send_waiting()

    def _notice(self, pdu: Pdu) -> None:
        if isinstance(pdu, Outbind) and self._awaits_outbind:
            self._client.outbind(self, pdu)
        elif isinstance(pdu, AlertNotification):
            self._client.on_alert(pdu)

    def bind(self, pdu: Bind) -> None:
        """Answer an outbind."""
        self.session.send(pdu, self._loop.time())

    def _flush(self) -> None:
        self._flush_due = False
        if data := self.session.data_to_send():
            if (tap := self._client.tap) is not None:
                tap.wrote(self._transport, data)
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
    """A bind, by default as a transceiver, that is kept up until `close`. Times are real seconds.

    With `reconnect` it binds again, with growing pauses, whenever the link is lost or the bind refused.
    `interface_version` is what the bind says: 0x33, 0x34 or 0x50.
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
        on_data_sm: OnDataSm = lambda _: CommandStatus.ESME_ROK,
        on_alert: OnAlert = lambda _: None,
        reconnect: bool = True,
        enquire_link_interval: float = 30.0,
        bind_type: type[Bind] = BindTransceiver,
        interface_version: int = INTERFACE_VERSION,
        system_type: str = "",
        address_range: str = "",
        outbind_password: str | None = None,
    ) -> None:
        self.tap: Tap | None = None
        self.on_deliver = on_deliver
        self.on_data_sm = on_data_sm
        self.on_alert = on_alert
        self.config = smpp.SessionConfig(
            window=window, response_timeout=response_timeout, enquire_link_interval=enquire_link_interval
        )
        self._address = host, port
        self._bind_type = bind_type
        self._bind = {
            "system_id": system_id,
            "password": password,
            "interface_version": interface_version,
            "system_type": system_type,
            "address_range": address_range,
        }
        self._outbind_password = outbind_password
        self._listener: asyncio.Server | None = None
        self._reconnect = reconnect
        self._link: _Link | None = None
        self._ready = asyncio.Event()
        self._failure: LinkDownError = LinkDownError("the client has not been started")
        self._waiting: deque[tuple[Pdu, asyncio.Future[Pdu]]] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_bound(self) -> bool:
        """Whether messages can be submitted now."""
        return self._link is not None

    def start(self) -> None:
        """Begin to bind, on the running loop."""
        self._failure = LinkDownError("the SMSC has not answered yet")
        self._task = asyncio.get_running_loop().create_task(self._keep_bound())

    async def listen(self, host: str, port: int) -> int:
        """Wait for an SMSC's outbind, in place of `start`; return the port, which 0 leaves to be chosen."""
        loop = asyncio.get_running_loop()
        self._failure = LinkDownError("no SMSC has asked for a bind yet")
        self._listener = await loop.create_server(lambda: _Link(self, awaits_outbind=True), host, port)
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def interface_version(self) -> int:
        """The version of SMPP that is spoken on the link: 0x33, 0x34 or 0x50. Raises LinkDownError if there is none."""
        if self._link is None:
            raise self._failure
        return self._link.session.interface_version

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

        Raises SubmitRefusedError, and what `request` raises.
        """
        response = await self.request(pdu)
        if response.command_status or not isinstance(response, SubmitSmResp):
            raise SubmitRefusedError(response.command_status)
        return response

    async def request(self, pdu: Pdu) -> Pdu:
        """Send any request and return its answer whatever that says: its response, or a GenericNack.

        Raises LinkDownError if it was not sent, which includes requests that the state of the session does not allow;
        AnswerLostError or ResponseTimeoutError if it was; EncodeError for a PDU that cannot be sent.
        """
        link = self._link
        if link is None:
            raise self._failure
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        if link.session.window_free and not self._waiting:
            link.request(pdu, answer)
        else:
            self._waiting.append((pdu, answer))
        return await answer

    async def close(self) -> None:
        """Unbind and close; requests without an answer raise LinkDownError. Calling it twice is harmless."""
        self._reconnect = False
        self._failure = LinkDownError("the client is closed")
        if self._listener is not None:
            self._listener.close()
        if self._link is not None:
            self._link.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(UNBIND_PATIENCE):
                    await asyncio.shield(self._link.over)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # What the link calls.

    def bind_request(self) -> Bind:
        """Return the bind to open a link with."""
        return self._bind_type(**self._bind)  # type: ignore[arg-type]  # names and types of the fields above

    def take(self, pdu: Pdu) -> int | Awaitable[int]:
        """Hand a request of the SMSC's over; return the status to answer with, or what becomes it."""
        try:
            if isinstance(pdu, DeliverSm):
                return self.on_deliver(pdu)
            if isinstance(pdu, DataSm):
                return self.on_data_sm(pdu)
        except Exception:
            log.exception("taking a message failed")
            return CommandStatus.ESME_RX_T_APPN
        return CommandStatus.ESME_RINVCMDID

    def outbind(self, link: _Link, pdu: Outbind) -> None:
        """Bind as a receiver over a link that the SMSC has opened; hang up on a wrong password or a second SMSC."""
        if self._link is not None or self._outbind_password not in (None, pdu.password):
            link.abort()
            return
        link.bind(BindReceiver(**self._bind))  # type: ignore[arg-type]

    def bind_answered(self, link: _Link, status: int) -> None:
        """Begin to submit over `link`, or give it up."""
        if status:
            self._failure = BindRefusedError(status)
            link.close()
            return
        link.bound = True
        self._link = link
        self._ready.set()

    def send_waiting(self) -> None:
        """Send what waited for a place in the window."""
        while self._waiting and self._link is not None and self._link.session.window_free:
            pdu, answer = self._waiting.popleft()
            if not answer.done():
                self._link.request(pdu, answer)

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
