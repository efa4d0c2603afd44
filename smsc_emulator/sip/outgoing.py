"""A call that we make: INVITE, CANCEL, the ACK of each 2xx, and BYE."""

from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto

from smsc_emulator.sip import sdp
from smsc_emulator.sip.calls import Answered, CallEvent, Ended, Invitation, Peer, Progress
from smsc_emulator.sip.dialogs import Dialog, as_caller, contact_of
from smsc_emulator.sip.digest import Credentials, authorization
from smsc_emulator.sip.fields import ANONYMOUS, ANONYMOUS_ADDRESS, clean, quoted, read_cause, sip_uri, user_of
from smsc_emulator.sip.layer import ClientTransaction, ServerTransaction, Transactions, cancel, copy
from smsc_emulator.sip.messages import Request, Response
from smsc_emulator.sip.open_call import SentAgain
from smsc_emulator.sip.respond import response_to

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS"
"""The methods of a user agent that is no registrar."""

CHALLENGES = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}
"""By which field each status asks for credentials, and by which it is told them (RFC 3261, 22)."""
MOST_CHALLENGES = 4
"""How often one call may be asked: by a proxy, by who is behind it, and by both again when their nonces are stale."""


class _Stage(Enum):
    CALLING = auto()
    """Nothing has come yet, so a CANCEL must wait (9.1)."""
    PROCEEDING = auto()
    CANCELLED = auto()
    ANSWERED = auto()
    HANGING_UP = auto()
    OVER = auto()


class OutgoingCall:
    """One INVITE that we sent, and what came of it. Several phones may answer it: the first is the call."""

    def __init__(
        self,
        name: str,
        invite: Request,
        peer: Peer,
        layer: Transactions,
        tell: Callable[[CallEvent | SentAgain], None],
        credentials: Credentials | None = None,
    ):
        self.name = name
        self.invite = invite
        self.peer = peer
        self.tag = invite.caller.tag
        self.dialog: Dialog | None = None
        """The dialog of the phone that answered first."""
        self._layer = layer
        self._tell = tell
        self._stage = _Stage.CALLING
        self._ending: tuple[bool, int | None] = (False, None)
        """Whether we want it to end, and with which cause."""
        self._credentials = credentials
        self._challenges = 0
        self._acks: dict[str, tuple[Peer, bytes]] = {}
        self._told: Progress | None = None
        self._transaction: ClientTransaction | None = None

    @property
    def over(self) -> bool:
        """Whether it has been told that the call is over."""
        return self._stage is _Stage.OVER

    @property
    def pending(self) -> bool:
        """Whether it waits for the peer's machine, and not for somebody to take up or lay down the phone."""
        if self._stage in (_Stage.ANSWERED, _Stage.OVER):
            return False
        return self._stage is not _Stage.PROCEEDING or self._told is None

    def start(self) -> None:
        """Send the INVITE."""
        self._transaction = self._layer.request(self.invite, self.peer, self)

    def take_over(self, dialog: Dialog | None) -> None:
        """End a call that an earlier run began: hang it up if it is known to be answered, cancel it otherwise."""
        self._ending = (True, None)
        if dialog is not None:
            self.dialog = dialog
            self._hang_up(None)
            return
        self._transaction = self._layer.resume(self.invite, self.peer, self)
        self._cancel()

    def unmake(self) -> None:
        """Take the INVITE back before it is sent."""
        if self._transaction is not None:
            self._layer.forget(self._transaction)
            self._layer.data_to_send()
            self._stage = _Stage.OVER

    # What the user does.

    def end(self, cause: int | None) -> None:
        """End the call as its stage allows."""
        if self._ending[0] or self.over:
            return
        self._ending = (True, cause)
        if self._stage is _Stage.PROCEEDING:
            self._cancel()
        elif self._stage is _Stage.ANSWERED:
            self._hang_up(cause)

    # What comes of our requests.

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """Take a response to the INVITE, or to the BYE or CANCEL that followed."""
        if response.status in CHALLENGES and self._prove(transaction, response):
            return
        if transaction.request.method == "INVITE":
            if response.status < 200:
                self._on_provisional(response)
            elif response.status < 300:
                self._on_success(response)
            else:
                self._on_refusal(response)
        elif transaction.request.method == "BYE" and response.status >= 200 and self._stage is _Stage.HANGING_UP:
            self._over(200, None, answered=True)
        elif transaction.request.method == "CANCEL" and response.status == 481 and self._stage is _Stage.CANCELLED:
            # The callee knows of no call. Should it be answered nevertheless, that is hung up for as long as 9.1 says.
            self._over(481, None)
            self._layer.schedule.set(self, self._layer.now + self._layer.timers.patience)

    def on_failure(self, transaction: ClientTransaction, status: int) -> None:
        """The peer said nothing in time, or cannot be reached."""
        if transaction.request.method == "INVITE":
            self._over(status, None)
        elif transaction.request.method == "BYE" and self._stage is _Stage.HANGING_UP:
            self._over(200, None, answered=True)
        elif transaction.request.method == "CANCEL" and status == 503:
            self._give_up(503)

    def handle_deadline(self) -> None:
        """Give up an INVITE that is cancelled and whose final response does not come (9.1)."""
        self._give_up(408)

    def _on_provisional(self, response: Response) -> None:
        if self._stage is _Stage.CALLING:
            self._stage = _Stage.PROCEEDING
            if self._ending[0]:
                self._cancel()
        progress = Progress(self.name, response.status, response.has_media)
        if response.status > 100 and self._stage is not _Stage.OVER and progress != self._told:
            self._told = progress
            self._tell(progress)

    def _on_refusal(self, response: Response) -> None:
        cause, moved_to = read_cause(response.headers.getlist("Reason")), None
        if response.status < 400:
            with suppress(ValueError):
                moved_to = clean(user_of(contact_of(response, ""))) or None
        self._over(response.status, cause, by_peer=not self._ending[0], moved_to=moved_to)

    def _on_success(self, response: Response) -> None:
        """Acknowledge each 2xx each time it comes (13.2.2.4); take the first phone's, and hang up all others."""
        tag = response.callee.tag
        if tag in self._acks:
            self._layer.send(*self._acks[tag])
            return
        dialog = as_caller(self.invite, response, self.peer)
        self._acknowledge(dialog)
        if self._stage in (_Stage.ANSWERED, _Stage.HANGING_UP, _Stage.OVER):
            self._bye(dialog, None)
            return
        self.dialog = dialog
        if self._ending[0]:
            self._hang_up(self._ending[1])
        else:
            self._stage = _Stage.ANSWERED
            self._tell(Answered(self.name))

    def _prove(self, transaction: ClientTransaction, response: Response) -> bool:
        """Send a request that was challenged again with our credentials; return whether it was (22.2, 22.3)."""
        method = transaction.request.method
        may = method == "BYE" or (method == "INVITE" and not self._ending[0])  # a CANCEL has no credentials (22.1)
        if self._credentials is None or not may or self._challenges >= MOST_CHALLENGES:
            return False
        request = proven(transaction.request, response, self._credentials, self._layer.token(16))
        if request is None:
            return False
        self._challenges += 1
        request.headers.set("Via", self._layer.via(transaction.peer))
        sent = self._layer.request(request, transaction.peer, self)
        if method == "INVITE":
            self.invite, self._transaction, self._stage = request, sent, _Stage.CALLING
            self._tell(SentAgain(self.name))
        return True

    def _acknowledge(self, dialog: Dialog) -> None:
        ack = dialog.request("ACK", sequence=self.invite.cseq.sequence)
        copy(self.invite, ack, *(field for _, field in CHALLENGES.values()))  # an ACK cannot be challenged (13.2.2.4)
        hop = dialog.next_hop()
        ack.headers.set("Via", self._layer.via(hop))
        self._acks[dialog.remote_tag] = (hop, bytes(ack))
        self._layer.send(hop, bytes(ack))

    # What the peer asks for.

    def on_bye(self, transaction: ServerTransaction) -> None:
        """The peer hangs up."""
        request = transaction.request
        self._layer.reply(transaction, response_to(request, 200, self.tag))
        self._over(200, read_cause(request.headers.getlist("Reason")), answered=True, by_peer=True)

    # Ending.

    def _give_up(self, status: int) -> None:
        if self._stage in (_Stage.CANCELLED, _Stage.OVER):
            if self._transaction is not None:
                self._layer.forget(self._transaction)
            self._over(status, None)

    def _cancel(self) -> None:
        self._stage = _Stage.CANCELLED
        request = cancel(self.invite)
        request.explain(self._ending[1])
        self._layer.request(request, self.peer, self)
        self._layer.schedule.set(self, self._layer.now + self._layer.timers.patience)

    def _hang_up(self, cause: int | None) -> None:
        self._stage = _Stage.HANGING_UP
        self._layer.schedule.set(self, None)
        if self.dialog is not None:
            self._bye(self.dialog, cause)

    def _bye(self, dialog: Dialog, cause: int | None) -> None:
        self._layer.request(*dialog.bye(cause, self._layer.via), self)

    def _over(
        self,
        status: int,
        cause: int | None,
        *,
        answered: bool = False,
        by_peer: bool = False,
        moved_to: str | None = None,
    ) -> None:
        if self._stage is _Stage.OVER:
            return
        self._stage = _Stage.OVER
        self._layer.schedule.set(self, None)
        self._tell(Ended(self.name, status, cause, answered, by_peer, moved_to))


def invite_for(
    invitation: Invitation, peer: Peer, layer: Transactions, *, expires: int | None, branch: str | None = None
) -> Request:
    """Return the INVITE that says what `invitation` says."""
    tcp = peer.transport == "tcp"
    local, token = layer.local, layer.token
    called = sip_uri(invitation.called, peer.host, peer.port)
    request = Request("INVITE", called + (";transport=tcp" if tcp else ""))
    headers = request.headers
    headers.set("Via", layer.via(peer, branch))
    headers.set("Max-Forwards", str(invitation.max_forwards))
    headers.set("From", f"{_caller(invitation, local)};tag={token(12)}")
    headers.set("To", f"<{sip_uri(invitation.called, peer.host, peer.port)}>")
    headers.set("Call-ID", token(24))
    headers.set("CSeq", "1 INVITE")
    headers.set("Contact", f"<{sip_uri('', local.host, local.port, tcp=tcp)}>")
    headers.set("Allow", ALLOW)
    if expires is not None:
        headers.set("Expires", str(expires))
    if invitation.asserted:
        headers.set("P-Asserted-Identity", f"<{sip_uri(invitation.asserted, local.host)}>")
    if invitation.private:
        headers.set("Privacy", "id")
    if invitation.identity:
        headers.set("Identity", invitation.identity)
    for name, value in invitation.headers.items():
        headers.set(name, value)
    headers.set("Content-Type", "application/sdp")
    request.body = sdp.offer(local.host)
    return request


def _caller(invitation: Invitation, local: Peer) -> str:
    name = f"{quoted(invitation.display_name)} " if invitation.display_name else ""
    if invitation.caller == ANONYMOUS:
        return (name or '"Anonymous" ') + ANONYMOUS_ADDRESS
    return f"{name}<{sip_uri(invitation.caller, local.host)}>"


def proven(request: Request, response: Response, credentials: Credentials, cnonce: str) -> Request | None:
    """Return a request once more, still with its old Via, with the credentials that a 401 or 407 asks for.

    None if they cannot be given, or have been and are wrong.
    """
    challenge, field = CHALLENGES[response.status]
    challenges, again = response.headers.getlist(challenge), request.headers.get(field) is not None
    proof = authorization(challenges, credentials, request.method, request.uri, cnonce, again=again)
    if proof is None:
        return None
    once_more = Request(request.method, request.uri, body=request.body)
    copy(request, once_more, *request.headers.keys())
    once_more.headers.set("CSeq", f"{request.cseq.sequence + 1} {request.method}")
    once_more.headers.set(field, proof)
    return once_more
