"""A call that we take: the responses to its INVITE, the 2xx until its ACK comes, and BYE."""

import re
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto

from smsc_emulator.sip import sdp
from smsc_emulator.sip.calls import Answered, CallEvent, Ended, Invitation
from smsc_emulator.sip.dialogs import Dialog, as_callee
from smsc_emulator.sip.fields import ANONYMOUS, clean, read_cause, read_party, sip_uri, user_of
from smsc_emulator.sip.layer import ClientTransaction, ServerTransaction, Transactions
from smsc_emulator.sip.messages import Request, Response
from smsc_emulator.sip.outgoing import ALLOW
from smsc_emulator.sip.respond import response_to

_NUMBER = re.compile(r"[+]?[0-9][0-9().-]*\Z")
"""A user that is a number, with what RFC 3966 (5.1.1) lets stand between digits."""


class _Stage(Enum):
    RINGING = auto()
    ANSWERED = auto()
    """The 2xx is sent and repeated until its ACK comes (13.3.1.4)."""
    CONFIRMED = auto()
    HANGING_UP = auto()
    OVER = auto()


class IncomingCall:
    """One INVITE that came to us, and what comes of it."""

    def __init__(
        self, name: str, transaction: ServerTransaction, layer: Transactions, tell: Callable[[CallEvent], None]
    ):
        self.name = name
        self.tag = layer.token(12)
        self.invite = transaction.request
        self.dialog: Dialog = as_callee(self.invite, self.tag, transaction.source)
        self.transaction = transaction
        self._layer = layer
        self._tell = tell
        self._stage = _Stage.RINGING
        self._provisional: Response | None = None
        self._repeat_at: float | None = None
        self._interval = 0.0
        self._give_up_at: float | None = None
        self._ending: tuple[bool, int | None] = (False, None)
        self._plan_expiry()

    @property
    def over(self) -> bool:
        """Whether it has been told that the call is over."""
        return self._stage is _Stage.OVER

    @property
    def pending(self) -> bool:
        """Whether it waits for the peer's machine: for an ACK, or for the answer to a BYE."""
        return self._stage in (_Stage.ANSWERED, _Stage.HANGING_UP)

    # What the user does.

    def progress(self, status: int, *, early_media: bool) -> None:
        """Send a provisional response."""
        if self._stage is _Stage.RINGING:
            self._provisional = self._response(status, media=early_media)
            self._layer.reply(self.transaction, self._provisional)
            self._repeat_at = self._layer.now + self._layer.timers.keep_alive
            self._plan()

    def answer(self) -> None:
        """Send 200, again and again until its ACK comes."""
        if self._stage is not _Stage.RINGING:
            return
        self._stage = _Stage.ANSWERED
        self._provisional = self._response(200, media=True)
        self._layer.reply(self.transaction, self._provisional)
        self._interval = self._layer.timers.t1
        self._repeat_at = self._layer.now + self._interval
        self._give_up_at = self._layer.now + self._layer.timers.patience
        self._plan()

    def end(self, status: int, cause: int | None) -> None:
        """Refuse the call, or hang it up; before the ACK has come a BYE must wait (15)."""
        if self._stage is _Stage.RINGING:
            self._refuse(status, cause)
            self._over(status, cause)
        elif self._stage is _Stage.ANSWERED:
            self._ending = (True, cause)
        elif self._stage is _Stage.CONFIRMED:
            self._hang_up(cause)

    # What the peer does.

    def on_cancel(self, request: Request) -> None:
        """The caller gives up; after a final response that has no effect (9.2)."""
        if self._stage is _Stage.RINGING:
            self._refuse(487, None)
            self._over(487, read_cause(request.headers.getlist("Reason")), by_peer=True)

    def on_ack(self) -> None:
        """The caller has got our 2xx."""
        if self._stage is not _Stage.ANSWERED:
            return
        self._stage = _Stage.CONFIRMED
        self._repeat_at = self._give_up_at = None
        self._plan()
        if self._ending[0]:
            self._hang_up(self._ending[1])
        else:
            self._tell(Answered(self.name))

    def on_bye(self, transaction: ServerTransaction) -> None:
        """The caller hangs up; he may do so before the call is answered (15.1.2)."""
        request = transaction.request
        cause = read_cause(request.headers.getlist("Reason"))
        self._layer.reply(transaction, response_to(request, 200, self.tag))
        if self._stage is _Stage.RINGING:
            self._refuse(487, None)
            self._over(487, cause, by_peer=True)
        else:
            self._over(200, cause, answered=True, by_peer=True)

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """Take the answer to our BYE."""
        if response.status >= 200:
            self._over(200, None, answered=True)

    def on_failure(self, transaction: ClientTransaction, status: int) -> None:
        """Our BYE was not answered."""
        self._over(200, None, answered=True)

    # Time.

    def handle_deadline(self) -> None:
        """Repeat a response, or give up."""
        now = self._layer.now
        if self._give_up_at is not None and self._give_up_at <= now:
            self._give_up()
        elif self._repeat_at is not None and self._repeat_at <= now:
            self._repeat()
        self._plan()

    def _give_up(self) -> None:
        self._give_up_at = self._repeat_at = None
        if self._stage is _Stage.RINGING:  # the time in its Expires is up (13.3.1)
            self._refuse(487, None)
            self._over(487, None, by_peer=True)
        else:
            self._hang_up(self._ending[1])

    def _repeat(self) -> None:
        if self._provisional is not None:
            self._layer.reply(self.transaction, self._provisional)
        if self._stage is _Stage.ANSWERED:
            self._interval = min(self._interval * 2, self._layer.timers.t2)
            self._repeat_at = self._layer.now + self._interval
        else:
            self._repeat_at = self._layer.now + self._layer.timers.keep_alive

    def _plan(self) -> None:
        due = [at for at in (self._repeat_at, self._give_up_at) if at is not None]
        self._layer.schedule.set(self, min(due, default=None))

    def _plan_expiry(self) -> None:
        seconds = self.invite.number("Expires", 0)
        if seconds:
            self._give_up_at = self._layer.now + seconds
            self._plan()

    # Sending.

    def _response(self, status: int, *, media: bool = False) -> Response:
        response = response_to(self.invite, status, self.tag)
        local = self._layer.local
        tcp = self.transaction.peer.transport == "tcp"
        response.headers.set("Contact", f"<{sip_uri('', local.host, local.port, tcp=tcp)}>")
        if status >= 200:
            response.headers.set("Allow", ALLOW)
        if media:
            response.headers.set("Content-Type", "application/sdp")
            response.body = sdp.answer(local.host, self.invite.body if self.invite.has_media else b"")
        return response

    def _refuse(self, status: int, cause: int | None) -> None:
        response = response_to(self.invite, status, self.tag)
        response.explain(cause)
        self._layer.reply(self.transaction, response)

    def _hang_up(self, cause: int | None) -> None:
        self._stage = _Stage.HANGING_UP
        self._layer.request(*self.dialog.bye(cause, self._layer.via), self)

    def _over(self, status: int, cause: int | None, *, answered: bool = False, by_peer: bool = False) -> None:
        if self._stage is _Stage.OVER:
            return
        self._stage = _Stage.OVER
        self._repeat_at = self._give_up_at = None
        self._plan()
        self._tell(Ended(self.name, status, cause, answered, by_peer))


def invitation_of(invite: Request) -> Invitation:
    """Return what an INVITE says. Raises ValueError."""
    privacy = {word.strip().lower() for value in invite.headers.getlist("Privacy") for word in re.split("[;,]", value)}
    return Invitation(
        caller=_caller_of(invite.caller.uri),
        called=clean(user_of(invite.uri)),
        asserted=_asserted(invite),
        private=bool(privacy & {"id", "user"}),
        display_name=clean(invite.caller.name),
        identity=invite.headers.get("Identity"),
        headers={name: value for name, value in invite.fields() if name.lower().startswith("x-")},
        max_forwards=invite.number("Max-Forwards", 70) - 1,
    )


def _caller_of(uri: str) -> str:
    """Return the user in From; the domain of RFC 3323, 4.1.1.3, makes whoever is in it anonymous."""
    user = clean(user_of(uri))
    anonymous = user.lower() == ANONYMOUS or re.search(r"@anonymous\.invalid\b", uri, re.IGNORECASE)
    return ANONYMOUS if anonymous else user


def _asserted(invite: Request) -> str | None:
    """Return who the network says is calling: of a sip: and a tel: URI (RFC 3325, 9.1) the one with a number.

    What cannot be read vouches for nobody.
    """
    users = []
    for value in invite.list_of("P-Asserted-Identity"):
        with suppress(ValueError):
            users.append(clean(user_of(read_party(value).uri)))
    return next((user for user in users if _NUMBER.match(user)), next(filter(None, users), None))
