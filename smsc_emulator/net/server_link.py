"""One connection of an ESME: a small pump between its socket, its session and the SMSC.

It feeds what it reads to the session, hands the requests to the SMSC, and writes everything that came of one read with
one call. It starts no task for a message. A peer that does not read is not read from either, so that what is kept for
it stays small.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, cast

import structlog

from smsc_emulator.core.accounts import Account
from smsc_emulator.core.observer import Observer
from smsc_emulator.core.outbound import Outbound
from smsc_emulator.net.delay import Delay
from smsc_emulator.net.faulty_wire import FaultyWire
from smsc_emulator.net.untaken import Untaken
from smsc_emulator.smpp import session as smpp
from smsc_emulator.smpp.events import RequestReceived, ResponseReceived
from smsc_emulator.smpp.pdus import Bind, Pdu, SubmitSm, SubmitSmResp

if TYPE_CHECKING:
    from smsc_emulator.net.smpp_server import SmppServer

LINGER = 5.0
"""How long a session that is over waits for the peer to read its last answers and close, in seconds."""

Onlooker = Callable[["ServerLink", bool, bytes], None]
"""Is told of the octets of a link as the session reads and writes them: True for those that came from the peer."""

log = structlog.get_logger(__name__)


class ServerLink(asyncio.Protocol):
    """One connection of an ESME."""

    by_peer = True
    """Whether the ESME has opened the connection."""

    __slots__ = (
        "_account",
        "_delay",
        "_ended_at",
        "_leaving",
        "_observer",
        "_out",
        "_server",
        "_session",
        "_transport",
        "_untaken",
        "_wire",
        "in_flight",
        "interface_version",
        "number",
    )

    def __init__(self, server: "SmppServer") -> None:
        self._server = server
        self.number = next(server.numbers)
        self._session = smpp.Session(smpp.Role.SMSC, server.config, server.now())
        self._account: Account | None = None
        self._observer = Observer(server.smsc.conduct, server.smsc.lab_now)
        self._delay: Delay | None = None
        self._wire: FaultyWire | None = None
        self._untaken: Untaken | None = None
        self._leaving = False
        self._ended_at: float | None = None
        self.interface_version = self._session.interface_version
        """The version of SMPP that the peer has bound with."""
        self.in_flight: dict[int, Outbound] = {}

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin. asyncio sets TCP_NODELAY on its own."""
        self._transport = cast(asyncio.Transport, transport)
        self._out: asyncio.Transport | FaultyWire = self._transport
        # `pause_writing` as soon as the kernel takes no more: what waits here would die with the process.
        # Over TLS, the end of the handshake still waits here; paused by that, it would wait for ever.
        tls = transport.get_extra_info("sslcontext") is not None
        self._transport.set_write_buffer_limits(high=self._transport.get_write_buffer_size() + tls)
        self._server.links.add(self)
        if (tap := self._server.tap) is not None:
            tap.opened(transport, by_peer=self.by_peer)

    def data_received(self, data: bytes) -> None:
        """Do everything that these octets ask for, and answer with one write."""
        if (tap := self._server.tap) is not None:
            tap.read(self._transport, data)
        if (onlooker := self._server.onlooker) is not None:
            onlooker(self, True, data)
        if self._untaken is not None:
            self._look_at_untaken()
        self._work(data)

    def pause_writing(self) -> None:
        """Stop reading: the peer does not read either."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on, and send what has waited meanwhile."""
        if self._untaken is not None:
            self._look_at_untaken()
        if self._wire is None or not self._wire.silent:
            self._transport.resume_reading()
        if self._account is not None:
            self._server.smsc.delivery.pump(self._account)

    def eof_received(self) -> None:
        """Note a peer that closes a bound session without unbind; asyncio closes this side too."""
        if self._account is not None and not self._leaving:
            self._observer.hung_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give back what the peer has not acknowledged."""
        if (tap := self._server.tap) is not None:
            tap.closed(self._transport, broken=exc is not None)
        self._server.forget(self)
        self._untaken = None
        self._session.link_lost()
        self._let_go()

    def _let_go(self) -> None:
        if self._delay is not None:
            self._delay.close()
        account, self._account = self._account, None
        if account is not None:
            self._server.smsc.unbound(self, account)

    # What the SMSC calls.

    def room(self) -> int:
        """Return the free places of the window. While octets wait for the kernel there are none: see DispatchLog."""
        if self._leaving or self._transport.get_write_buffer_size():
            return 0
        return self._session.window_free

    def send(self, pdu: Pdu) -> int:
        """Send a request."""
        return self._session.send(pdu, self._server.now())

    def send_all(self, pdus: Sequence[Pdu]) -> list[int]:
        """Send requests of one kind."""
        return self._session.send_all(pdus, self._server.now())

    def reply(self, request: Pdu, response: Pdu) -> None:
        """Answer a request; on a link that is gone, nobody reads it."""
        self.reply_all([(request, response)])

    def reply_all(self, answers: Sequence[tuple[Pdu, Pdu]]) -> None:
        """Answer requests."""
        self._session.reply_all(answers)
        smsc, system_id = self._server.smsc, self.system_id
        now = smsc.lab_now()
        submits = [
            (now, system_id, request, 0, response.message_id)
            for request, response in answers
            if type(response) is SubmitSmResp and type(request) is SubmitSm
        ]
        if submits:
            smsc.submits.add_all(submits)

    def refuse(self, request: Pdu, status: int) -> None:
        """Answer a request with an error."""
        self._session.refuse(request, status)
        if isinstance(request, SubmitSm):
            smsc = self._server.smsc
            smsc.submits.add(smsc.lab_now(), self.system_id, request, status, "")
        self._observer.refused(request, status, self._server.now())

    def flush(self) -> None:
        """Write what was sent and answered; after the last answer, only listen until the peer closes."""
        data = self._session.data_to_send()
        if self._server.smsc.faults.active:
            self._arm()
        if data and self._ended_at is None:
            if self._wire is None:
                self.wrote(data)
            if (onlooker := self._server.onlooker) is not None:
                onlooker(self, False, data)
            self._out.write(data)
            if self.in_flight and self._wire is None and (left := self._transport.get_write_buffer_size()):
                self._keep_untaken(data, left)
        if self._session.closed and self._ended_at is None:
            self._leaving = True
            self._ended_at = self._server.now()
            if not self._transport.is_closing():
                # Closed at once, octets that come meanwhile would make the kernel take the last answers back.
                if self._transport.can_write_eof():
                    self._out.write_eof()
                else:  # TLS says goodbye by itself
                    self._transport.close()

    def _keep_untaken(self, data: bytes, left: int) -> None:
        """Have what the kernel has not taken whole sent again should the process die before it does."""
        if self._untaken is None:
            self._untaken = Untaken(data, left)
            self._server.smsc.delivery.untaken(self, self._untaken.numbers)

    def _look_at_untaken(self) -> None:
        """Take note of what the kernel has taken by now."""
        if self._untaken is not None:
            taken = self._untaken.take(self._transport.get_write_buffer_size())
            self._server.smsc.delivery.taken(self, taken)
            if not self._untaken.numbers:
                self._untaken = None

    # What the server calls.

    def look_at_timers(self, now: float) -> None:
        """Do what is due on this link."""
        deadline = self._session.next_deadline()
        if deadline is not None and deadline <= now:
            asked_at = self._session.asked_at
            self._session.handle_deadline(now)
            if self._session.asked_at != asked_at:
                self._observer.had_to_be_asked()
            self._work()
        if self._wire is not None and self._wire.silent:
            self._look_at_silence()
        elif self._ended_at is not None and self._ended_at + LINGER <= now:
            self._transport.abort()

    def close(self) -> None:
        """Take leave of the peer: by unbind, if it has bound."""
        self._leaving = True
        self._session.close(self._server.now())
        self._work()

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    # What the faults call.

    @property
    def system_id(self) -> str:
        """The account that has bound; empty before that."""
        return "" if self._account is None else self._account.system_id

    def serve(self, pdu: Pdu) -> None:
        """Carry out a request that a fault has held."""
        self._request(pdu)
        self._work()

    def wrote(self, octets: bytes) -> None:
        """Take note of octets that are handed to the transport."""
        if (tap := self._server.tap) is not None:
            tap.wrote(self._transport, octets)

    def _arm(self) -> None:
        """Put the link's requests and octets through the faults; from then on they go that way."""
        if self._wire is None:
            self._wire = self._out = FaultyWire(self, self._transport, self._server.smsc.faults)

    def _look_at_silence(self) -> None:
        """Give back what a half-open link had, once its session is over; reset it when the fault is taken away."""
        if self._ended_at is not None:
            self._let_go()
        if self._wire is not None and self._wire.is_over():
            self._transport.abort()

    # The work.

    def _work(self, data: bytes = b"", late: Iterable[Pdu] = ()) -> None:
        if self._server.smsc.faults.active:
            self._arm()
        try:
            now = self._server.now()
            if data:
                self._session.receive(data, now)
            for pdu in late:
                self._carry_out(pdu)
            self._handle_all(self._session.events(), now)
            if self._account is not None and self._account.ready:
                self._server.smsc.delivery.pump(self._account)
            self.flush()
        except Exception:
            # One peer's link must not take the others with it, whatever it made us do.
            log.exception("an SMPP link failed")
            self._transport.abort()

    def _handle_all(self, events: list[smpp.Event], now: float) -> None:
        """Act on what has happened; submit_sm that follow each other are submitted together."""
        observe, answered = self._observer.response, self._server.smsc.delivery.answered
        submits: list[SubmitSm] = []
        for event in events:
            if type(event) is ResponseReceived:
                observe(event.request, event.response)
                answered(self, event.request, event.response)
            elif type(event) is RequestReceived and type(event.pdu) is SubmitSm:
                submits.append(event.pdu)
            else:
                self._submit(submits, now)
                submits = []
                self._handle(event, now)
        self._submit(submits, now)

    def _handle(self, event: smpp.Event, now: float) -> None:
        if isinstance(event, RequestReceived):
            self._take(event.pdu, now)
            return
        self._observer.see(event, len(self.in_flight))
        if isinstance(event, smpp.RequestTimedOut):
            self._server.smsc.delivery.unanswered(self, event.request)
        elif isinstance(event, smpp.PeerUnbound | smpp.Closed):
            self._leaving = True

    def _submit(self, pdus: list[SubmitSm], now: float) -> None:
        account = self._account
        if account is None or self._wire is not None or not account.unhindered:
            for pdu in pdus:
                self._take(pdu, now)
        elif pdus:
            observe = self._observer.request
            for pdu in pdus:
                observe(pdu, now)
            self._server.smsc.intake.submit(self, account, pdus)

    def _take(self, pdu: Pdu, now: float) -> None:
        self._observer.request(pdu, now)
        if self._wire is None or not self._wire.takes(pdu):
            self._request(pdu)

    def _request(self, pdu: Pdu) -> None:
        account = self._account
        if account is not None and account.unhindered:
            self._carry_out(pdu)
        elif isinstance(pdu, Bind):
            self._bind(pdu)
        elif account is None:
            self._carry_out(pdu)
        elif account.exceeds_rate(pdu, self._server.now()):
            self._server.smsc.intake.refuse(self, account, pdu, account.personality.rate_error)
        elif account.latency:
            if self._delay is None:
                self._delay = Delay(account.latency, self._carry_out_late)
            self._delay.add(pdu)
        else:
            self._carry_out(pdu)

    def _carry_out_late(self, pdus: list[Pdu]) -> None:
        self._work(late=pdus)

    def _carry_out(self, pdu: Pdu) -> None:
        if self._account is None:
            return
        if isinstance(pdu, SubmitSm):
            self._server.smsc.intake.submit(self, self._account, [pdu])
        else:
            self._server.smsc.serve(self, self._account, pdu)

    def _bind(self, request: Bind) -> None:
        smsc = self._server.smsc
        status = smsc.check_bind(request, self._transport.get_extra_info("peername")[0])
        if status:
            delay = smsc.settings.bind_failure_delay / 1000
            asyncio.get_running_loop().call_later(delay, self._refuse_bind, request, status)
            return
        account = smsc.accounts[request.system_id]
        self._session.accept_bind(request, smsc.settings.system_id, config=account.session)
        self.interface_version = self._session.interface_version
        self._account = smsc.bound(self, request)
        self._observer.bound(request.system_id)

    def _refuse_bind(self, request: Bind, status: int) -> None:
        self._session.refuse(request, status)
        self.flush()
