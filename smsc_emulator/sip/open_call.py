"""What must be known of an outgoing call to end it after the process that made it is gone.

The number that called is not among it: it may be a code. So a CANCEL that is made of this has an anonymous From with
the tag of the INVITE, where RFC 3261, 9.1 wants the same From; transactions and dialogs are told by branch and tags.
"""

from smsc_emulator.frozen import frozen
from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.dialogs import Dialog
from smsc_emulator.sip.fields import ANONYMOUS_ADDRESS
from smsc_emulator.sip.messages import Request


@frozen
class Answer:
    """The dialog of a call that was answered."""

    remote: str
    """To, with the tag of who answered."""
    target: str
    routes: tuple[str, ...]


@frozen
class OpenCall:
    """A call that is under way."""

    call: str
    peer: Peer
    uri: str
    via: str
    called: str
    """To, without a tag."""
    tag: str
    """Our tag."""
    call_id: str
    answer: Answer | None = None
    sequence: int = 1
    """The CSeq of the INVITE."""

    def invite(self) -> Request:
        """Return the INVITE as far as it matters for a CANCEL and an ACK."""
        request = Request("INVITE", self.uri)
        for name, value in (
            ("Via", self.via),
            ("From", f"{ANONYMOUS_ADDRESS};tag={self.tag}"),
            ("To", self.called),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.sequence} INVITE"),
        ):
            request.headers.set(name, value)
        return request

    def dialog(self, local: str) -> Dialog | None:
        """Return the dialog, if the call was answered; `local` is our From."""
        if self.answer is None:
            return None
        return Dialog(
            call_id=self.call_id,
            local=local,
            remote=self.answer.remote,
            remote_tag="",
            target=self.answer.target,
            routes=list(self.answer.routes),
            peer=self.peer,
            sequence=self.sequence,
        )


@frozen
class SentAgain:
    """The INVITE of a call is sent again as another transaction: what is known of the call must be written anew."""

    call: str


def open_call(name: str, invite: Request, peer: Peer, dialog: Dialog | None) -> OpenCall:
    """Return what must be known of a call."""
    answer = None if dialog is None else Answer(dialog.remote, dialog.target, tuple(dialog.routes))
    via, to, call_id = invite.vias[0], invite.headers["To"], invite.call_id
    return OpenCall(name, peer, invite.uri, via, to, invite.caller.tag, call_id, answer, invite.cseq.sequence)
