"""A SIP user agent without a socket: transactions, dialogs, and the calls that are made of them.

It is fed with what arrives and with the time, and tells what has happened and what is to be sent; whoever owns it moves
the octets. `at` sets the time of the act that follows; the inputs set it themselves.
"""

from collections.abc import Callable
from typing import TypeAlias

from smsc_emulator.sip.calls import CallEvent, Ended, Incoming, Invitation, Peer
from smsc_emulator.sip.digest import Credentials
from smsc_emulator.sip.incoming import IncomingCall, invitation_of
from smsc_emulator.sip.layer import ServerTransaction, Transactions, answer_to, received
from smsc_emulator.sip.messages import BadMessageError, Request, parse
from smsc_emulator.sip.open_call import OpenCall, SentAgain, open_call
from smsc_emulator.sip.outgoing import ALLOW, OutgoingCall, invite_for
from smsc_emulator.sip.registering import Registering, registering_of
from smsc_emulator.sip.respond import refusal_of, response_to
from smsc_emulator.sip.timers import Timers

# fmt: off
KNOWN_METHODS = frozenset({
    "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER",
    "MESSAGE", "UPDATE",
})
# fmt: on
"""The methods of the RFCs. One of them that is not served gets 405, any other 501 (RFC 3261, 8.2.1 and 21.5.2)."""


AgentEvent: TypeAlias = CallEvent | Registering | SentAgain
"""What an agent tells: of calls, of phones that register, and of what must be written down anew."""


class Agent:
    """One user agent. It implements `CallControl`; `credentials` tells who it is to a peer that asks for a password."""

    def __init__(
        self,
        local: Peer,
        token: Callable[[int], str],
        timers: Timers = Timers(),  # noqa: B008 - it is frozen
        *,
        registrar: bool = False,
        credentials: Callable[[Peer], Credentials | None] = lambda _peer: None,
    ) -> None:
        self._allow = ALLOW + (", REGISTER" if registrar else "")
        self._registrar = registrar
        self._credentials = credentials
        self._registrations: dict[str, ServerTransaction] = {}
        self._layer = Transactions(local, token, timers)
        self._token = token
        self._calls: dict[str, OutgoingCall | IncomingCall] = {}
        self._invites: dict[ServerTransaction, IncomingCall] = {}
        self._dialogs: dict[tuple[str, str], OutgoingCall | IncomingCall] = {}
        self._events: list[AgentEvent] = []

    # The CallControl.

    def at(self, now: float) -> "Agent":
        """Set the time, in seconds of a monotonic clock."""
        self._layer.now = max(now, self._layer.now)
        return self

    def invite(self, call: str, peer: Peer, invitation: Invitation, *, expires: int | None = None) -> None:
        """Call somebody. Raises ValueError if there is a call of this name."""
        if call in self._calls:
            raise ValueError("there is a call of this name")
        if invitation.max_forwards < 1:
            self._events.append(Ended(call, 483, None, answered=False, by_peer=False))
            return
        request = invite_for(invitation, peer, self._layer, expires=expires)
        outgoing = OutgoingCall(call, request, peer, self._layer, self._tell, self._credentials(peer))
        self._add(outgoing)
        outgoing.start()

    def progress(self, call: str, status: int, *, early_media: bool = False) -> None:
        """Send a provisional response to an incoming call."""
        if isinstance(incoming := self._calls.get(call), IncomingCall):
            incoming.progress(status, early_media=early_media)

    def answer(self, call: str) -> None:
        """Answer an incoming call."""
        if isinstance(incoming := self._calls.get(call), IncomingCall):
            incoming.answer()

    def end(self, call: str, status: int = 480, cause: int | None = None) -> None:
        """End a call."""
        known = self._calls.get(call)
        if isinstance(known, IncomingCall):
            known.end(status, cause)
        elif known is not None:
            known.end(cause)

    def pending(self, call: str) -> bool:
        """Return whether a call waits for the peer's machine: for a response or an ACK, not for a user."""
        known = self._calls.get(call)
        return known is not None and known.pending

    def end_all(self) -> None:
        """End every call."""
        for call in list(self._calls):
            self.end(call, 503, 41)

    @property
    def busy(self) -> bool:
        """Whether there are calls."""
        return bool(self._calls)

    # Calls that outlive the process.

    def unmake(self, call: str) -> None:
        """Take back an `invite` of which nothing has been sent yet."""
        if isinstance(known := self._calls.pop(call, None), OutgoingCall):
            del self._dialogs[known.invite.call_id, known.tag]
            known.unmake()

    def open_call(self, call: str) -> OpenCall | None:
        """Return what must be written down of an outgoing call, so that another process can end it."""
        known = self._calls.get(call)
        if not isinstance(known, OutgoingCall):
            return None
        return open_call(call, known.invite, known.peer, known.dialog)

    def take_over(self, left: OpenCall) -> None:
        """End a call that an earlier process has left open: cancel it, and hang it up if it is answered."""
        invite = left.invite()
        call = OutgoingCall(left.call, invite, left.peer, self._layer, self._tell, self._credentials(left.peer))
        self._add(call)
        call.take_over(left.dialog(invite.headers["From"]))

    # Registrations.

    def accept_registration(self, request: str, contact: str | None, expires: int) -> None:
        """Answer a REGISTER with what is registered now, and for how many seconds."""
        if transaction := self._registrations.pop(request, None):
            response = response_to(transaction.request, 200, self._token(12))
            if contact is not None and expires > 0:
                response.headers.set("Contact", f"<{contact}>;expires={expires}")
            self._layer.reply(transaction, response)

    def challenge(self, request: str, challenges: list[str]) -> None:
        """Ask who registers: with the values of `Authenticator.challenges`."""
        if transaction := self._registrations.pop(request, None):
            response = response_to(transaction.request, 401, self._token(12))
            response.headers.setlist("WWW-Authenticate", challenges)
            self._layer.reply(transaction, response)

    def refuse_registration(self, request: str, status: int) -> None:
        """Refuse a REGISTER: 403 for a wrong password, 404 for a user that is not there."""
        if transaction := self._registrations.pop(request, None):
            self._reply(transaction, status)

    # Inputs and outputs.

    def receive(self, data: bytes, peer: Peer, now: float) -> None:
        """Take one message that came from `peer`. What is no SIP is dropped or refused."""
        self.at(now)
        try:
            message = parse(data, framed=peer.transport == "tcp")
            if isinstance(message, Request):
                received(message, peer)
                self._take_request(message, peer)
            else:
                self._layer.take_response(message)
        except BadMessageError as error:
            if error.request is not None:
                self._refuse(error.request, error.status, peer)
        except ValueError:
            # A field that only this kind of message needs is malformed.
            if isinstance(message, Request) and message.method != "ACK":
                self._refuse(message, 400, peer)

    def events(self) -> list[AgentEvent]:
        """Return what has happened since the last call, oldest first."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> list[tuple[Peer, bytes]]:
        """Return what is to be sent since the last call, and to whom."""
        return self._layer.data_to_send()

    def next_deadline(self) -> float | None:
        """Return when `handle_deadline` is to be called."""
        return self._layer.schedule.next()

    def handle_deadline(self, now: float) -> None:
        """Do what is due."""
        self.at(now)._layer.handle_deadline()

    def transport_failed(self, peer: Peer, now: float) -> None:
        """Take note that `peer` cannot be reached."""
        self.at(now)._layer.transport_failed(peer)

    # Requests.

    def _take_request(self, request: Request, peer: Peer) -> None:
        transaction = self._layer.take_request(request, peer)
        if transaction is None:
            if request.method == "ACK":
                self._take_ack(request)
            return
        try:
            self._serve(transaction)
        except ValueError:
            self._reply(transaction, 400)

    def _take_ack(self, ack: Request) -> None:
        call = self._dialogs.get((ack.call_id, ack.callee.tag))
        if isinstance(call, IncomingCall) and ack.cseq.sequence == call.invite.cseq.sequence:
            call.on_ack()

    def _serve(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if request.method not in KNOWN_METHODS:
            self._reply(transaction, 501)
        elif request.method == "CANCEL":
            self._take_cancel(transaction)
        elif request.headers.getlist("Require"):
            self._reply(transaction, 420)
        elif request.uri.partition(":")[0].lower() not in ("sip", "sips", "tel"):
            self._reply(transaction, 416)
        elif request.callee.tag:
            self._serve_in_dialog(transaction)
        elif self._layer.is_merged(transaction):
            self._reply(transaction, 482)
        elif request.method == "INVITE":
            self._take_invite(transaction)
        elif request.method == "OPTIONS":
            self._reply(transaction, 200)
        elif request.method == "REGISTER" and self._registrar:
            name = self._token(20)
            self._events.append(registering_of(request, name, transaction.source))
            self._registrations[name] = transaction
        else:
            self._reply(transaction, 481 if request.method == "BYE" else 405)

    def _serve_in_dialog(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        call = self._dialogs.get((request.call_id, request.callee.tag))
        dialog = None if call is None else call.dialog
        if call is None or dialog is None or dialog.remote_tag != request.caller.tag:
            self._reply(transaction, 481)
        elif request.cseq.sequence <= dialog.remote_sequence:
            self._reply(transaction, 500)
        else:
            dialog.remote_sequence = request.cseq.sequence
            if request.method == "BYE":
                call.on_bye(transaction)
            else:
                # A session without media has nothing to agree on anew; it goes on as it is (14.2).
                self._reply(transaction, {"INVITE": 488, "OPTIONS": 200}.get(request.method, 405))

    def _take_invite(self, transaction: ServerTransaction) -> None:
        invitation = invitation_of(transaction.request)
        call = IncomingCall(f"in-{self._token(20)}", transaction, self._layer, self._tell)
        self._layer.reply(transaction, response_to(transaction.request, 100))
        self._add(call)
        self._invites[transaction] = call
        self._events.append(Incoming(call.name, invitation, transaction.source, transaction.request.call_id))

    def _take_cancel(self, transaction: ServerTransaction) -> None:
        cancel = transaction.request
        invite = self._layer.invite_of(cancel)
        if invite is None:
            self._reply(transaction, 481)
            return
        call = self._invites.get(invite)
        self._layer.reply(transaction, response_to(cancel, 200, self._token(12) if call is None else call.tag))
        if call is not None:
            call.on_cancel(cancel)

    def _reply(self, transaction: ServerTransaction, status: int) -> None:
        response = response_to(transaction.request, status, self._token(12))
        if status in (200, 405, 501):
            response.headers.set("Allow", self._allow)
        if status == 420:
            response.headers.set("Unsupported", ", ".join(transaction.request.list_of("Require")))
        self._layer.reply(transaction, response)

    def _refuse(self, request: Request, status: int, peer: Peer) -> None:
        """Answer what cannot be read in full, without a transaction."""
        received(request, peer)
        self._layer.send(answer_to(request, peer), bytes(refusal_of(request, status)))

    # Calls.

    def _add(self, call: OutgoingCall | IncomingCall) -> None:
        self._calls[call.name] = call
        self._dialogs[call.invite.call_id, call.tag] = call

    def _tell(self, event: CallEvent | SentAgain) -> None:
        self._events.append(event)
        if isinstance(event, Ended):
            call = self._calls.pop(event.call)
            del self._dialogs[call.invite.call_id, call.tag]
            if isinstance(call, IncomingCall):
                del self._invites[call.transaction]
